"""How far the views are."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated

import strawberry

from app.infra.generations import Life, lives
from app.infra.hints import LOG, wait
from app.infra.view_status import ShardLease as Lease
from app.infra.view_status import Status
from app.kernel.errors import InvalidValue
from schema.context import Info
from schema.scalars import BigInt

_HEARTBEAT_S = 1.0


_SLOWEST_MS = 60_000


@strawberry.type(description="Who projects a shard of a view.")
class ShardLease:
    shard: int
    position: BigInt
    owner: str | None = strawberry.field(description="The worker process; null where none has the shard now.")
    lease_until: datetime | None
    heartbeat_at: datetime | None
    parked: int = strawberry.field(description="Aggregates of which events are parked in this shard.")

    @classmethod
    def of(cls, lease: Lease) -> "ShardLease":
        """The lease as clients see it."""
        return cls(
            shard=lease.shard,
            position=BigInt(lease.position),
            owner=lease.owner,
            lease_until=lease.lease_until,
            heartbeat_at=lease.heartbeat_at,
            parked=lease.parked,
        )


@strawberry.type(description="One generation of a view: a filling of its tables from the log.")
class Generation:
    generation: int
    state: str = strawberry.field(
        description="BUILDING, READY to be switched to, LIVE, or KEPT so that the view can be rolled back."
    )
    position: BigInt
    created_at: datetime
    caught_up_at: datetime | None
    activated_at: datetime | None
    superseded_at: datetime | None

    @classmethod
    def of(cls, life: Life) -> "Generation":
        """The generation as clients see it."""
        return cls(
            generation=life.generation,
            state=life.state,
            position=BigInt(life.position),
            created_at=life.created_at,
            caught_up_at=life.caught_up_at,
            activated_at=life.activated_at,
            superseded_at=life.superseded_at,
        )


@strawberry.type(description="How far a view has come in the log.")
class ProjectionStatus:
    view: str
    generation: int
    shards: int
    position: BigInt = strawberry.field(description="Every event up to here is in the view.")
    head: BigInt = strawberry.field(description="The end of the log, as far as any view has seen it.")
    events_behind: BigInt
    lag_seconds: float = strawberry.field(
        description="Age of the oldest event that is not in the view yet; 0 at the head."
    )
    state: str = strawberry.field(description="FRESH, LAGGING, STALLED (no heartbeat for 10 s) or FAILING.")
    heartbeat_at: datetime | None
    owners: list[str] = strawberry.field(description="The worker processes that project it now.")
    error: str | None
    parked: int = strawberry.field(description="Aggregates of which events are parked; see deadLetters.")
    leases: list[ShardLease] = strawberry.field(description="Its shards, and who projects each of them now.")
    observed_at: datetime = strawberry.field(description="When this was so, by the clock that events are recorded by.")

    @strawberry.field(description="The generations of the view that there are.")
    async def generations(self, info: Info) -> list[Generation]:
        return [Generation.of(each) for each in await lives(info.context.reads.pool, self.view)]

    @classmethod
    def of(cls, status: Status) -> "ProjectionStatus":
        """The status as clients see it."""
        return cls(
            view=status.view,
            generation=status.generation,
            shards=status.shards,
            position=BigInt(status.position),
            head=BigInt(status.head),
            events_behind=BigInt(status.events_behind),
            lag_seconds=round(status.lag_s, 3),
            state=status.state,
            heartbeat_at=status.heartbeat_at,
            owners=list(status.owners),
            error=status.error,
            parked=status.parked,
            leases=[ShardLease.of(each) for each in status.leases],
            observed_at=status.observed_at,
        )


def _seconds(pause_ms: int) -> float:
    """Raises InvalidValue."""
    if not 0 <= pause_ms <= _SLOWEST_MS:
        raise InvalidValue(f"pauseMs must be between 0 and {_SLOWEST_MS:,}.", field="pauseMs")
    return pause_ms / 1000


def _require_staff(info: Info) -> None:
    info.context.asker().require_operator()


@strawberry.type
class StatusQuery:
    @strawberry.field(description="How far every view has come. For operators.")
    async def projection_status(self, info: Info, view: str | None = None) -> list[ProjectionStatus]:
        _require_staff(info)
        return [ProjectionStatus.of(each) for each in await info.context.status.all() if view in (None, each.view)]


@strawberry.type
class StatusSubscription:
    @strawberry.subscription(
        description="How far every view has come, each second and whenever one moves. For operators."
    )
    async def projection_status(
        self,
        info: Info,
        view: str | None = None,
        pause_ms: Annotated[
            int, strawberry.argument(description="The least time between two answers, in milliseconds.")
        ] = 0,
    ) -> AsyncGenerator[list[ProjectionStatus], None]:
        _require_staff(info)
        pause_s = _seconds(pause_ms)
        statuses = await info.context.status.all()
        with info.context.reads.hints.subscribed(LOG, *(each.view for each in statuses)) as woken:
            while True:
                _require_staff(info)
                yield [
                    ProjectionStatus.of(each) for each in await info.context.status.all() if view in (None, each.view)
                ]
                await asyncio.sleep(pause_s)
                await wait(woken, _HEARTBEAT_S)
