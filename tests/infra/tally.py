"""Small views for tests of the machinery, with their stores on real servers: which events a customer had."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import redis.asyncio as aioredis

from app import bootstrap
from app.infra import generations
from app.infra.db import PROJECTION_ROLE, QUERY_ROLE, Pool, open_pool
from app.infra.freshness import ReadModels
from app.infra.hints import VIEWS, HintListener
from app.infra.leases import Lease, Leases, ShardId
from app.infra.redis_views import RedisView
from app.infra.server_lives import ServerLives
from app.infra.table_views import Progress, TableView
from app.infra.tables import Stored, Table
from app.kernel.clock import now
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import Change, Entity, Key, Ranked, View, own_key
from tests.support.installation import Installation
from write_model.customers.events import AddressChanged


class Tally(Struct, frozen=True, kw_only=True):
    customer_id: UUID
    positions: tuple[int, ...]


def evolve(tally: Tally | None, recorded: Recorded[Any], key: Key) -> Tally:
    before = tally.positions if tally else ()
    return Tally(customer_id=UUID(str(key)), positions=(*before, recorded.position))


VIEW = View(name="tally", row=Tally, handles=(AddressChanged,), keys=own_key, evolve=evolve, documents=True)


class Mover(Struct, frozen=True, kw_only=True):
    """The entity beneath REMEMBERED: how often a customer moved."""

    customer_id: UUID
    moves: int


def _moved(mover: Mover | None, recorded: Recorded[Any]) -> Mover:
    return Mover(customer_id=recorded.aggregate_id, moves=mover.moves + 1 if mover else 1)


def _of_change(tally: Tally | None, change: Change[Mover], key: Key) -> Tally:
    return evolve(tally, change.recorded, key)


REMEMBERED = View(
    name="remembered",
    row=Tally,
    handles=(AddressChanged,),
    keys=lambda change: own_key(change.recorded),
    evolve=_of_change,
    entity=Entity(name="movers", row=Mover, handles=(AddressChanged,), evolve=_moved),
)


class Places(Struct, frozen=True, kw_only=True):
    """A name, and its score in each sorted set."""

    name: str
    scores: Mapping[str, float]


def _rankings(places: Places) -> Iterator[Ranked]:
    for ranking, score in places.scores.items():
        yield Ranked(ranking, places.name, score)


def _placed(_: Places | None, recorded: Recorded[Any], key: Key) -> Places:
    return Places(name=str(key), scores={"moved": recorded.version})


RANKED = View(
    name="places",
    row=Places,
    handles=(AddressChanged,),
    keys=lambda recorded: (str(recorded.aggregate_id),),
    evolve=_placed,
    rankings=_rankings,
)


@dataclass
class Workshop:
    """A view's table and what it has in Redis, and workers that come and go."""

    made: Installation
    pool: Pool
    redis: aioredis.Redis
    prefix: str
    view: View[Any]
    table: TableView[Any]
    documents: RedisView[Any]

    async def clear(self) -> None:
        """Back to the beginning, but for the epochs."""
        connection = await asyncpg.connect(self.made.database_url)
        tables = [self.table.table, *([self.table.entities.table] if self.table.entities else [])]
        await connection.execute(f"truncate {', '.join(tables)}")
        await connection.execute(
            "update read.checkpoints set position = 0, head = 0, lease_until = null where view = $1", self.view.name
        )
        await connection.close()
        await self.redis.flushall()

    async def hire(self, owner: str) -> Lease:
        """The next owner of the shard; whoever had it is taken for dead."""
        await self.pool.execute("update read.checkpoints set lease_until = null where view = $1", self.view.name)
        lease = await Leases(self.pool, owner).acquire(ShardId(self.view.name, 1, 0))
        assert lease is not None
        return lease

    async def checkpoint(self) -> int:
        found: int = await self.pool.fetchval("select position from read.checkpoints where view = $1", self.view.name)
        return found

    async def rows(self) -> dict[Key, Stored[Any]]:
        return await self._contents(self.table)

    async def entities(self) -> dict[Key, Stored[Any]]:
        assert self.table.entities is not None
        return await self._contents(self.table.entities)

    async def _contents(self, table: Table[Any]) -> dict[Key, Stored[Any]]:
        rows = await self.pool.fetch(f"select {table.selected} from {table.table} present")
        return {row[table.key]: table.stored(row) for row in rows}

    async def ranked(self) -> dict[str, dict[str, float]]:
        """Every sorted set of the view that is not a union of others, by name."""
        base = f"{self.prefix}:{self.view.name}:1:rank:"
        keys = [key.decode() async for key in self.redis.scan_iter(f"{base}*")]
        sets = {key.removeprefix(base): await self.redis.zrange(key, 0, -1, withscores=True) for key in keys}
        return {name: {member.decode(): score for member, score in members} for name, members in sets.items()}


def row(key: UUID, *positions: int) -> dict[Key, Stored[Tally]]:
    """A row as the view leaves it after these positions."""
    return {key: Stored(Tally(customer_id=key, positions=positions), len(positions), positions[-1])}


def places(name: str, position: int, **scores: float) -> dict[Key, Stored[Places]]:
    """A name with its places, as the event at this position leaves it."""
    return {name: Stored(Places(name=name, scores=scores), 1, position)}


def progress(lease: Lease, start: int, upto: int) -> Progress:
    return Progress(shard=0, epoch=lease.epoch, start=start, upto=upto, head=upto, event_at=now())


@asynccontextmanager
async def workshops(made: Installation, *views: View[Any]) -> AsyncIterator[dict[str, Workshop]]:
    """One for each view, by its name."""
    connection = await asyncpg.connect(made.database_url)
    await generations.create_missing(connection, views)
    prefix = bootstrap.prefix_of(await connection.fetchval("select log_id from read.log"))
    await connection.close()
    async with (
        await open_pool(made.database_url, PROJECTION_ROLE, size=4) as pool,
        bootstrap.open_redis(made.redis_url) as redis,
    ):
        tables = {view.name: TableView(view, 1) for view in views}
        yield {
            name: Workshop(made, pool, redis, prefix, table.view, table, RedisView(redis, prefix, table))
            for name, table in tables.items()
        }


def merged(rows: Sequence[Mapping[Key, Stored[Any]]]) -> dict[Key, Stored[Any]]:
    return {key: stored for each in rows for key, stored in each.items()}


@asynccontextmanager
async def reading(shop: Workshop, size: int) -> AsyncIterator[tuple[Pool, ServerLives, ReadModels]]:
    """A process that reads the view's flat table over `size` connections, and knows each life of its server."""
    lives = ServerLives()
    async with await open_pool(shop.made.database_url, QUERY_ROLE, size=size, greet=lives.greet) as pool:
        lives.of(pool)
        hints = HintListener(shop.redis, shop.prefix, VIEWS)
        yield pool, lives, ReadModels(pool, {VIEW.name: shop.table}, {}, hints, lives)
