"""A small view for tests of the machinery, with its stores on real servers: which events a customer had."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import redis.asyncio as aioredis

from app import bootstrap
from app.infra import generations
from app.infra.db import PROJECTION_ROLE, Pool, open_pool
from app.infra.leases import Lease, Leases, ShardId
from app.infra.redis_views import RedisView
from app.infra.table_views import Progress, TableView
from app.infra.tables import Stored
from app.kernel.clock import now
from app.kernel.messages import Recorded
from app.kernel.view import Key, View, own_key
from tests.support.installation import Installation
from write_model.customers.events import AddressChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    customer_id: UUID
    positions: tuple[int, ...]


def evolve(tally: Tally | None, recorded: Recorded[Any], key: UUID) -> Tally:
    before = tally.positions if tally else ()
    return Tally(customer_id=key, positions=(*before, recorded.position))


VIEW = View(name="tally", row=Tally, handles=(AddressChanged,), keys=own_key, evolve=evolve, documents=True)


@dataclass
class Workshop:
    """The view's table and documents, and workers that come and go."""

    made: Installation
    pool: Pool
    redis: aioredis.Redis
    table: TableView[Tally]
    documents: RedisView[Tally]

    async def clear(self) -> None:
        """Back to the beginning, but for the epochs."""
        connection = await asyncpg.connect(self.made.database_url)
        await connection.execute(f"truncate {self.table.table}")
        await connection.execute("update read.checkpoints set position = 0, lease_until = null where view = 'tally'")
        await connection.close()
        await self.redis.flushall()

    async def hire(self, owner: str) -> Lease:
        """The next owner of the shard; whoever had it is taken for dead."""
        await self.pool.execute("update read.checkpoints set lease_until = null where view = 'tally'")
        lease = await Leases(self.pool, owner).acquire(ShardId("tally", 1, 0))
        assert lease is not None
        return lease

    async def checkpoint(self) -> int:
        found: int = await self.pool.fetchval("select position from read.checkpoints where view = 'tally'")
        return found

    async def rows(self) -> dict[Key, Stored[Tally]]:
        rows = await self.pool.fetch(f"select {self.table.selected} from {self.table.table} present")
        return {row["customer_id"]: self.table.stored(row) for row in rows}


def row(key: UUID, *positions: int) -> dict[Key, Stored[Tally]]:
    """A row as the view leaves it after these positions."""
    return {key: Stored(Tally(customer_id=key, positions=positions), len(positions), positions[-1])}


def progress(lease: Lease, start: int, upto: int) -> Progress:
    return Progress(shard=0, epoch=lease.epoch, start=start, upto=upto, head=upto, event_at=now())


@asynccontextmanager
async def workshop(made: Installation) -> AsyncIterator[Workshop]:
    connection = await asyncpg.connect(made.database_url)
    await generations.create_missing(connection, [VIEW])
    prefix = bootstrap.prefix_of(await connection.fetchval("select log_id from read.log"))
    await connection.close()
    async with (
        await open_pool(made.database_url, PROJECTION_ROLE, size=4) as pool,
        bootstrap.open_redis(made.redis_url) as redis,
    ):
        table = TableView(VIEW, 1)
        yield Workshop(made, pool, redis, table, RedisView(redis, prefix, table))


def merged(rows: Sequence[dict[Key, Stored[Tally]]]) -> dict[Key, Stored[Tally]]:
    return {key: stored for each in rows for key, stored in each.items()}
