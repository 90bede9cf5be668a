"""Filling one shard of a generation that nobody reads yet with what the log holds: in large steps, each row once.

The log is read in stretches below a horizon, where no gap can be filled any more. What they change is kept in memory
until it is a batch, so a row is written once for all the events of the batch, and the batch with the checkpoint in one
transaction: whoever comes after a crash goes on from the last one. Rows that were written stay in memory as long as
there is room.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Generic, TypeVar

import asyncpg
import structlog
from redis.exceptions import RedisError

from app.infra.event_log import EventCatalog, recorded
from app.infra.filled_tables import FilledTables
from app.infra.folding import Subject, changes, evolved, newborn, touching
from app.infra.leases import Lease, Leases
from app.infra.log_past import LogPast, Past
from app.infra.redis_views import Lost, RedisView
from app.infra.table_views import Fenced, Progress
from app.infra.tables import Stored, Table
from app.kernel.messages import Event, Recorded
from app.kernel.view import Key, own_key
from workers.ending import end
from workers.jobs.filled_rows import FilledRows
from workers.jobs.shard import RENEW_S, Stores

Row = TypeVar("Row")

_log = structlog.get_logger()

NEAR = 2_000
"""Positions behind the end of the log from where on the ordinary way of projecting is as good."""

_FOR_INDEXES = 10 * NEAR
"""How far behind the end of the log the hindmost shard may be when the indexes are made."""

_AT_ONCE = 250
"""Events folded, or rows written down, before others get their turn: a few milliseconds of work."""

_BATCH_ROWS = 8_192
_BATCH_CHARACTERS = 24_000_000
_BATCH_S = 3.0
"""What a batch holds at most: changed rows, JSON of events, and seconds of work that would be lost with it."""

_WAIT_S = 0.1
"""How long to wait for the other shards of the generation before looking again."""


class ShardFiller(Generic[Row]):
    """Takes the log from the shard's checkpoint on to near its end, until the generation has its indexes."""

    def __init__(self, stores: Stores[Row], catalog: EventCatalog, past: LogPast, leases: Leases, lease: Lease) -> None:
        self._stores, self._catalog, self._leases, self._lease = stores, catalog, leases, lease
        self._view, self._shard, self._past = stores.table.view, lease.shard_id.shard, past
        self._by_id = self._view.keys is own_key and self._view.entity is None
        self._tables = FilledTables(stores.pool, stores.table)
        self._position = self._given = self._head = lease.position
        self._rows, self._entities = FilledRows[Any](), FilledRows[Any]()
        self._characters, self._began = 0, time.monotonic()
        self._event_at: datetime | None = None
        self._mirror: RedisView[Row] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def run(self) -> Lease:
        """Fills. Returns the lease, at the position where the shard stands then. Raises Fenced when it is lost."""
        tasks = [asyncio.create_task(self._keep_lease()), asyncio.create_task(self._fill())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end([*tasks, *([self._writing] if self._writing else [])])
        for task in done:
            task.result()
        return Lease(self._lease.shard_id, self._lease.epoch, self._position)

    async def _keep_lease(self) -> None:
        while await self._leases.renew(self._lease, head=self._head):  # noqa: ASYNC110 - a lease runs out by itself
            await asyncio.sleep(RENEW_S)
        raise Fenced(f"the lease on {self._lease.shard_id} is lost")

    async def _fill(self) -> None:
        self._mirror = await self._claimed_redis()
        while True:
            self._head = horizon = await self._past.horizon()
            if horizon - self._position > NEAR:
                await self._fill_up_to(horizon)
            elif await self._tables.index(horizon - _FOR_INDEXES):
                return
            else:
                await asyncio.sleep(_WAIT_S)

    async def _fill_up_to(self, horizon: int) -> None:
        async for past in self._past.between(self._position, horizon):
            await self._fold(past)
            if self._is_full():
                await self._flush()
        await self._flush()
        await self._written()

    async def _fold(self, past: Past) -> None:
        mine = past.rows if self._view.shards == 1 else [row for row in past.rows if self._is_mine(row)]
        for start in range(0, len(mine), _AT_ONCE):
            await self._fold_events([recorded(self._catalog, row) for row in mine[start : start + _AT_ONCE]])
            await asyncio.sleep(0)
        self._characters += sum([len(row["data"]) for row in mine])
        self._position = past.upto
        if mine:
            self._event_at = mine[-1]["recorded_at"]

    def _is_mine(self, row: asyncpg.Record) -> bool:
        """False for an event that touches no key of this shard, if that can be told before it is decoded."""
        return not self._by_id or self._view.shard_of(row["aggregate_id"]) == self._shard

    async def _fold_events(self, events: Sequence[Recorded[Event]]) -> None:
        touches = await self._touching(events)
        new = newborn(events) if self._by_id else frozenset()
        present = await self._present(self._rows, {key for _, key in touches}, new, self._stores.table)
        self._rows.change(evolved(self._view, touches, present))

    async def _touching(self, events: Sequence[Recorded[Event]]) -> Sequence[tuple[Subject, Key]]:
        if self._by_id:
            return [(event, event.aggregate_id) for event in events]
        return touching(self._view, self._shard, await self._seen(events))

    async def _seen(self, events: Sequence[Recorded[Event]]) -> Sequence[Subject]:
        entity, table = self._view.entity, self._stores.table.entities
        if entity is None or table is None:
            return events
        keys = {event.aggregate_id for event in events if type(event.event) in entity.handles}
        made, changed = changes(entity, events, await self._present(self._entities, keys, newborn(events), table))
        self._entities.change(changed)
        return made

    async def _present(
        self, rows: FilledRows[Any], keys: AbstractSet[Key], new: AbstractSet[Key], table: Table[Any]
    ) -> Mapping[Key, Stored[Any]]:
        known = rows.of(keys)
        missing = keys - known.keys() - new
        return known | await table.load(self._stores.pool, missing) if missing else known

    def _is_full(self) -> bool:
        return (
            max(len(self._rows), len(self._entities)) >= _BATCH_ROWS
            or self._characters >= _BATCH_CHARACTERS
            or time.monotonic() - self._began >= _BATCH_S
        )

    async def _flush(self) -> None:
        """Begins to write the batch, once the one before is written."""
        await self._written()
        progress = Progress(self._shard, self._lease.epoch, self._given, self._position, self._head, self._event_at)
        self._writing = asyncio.create_task(self._write(progress, self._rows.take(), self._entities.take()))
        self._given, self._characters, self._began = self._position, 0, time.monotonic()

    async def _written(self) -> None:
        """Waits for what is being written. Raises what came of it."""
        if self._writing is not None:
            await self._writing
            self._writing = None

    async def _write(
        self, progress: Progress, rows: Mapping[Key, Stored[Row]], entities: Mapping[Key, Stored[Any]]
    ) -> None:
        table = self._stores.table
        documents = await _documents(table, rows)
        beneath = await _documents(table.entities, entities) if table.entities else []
        await self._tables.write(progress, documents, beneath)
        self._rows.wrote(documents)
        self._entities.wrote(beneath)
        await self._show(progress, rows, documents)

    async def _show(self, progress: Progress, rows: Mapping[Key, Stored[Row]], documents: Sequence[bytes]) -> None:
        """Brings Redis after the table. What it lacks when this is over, it is given by the ordinary way."""
        if self._mirror is None:
            return
        try:
            await self._mirror.fill(progress, rows, documents)
        except (Lost, RedisError, OSError) as error:
            _log.warning("redis left behind", view=self._view.name, shard=self._shard, error=str(error))
            self._mirror = None

    async def _claimed_redis(self) -> RedisView[Row] | None:
        """What the view has in Redis, brought to where the table stands; None while that is out of reach."""
        documents = self._stores.documents
        if documents is None:
            return None
        try:
            since = await documents.claim(self._shard, self._lease.epoch)
            if since != self._position:
                await self._restore(documents, since)
        except (RedisError, OSError):
            return None
        return documents

    async def _restore(self, documents: RedisView[Row], since: int | None) -> None:
        since = since if since is not None and since < self._position else None
        place = self._shard, self._lease.epoch, self._position, since
        await documents.restore(self._stores.pool, *place, _others_turn)


async def _others_turn() -> None:
    await asyncio.sleep(0)


async def _documents(table: Table[Any], rows: Mapping[Key, Stored[Any]]) -> list[bytes]:
    documents = list[bytes]()
    for stored in rows.values():
        documents.append(table.document(stored))
        if len(documents) % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return documents
