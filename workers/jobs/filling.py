"""Filling one shard of a generation that nobody reads yet with what the log holds: in large steps, each row once.

The log is read in stretches below a horizon, where no gap can be filled any more. What they change is kept in memory
until it is a batch, so a row is written once for all the events of the batch, and the batch with the checkpoint in one
transaction: whoever comes after a crash goes on from the last one. Rows that were written stay in memory as long as
there is room.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any, Generic, TypeVar

import asyncpg
import structlog
from redis.exceptions import RedisError

from app.garbage import growing
from app.infra.dead_letters import blames_the_event
from app.infra.filled_tables import FilledTables
from app.infra.leases import Lease
from app.infra.log_past import LogPast
from app.infra.redis_views import Lost, RedisView
from app.infra.table_views import Fenced, Progress
from app.infra.tables import Stored, Table
from app.kernel.pulse import Pulse
from app.kernel.view import Key
from workers.ending import end
from workers.jobs.fill_batch import AT_ONCE, FillBatch, Taken
from workers.jobs.parking import Parking
from workers.jobs.shard import RENEW_S
from workers.jobs.shared import Shared, Stores

Row = TypeVar("Row")

_log = structlog.get_logger()

NEAR = 2_000
"""Positions behind the end of the log from where on the ordinary way of projecting is as good."""

_FOR_INDEXES = 10 * NEAR
"""How far behind the end of the log the hindmost shard may be when the indexes are made."""

_WAIT_S = 0.1
"""How long to wait for the other shards of the generation before looking again."""


class ShardFiller(Generic[Row]):
    """Takes the log from the shard's checkpoint on to near its end, until the generation has its indexes."""

    def __init__(self, stores: Stores[Row], shared: Shared, past: LogPast, lease: Lease) -> None:
        self._stores, self._leases, self._past, self._lease = stores, shared.leases, past, lease
        self._shard = lease.shard_id.shard
        self._projections, view = shared.projections, stores.table.view.name
        by = stores.table.view.sequenced_by
        self._parking = Parking(stores.pool, lease.shard_id, shared.parked_at_most, by)
        tally = shared.projections.of(view, self._shard)
        self._batch = FillBatch(stores, shared.catalog, self._shard, self._parking, tally)
        self._tables = FilledTables(stores.pool, stores.table)
        self._position = self._given = self._stored = self._head = lease.position
        self._mirror: RedisView[Row] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._pulse: Pulse

    async def run(self) -> Lease:
        """Fills. Returns the lease, at the position where the shard stands then.

        Raises Fenced when it is lost, and TooManyDeadLetters.
        """
        with growing(), self._projections.holding(self._lease.shard_id.view, self._shard) as self._pulse:
            await self._fill_while_leased()
        return Lease(self._lease.shard_id, self._lease.epoch, self._stored)

    async def _fill_while_leased(self) -> None:
        tasks = [asyncio.create_task(self._keep_lease()), asyncio.create_task(self._fill())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end([*tasks, *([self._writing] if self._writing else [])])
        for task in done:
            task.result()

    async def _keep_lease(self) -> None:
        while await self._leases.renew(self._lease, head=self._head):  # noqa: ASYNC110 - a lease runs out by itself
            await asyncio.sleep(RENEW_S)
        raise Fenced(f"the lease on {self._lease.shard_id} is lost")

    async def _fill(self) -> None:
        await self._parking.load()
        self._mirror = await self._claimed_redis()
        while True:
            self._head = horizon = await self._past.horizon()
            if horizon - self._position > NEAR:
                await self._fill_up_to(horizon)
            elif await self._index(horizon):
                return
            else:
                await asyncio.sleep(_WAIT_S)

    async def _index(self, horizon: int) -> bool:
        """Whether there are indexes now. To make them takes as long as it takes."""
        self._pulse.rest()
        try:
            return await self._tables.index(horizon - _FOR_INDEXES)
        finally:
            self._pulse.beat()

    async def _fill_up_to(self, horizon: int) -> None:
        """Should a batch be impossible to write, it is written event by event, to find out because of which."""
        try:
            async with aclosing(self._past.between(self._position, horizon)) as stretches:
                async for past in stretches:
                    await self._batch.fold(past.of(self._stores.table.view, self._shard))
                    self._pulse.beat()
                    self._position = past.upto
                    if self._batch.is_full:
                        await self._flush()
            await self._flush()
            await self._written()
        except Exception as error:
            if not blames_the_event(error):
                raise
            reached = self._position
            await self._start_over()
            await self._fill_singly(reached)

    async def _fill_singly(self, upto: int) -> None:
        async with aclosing(self._past.between(self._position, upto)) as stretches:
            async for past in stretches:
                for row in past.of(self._stores.table.view, self._shard):
                    await self._attempt(row)
                await self._flush_at(past.upto)

    async def _attempt(self, row: asyncpg.Record) -> None:
        try:
            await self._batch.fold([row])
            await self._flush_at(row["position"])
        except Exception as error:
            if not blames_the_event(error):
                raise
            await self._start_over()
            self._batch.park(row, error)
            await self._flush_at(row["position"])

    async def _flush_at(self, position: int) -> None:
        self._pulse.beat()
        self._position = position
        await self._flush()
        await self._written()

    async def _start_over(self) -> None:
        """From where the shard was written last."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
            self._writing = None
        self._batch.forget()
        await self._parking.load()
        self._position = self._given = self._stored

    async def _flush(self) -> None:
        """Begins to write the batch, once the one before is written."""
        await self._written()
        taken, parked = self._batch.take(), bool(self._parking.sequences)
        way = self._given, self._position, self._head, taken.event_at, parked
        self._writing = asyncio.create_task(self._write(Progress(self._shard, self._lease.epoch, *way), taken))
        self._given = self._position

    async def _written(self) -> None:
        """Waits for what is being written. Raises what came of it."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def _write(self, progress: Progress, taken: Taken[Row]) -> None:
        table = self._stores.table
        rows = await _documents(table, taken.rows)
        entities = await _documents(table.entities, taken.entities) if table.entities else []
        await self._tables.write(progress, (rows, entities), self._parking.letters, taken.letters)
        self._stored = progress.upto
        self._batch.wrote(rows, entities)
        await self._show(progress, taken.rows, rows)

    async def _show(self, progress: Progress, rows: Mapping[Key, Stored[Row]], documents: Sequence[bytes]) -> None:
        """Brings Redis after the table. What it lacks when this is over, it is given by the ordinary way."""
        if self._mirror is None:
            return
        try:
            await self._mirror.fill(progress, rows, documents, frozenset(self._parking.sequences))
        except (Lost, RedisError, OSError) as error:
            _log.warning("redis left behind", view=self._lease.shard_id.view, shard=self._shard, error=str(error))
            self._mirror = None

    async def _claimed_redis(self) -> RedisView[Row] | None:
        """What the view has in Redis, brought to where the table stands; None while that is out of reach."""
        documents = self._stores.documents
        if documents is None:
            return None
        try:
            since = await documents.claim(self._shard, self._lease.epoch)
            if since != self._stored:
                await self._restore(documents, since)
        except (RedisError, OSError):
            return None
        return documents

    async def _restore(self, documents: RedisView[Row], since: int | None) -> None:
        since = since if since is not None and since < self._stored else None
        place = self._shard, self._lease.epoch, self._stored, since
        await documents.restore(self._stores.pool, *place, _others_turn, self._parking.sequences)


async def _others_turn() -> None:
    await asyncio.sleep(0)


async def _documents(table: Table[Any], rows: Mapping[Key, Stored[Any]]) -> list[bytes]:
    documents = list[bytes]()
    for stored in rows.values():
        documents.append(table.document(stored))
        if len(documents) % AT_ONCE == 0:
            await asyncio.sleep(0)
    return documents
