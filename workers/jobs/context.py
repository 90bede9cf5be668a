"""What the jobs of one worker process share, and the shards that it projects."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.infra.db import TRANSIENT, Pool
from app.infra.event_log import EventCatalog
from app.infra.hints import HintListener
from app.infra.leases import Lease, Leases, ShardId
from app.infra.log_tail import LogTail
from app.infra.redis_rounds import RedisRounds
from app.infra.redis_views import RedisView
from app.infra.requests import Requests
from app.infra.table_views import Fenced, TableView
from app.infra.writes import Writes
from app.observability.projecting import Projections
from workers.ending import end
from workers.jobs.rest import Rest
from workers.jobs.shard import ShardProjector
from workers.jobs.shared import Shared, Stores

_log = structlog.get_logger()

_FAILING_PAUSE_S = 1.0


@dataclass
class WorkerContext:
    """What a worker projects with.

    A shard stays `stint_s` seconds before it is handed on, and parks what belongs to `parked_at_most` aggregates.
    """

    prefix: str
    pool: Pool
    catalog: EventCatalog
    tables: Mapping[str, TableView[Any]]
    documents: Mapping[str, RedisView[Any]]
    leases: Leases
    rounds: RedisRounds
    hints: HintListener
    requests: Requests
    stint_s: float
    parked_at_most: int = 100
    projections: Projections = field(default_factory=Projections)
    _running: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _following: asyncio.Task[None] | None = field(default=None, init=False)

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

    def serves(self, shard_id: ShardId) -> bool:
        """Whether this process's code defines the view as that generation does."""
        table = self.tables.get(shard_id.view)
        return table is not None and table.generation == shard_id.generation

    def start(self, lease: Lease, hand_on: Callable[[ShardId], Awaitable[None]]) -> None:
        """Projects the leased shard beside whatever else runs; `hand_on` is told when its time here is over."""
        self.follow()
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
            await self._projector(lease).run(until=time.monotonic() + self.stint_s)
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

    def _projector(self, lease: Lease) -> ShardProjector[Any]:
        view = lease.shard_id.view
        stores = Stores(self.pool, self.tables[view], self.documents.get(view))
        return ShardProjector(stores, self._shared, lease)

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
