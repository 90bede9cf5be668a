"""Projecting one shard of one view, for as long as its lease lasts."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from redis.exceptions import RedisError

from app.infra.db import Pool
from app.infra.folding import Subject, changes, evolved, newborn, touching
from app.infra.leases import Lease, Leases
from app.infra.log_tail import LogTail
from app.infra.redis_rounds import RedisRounds
from app.infra.redis_views import Lost, RedisView
from app.infra.stretches import Stretch
from app.infra.table_views import Fenced, Progress, TableView
from app.infra.tables import Stored, Table
from app.infra.writes import Writes
from app.kernel.messages import Event, Recorded
from app.kernel.view import Key, own_key
from workers.ending import end
from workers.jobs.rest import Rest, Resting

Row = TypeVar("Row")

_log = structlog.get_logger()

RENEW_S = 0.9
"""How often the lease is renewed where nothing moves: with every sweep of the tail, even if that comes early."""

_REMEMBERED_ROWS = 4_096


@dataclass(frozen=True)
class Stores(Generic[Row]):
    """Where a view is written: the flat table, and Redis above it for documents and rankings."""

    pool: Pool
    table: TableView[Row]
    documents: RedisView[Row] | None


@dataclass(frozen=True)
class Shared:
    """What all shards of a worker process have in common."""

    tail: LogTail
    leases: Leases
    writes: Writes
    rounds: RedisRounds
    rest: Rest


class ShardProjector(Generic[Row]):
    """Takes the log after the shard's checkpoint, folds, and writes rows and checkpoint together."""

    def __init__(self, stores: Stores[Row], shared: Shared, lease: Lease) -> None:
        self._stores, self._lease = stores, lease
        self._tail, self._leases, self._shared = shared.tail, shared.leases, shared
        self._view, self._shard = stores.table.view, lease.shard_id.shard
        self._handled = frozenset(each.__name__ for each in self._view.handles)
        self._alone = shared.tail.alone(self._handled)
        self._position = self._stored = self._head = lease.position
        self._redis_position: int | None = None
        self._renewed = time.monotonic()
        self._remembered = _RecentRows[Row](_REMEMBERED_ROWS)
        self._aggregates = _RecentRows[Any](_REMEMBERED_ROWS)
        self._writing: asyncio.Task[None] | None = None
        self._resting: Resting

    async def run(self, until: float) -> None:
        """Projects until the monotonic clock says so. Raises Fenced when another worker has taken over."""
        try:
            await self._tail.verify(self._position)
            await self._claim_redis()
            with self._shared.rest.of(self._view.name) as self._resting:
                while time.monotonic() < until:
                    await self._advance()
                await self._written()
        finally:
            await end([self._writing] if self._writing else [])

    async def _advance(self) -> None:
        """What comes next. At the end of the log it is written before more is read; behind it, meanwhile."""
        await self._resting.over()
        near = await self._tail.after(self._position)
        read = near or await self._alone.after(self._position)
        self._head = max(self._head, read.head)
        began = time.monotonic()
        if self._stores.documents is None:
            await asyncio.sleep(0)  # readers wait by id for the others, whose writing can begin meanwhile
        for part in read.parts():
            if part.upto > self._position:
                await self._project(part)
            if near or self._is_time_to_renew():
                await self._written()
            await self._keep_alive()
        if near and not near.more:
            self._resting.begin(time.monotonic() - began)

    async def _project(self, read: Stretch) -> None:
        events = [event.recorded() for event in read.events if event.type in self._handled]
        subjects, entities = await self._seen(events)
        touches = touching(self._view, self._shard, subjects)
        born = newborn(events) if self._view.keys is own_key else frozenset()
        present = await self._present(self._remembered, {key for _, key in touches}, born, self._stores.table)
        rows = evolved(self._view, touches, present)
        await self._written()
        self._writing = asyncio.create_task(self._write(self._progress(read), rows, entities))
        self._remembered.update(rows)
        self._aggregates.update(entities)
        self._position = read.upto

    async def _write(
        self, progress: Progress, rows: Mapping[Key, Stored[Row]], entities: Mapping[Key, Stored[Any]]
    ) -> None:
        table = self._stores.table
        documents = [*map(table.document, rows.values())]
        beneath = [*map(table.entities.document, entities.values())] if table.entities else []
        await self._shared.writes.write(table, progress, documents, beneath, hurried=self._resting.hurried)
        self._stored, self._renewed = progress.upto, time.monotonic()
        await self._mirror(progress, rows, documents)

    async def _written(self) -> None:
        """Waits for what is being written. Raises what came of it."""
        if self._writing is not None:
            await self._writing
            self._writing = None

    async def _present(
        self, recent: "_RecentRows[Any]", keys: AbstractSet[Key], born: AbstractSet[Key], table: Table[Any]
    ) -> Mapping[Key, Stored[Any]]:
        """The rows of these keys, as far as there are any. Of those that are just born, there are none."""
        known = recent.of(keys)
        missing = keys - known.keys() - born
        if not missing:
            return known
        await self._written()  # which may be of rows that are forgotten already
        return known | await table.load(self._stores.pool, missing)

    def _progress(self, read: Stretch) -> Progress:
        event_at = read.events[-1].recorded_at if read.events else None
        return Progress(self._shard, self._lease.epoch, self._position, read.upto, self._head, event_at)

    async def _seen(self, events: Sequence[Recorded[Event]]) -> tuple[Sequence[Subject], Mapping[Key, Stored[Any]]]:
        """What the view folds: the events, or the changes that they make to its entities, which come with them."""
        entity, table = self._view.entity, self._stores.table.entities
        if entity is None or table is None:
            return events, {}
        keys = {event.aggregate_id for event in events if type(event.event) in entity.handles}
        return changes(entity, events, await self._present(self._aggregates, keys, newborn(events), table))

    async def _mirror(self, progress: Progress, rows: Mapping[Key, Stored[Row]], written: Sequence[bytes]) -> None:
        """Brings Redis after the flat table, or, for a view without documents, says that it moved."""
        documents = self._stores.documents
        try:
            if documents is None:
                await self._shared.rounds.tell(self._view.name)
            elif self._redis_position == progress.start:
                await documents.apply(progress, rows, written)
                self._redis_position = progress.upto
            else:
                await self._restore(documents)
        except Lost:
            self._redis_position = None
        except (RedisError, OSError) as error:
            self._redis_position = None
            _log.warning("redis out of reach", view=self._view.name, shard=self._shard, error=str(error))

    async def _claim_redis(self) -> None:
        """Shuts out older workers, and restores what Redis lacks: all, or what was written while it was away."""
        documents = self._stores.documents
        if documents is None:
            return
        try:
            self._redis_position = await documents.claim(self._shard, self._lease.epoch)
            if self._redis_position != self._stored:
                await self._restore(documents)
        except (RedisError, OSError):
            self._redis_position = None

    async def _restore(self, documents: RedisView[Row]) -> None:
        since = await documents.claim(self._shard, self._lease.epoch)
        if since is not None and since > self._stored:
            since = None
        epoch, upto = self._lease.epoch, self._stored
        copied = await documents.restore(self._stores.pool, self._shard, epoch, upto, since, self._renew)
        self._redis_position = upto
        _log.info("redis restored", view=self._view.name, shard=self._shard, documents=copied, since=since)

    def _is_time_to_renew(self) -> bool:
        return time.monotonic() - self._renewed >= RENEW_S

    async def _keep_alive(self) -> None:
        if await self._renew():
            await self._claim_redis()

    async def _renew(self) -> bool:
        """Prolongs the lease, if it is time to. Raises Fenced when it is lost."""
        if not self._is_time_to_renew():
            return False
        self._renewed = time.monotonic()
        if not await self._leases.renew(self._lease, head=self._head, position=self._stored):
            raise Fenced(f"the lease on {self._lease.shard_id} is lost, or its shard not where it was left")
        return True


class _RecentRows(Generic[Row]):
    """The rows written last. Nobody else writes them while the lease holds, so they need not be read again."""

    def __init__(self, at_most: int) -> None:
        self._rows: OrderedDict[Key, Stored[Row]] = OrderedDict()
        self._at_most = at_most

    def of(self, keys: AbstractSet[Key]) -> dict[Key, Stored[Row]]:
        """Those of these keys, as far as they are known."""
        return {key: self._rows[key] for key in keys if key in self._rows}

    def update(self, rows: Mapping[Key, Stored[Row]]) -> None:
        known = self._rows
        for key, stored in rows.items():
            if key in known:
                known.move_to_end(key)
            known[key] = stored
        while len(known) > self._at_most:
            known.popitem(last=False)
