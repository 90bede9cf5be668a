"""What the jobs of one worker process share, and the shards that it projects."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.infra.db import TRANSIENT, Pool
from app.infra.event_log import EventCatalog
from app.infra.hints import HintListener
from app.infra.leases import Lease, Leases, ShardId
from app.infra.log_past import LogPast
from app.infra.log_tail import LogTail
from app.infra.redis_rounds import RedisRounds
from app.infra.requests import Requests
from app.infra.switching import Documents
from app.infra.table_views import Fenced, TableView
from app.infra.writes import Writes
from app.observability.projecting import Projections
from workers.ending import end
from workers.jobs.asked import Asked
from workers.jobs.filling import ShardFiller
from workers.jobs.rest import Rest
from workers.jobs.shard import ShardProjector
from workers.jobs.shared import Shared, Stores

_log = structlog.get_logger()

_FAILING_PAUSE_S = 1.0

_FILLED_AT_ONCE = 2
"""Generations: each keeps rows in memory, and what is live must have its turn."""

_FINGERPRINT = "select fingerprint from read.generations where view = $1 and generation = $2"


@dataclass
class WorkerContext:
    """What a worker projects with.

    A shard stays `stint_s` seconds before it is handed on, and parks what belongs to `parked_at_most` aggregates.
    `tables` are those that this code reads; it projects all generations of the same definitions.
    """

    prefix: str
    pool: Pool
    catalog: EventCatalog
    tables: Mapping[str, TableView[Any]]
    documents_of: Documents
    leases: Leases
    rounds: RedisRounds
    hints: HintListener
    requests: Requests
    stint_s: float
    parked_at_most: int = 100
    projections: Projections = field(default_factory=Projections)
    asked: Asked = field(default_factory=Asked, init=False)
    _running: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _following: asyncio.Task[None] | None = field(default=None, init=False)
    _filling: Counter[tuple[str, int]] = field(default_factory=Counter, init=False)
    _pasts: dict[frozenset[str], LogPast] = field(default_factory=dict, init=False)
    _defined: dict[tuple[str, int], bool] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        pulse = self.projections.pulses.add("log tail")
        self.tail = LogTail(self.pool, self.catalog, self.catalog.types, self.hints, pulse)
        self.rest = Rest(self.hints)
        self._shared = Shared(
            self.catalog,
            self.tail,
            self.leases,
            Writes(self.pool),
            self.rounds,
            self.rest,
            self.parked_at_most,
            self.projections,
        )

    async def serves(self, shard_id: ShardId) -> bool:
        """Whether this process's code defines the view as that generation does."""
        table, place = self.tables.get(shard_id.view), (shard_id.view, shard_id.generation)
        if table is None or place in self._defined or table.generation == shard_id.generation:
            return table is not None and self._defined.get(place, True)
        found = await self.pool.fetchval(_FINGERPRINT, *place)
        if found is not None:
            self._defined[place] = found == table.fingerprint
        return self._defined.get(place, False)

    def has_room_for(self, lease: Lease) -> bool:
        """Whether it is not busy enough already with filling other generations."""
        place = _place(lease)
        return not lease.filling or place in self._filling or len(self._filling) < _FILLED_AT_ONCE

    def start(self, lease: Lease, hand_on: Callable[[ShardId], Awaitable[None]]) -> None:
        """Projects the leased shard beside whatever else runs; `hand_on` is told when its time here is over."""
        self.follow()
        if lease.filling:
            self._filling[_place(lease)] += 1
        task = asyncio.create_task(self._project(lease, hand_on))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def follow(self) -> None:
        """Reads the end of the log from now on, for whoever waits there."""
        self._following = self._following or asyncio.create_task(self.tail.follow())

    async def stop(self) -> None:
        """Ends all projecting and gives the leases back, so that others take over at once."""
        await end(self._running)
        await end([self._following] if self._following else [])
        self.projections.pulses.remove(self.tail.pulse)

    async def _project(self, lease: Lease, hand_on: Callable[[ShardId], Awaitable[None]]) -> None:
        shard_id = lease.shard_id
        try:
            lease = await self._filled(lease) if lease.filling else lease
            projector = ShardProjector(self._stores(lease), self._shared, lease)
            await projector.run(until=time.monotonic() + self.stint_s)
        except Fenced as fenced:
            _log.warning("fenced", view=shard_id.view, shard=shard_id.shard, reason=str(fenced))
            return
        except TRANSIENT as error:
            _log.warning("database out of reach", view=shard_id.view, shard=shard_id.shard, error=str(error))
            return
        except Exception as error:  # noqa: BLE001 - whatever a view raises, the operator must see it
            await self._note_failure(lease, error)
        finally:
            await asyncio.shield(self._release(lease))
        await hand_on(shard_id)

    async def _filled(self, lease: Lease) -> Lease:
        stores = self._stores(lease)
        try:
            past = self._past(each.__name__ for each in stores.table.view.handles)
            return await ShardFiller(stores, self._shared, past, lease).run()
        finally:
            self._filling[_place(lease)] -= 1
            self._filling += Counter()  # without what is at zero

    def _past(self, types: Iterable[str]) -> LogPast:
        wanted = frozenset(types)
        past = self._pasts.setdefault(wanted, LogPast(self.pool, wanted))
        past.forget()
        return past

    def _stores(self, lease: Lease) -> Stores[Any]:
        table = TableView(self.tables[lease.shard_id.view].view, lease.shard_id.generation)
        return Stores(self.pool, table, self.documents_of(table))

    async def _note_failure(self, lease: Lease, error: Exception) -> None:
        self.projections.of(lease.shard_id.view, lease.shard_id.shard).failures += 1
        _log.exception("projection failed", view=lease.shard_id.view, shard=lease.shard_id.shard)
        reason = f"{type(error).__name__}: {error}"
        await self.leases.renew(lease, head=0, state="FAILING", error=reason)
        await asyncio.sleep(_FAILING_PAUSE_S)

    async def _release(self, lease: Lease) -> None:
        try:
            await self.leases.release(lease)
        except TRANSIENT:
            _log.warning("lease left to run out", view=lease.shard_id.view, shard=lease.shard_id.shard)


def _place(lease: Lease) -> tuple[str, int]:
    return lease.shard_id.view, lease.shard_id.generation
