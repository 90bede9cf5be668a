"""How far the views are, and how far a command has come through them."""

import time
from collections.abc import AsyncGenerator
from datetime import datetime
from uuid import UUID

import strawberry

from app.infra.generations import Life, lives
from app.infra.hints import LOG, wait
from app.infra.tables import Stored
from app.infra.view_status import Status
from app.infra.wanted import Found, Wanted
from app.kernel import typeid
from app.kernel.view import View
from read_model.accepted_commands import AcceptedCommand
from schema.command_result import ID_PREFIXES
from schema.context import Info
from schema.scalars import BigInt

_HEARTBEAT_S = 1.0
_PATIENCE_S = 60.0


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
        )


@strawberry.type(description="Whether a view shows what a command did.")
class ViewProgress:
    view: str
    projected: bool


@strawberry.type(description="How far a command has come.")
class CommandStatus:
    command_id: UUID
    state: str = strawberry.field(
        description="UNKNOWN (not accepted, or not seen yet), ACCEPTED, or DONE when every view shows it."
    )
    type: str | None
    aggregate_id: strawberry.ID | None
    version: int | None
    token: str | None
    accepted_at: datetime | None
    views: list[ViewProgress]


def _unknown(command_id: UUID) -> CommandStatus:
    return CommandStatus(
        command_id=command_id,
        state="UNKNOWN",
        type=None,
        aggregate_id=None,
        version=None,
        token=None,
        accepted_at=None,
        views=[],
    )


def _known(info: Info, command: AcceptedCommand, statuses: list[Status]) -> CommandStatus:
    views = [ViewProgress(view=each.view, projected=each.position >= command.log_position) for each in statuses]
    prefix = ID_PREFIXES[command.aggregate_type]
    return CommandStatus(
        command_id=command.command_id,
        state="DONE" if all(view.projected for view in views) else "ACCEPTED",
        type=command.type,
        aggregate_id=strawberry.ID(typeid.encode(prefix, command.aggregate_id)),
        version=command.aggregate_version,
        token=info.context.token(command.log_position),
        accepted_at=command.accepted_at,
        views=views,
    )


def _require_staff(info: Info) -> None:
    info.context.asker().require_operator()


class CommandWatch:
    """Looks up commands in the view of accepted commands."""

    def __init__(self, view: View[AcceptedCommand]) -> None:
        self._view = view

    async def look(self, info: Info, command_id: UUID) -> CommandStatus:
        """The command as far as it has come. A stranger's is unknown."""
        asker = info.context.asker()
        found = await info.context.reads.get(self._view, command_id, Wanted())
        stored: Stored[AcceptedCommand] | None = found.stored if isinstance(found, Found) else None
        if stored is None or not (asker.is_operator or stored.row.actor == asker.subject):
            return _unknown(command_id)
        return _known(info, stored.row, await info.context.status.all())

    async def follow(self, info: Info, command_id: UUID) -> AsyncGenerator[CommandStatus, None]:
        """The status now and after every change, until it is done, or has stayed unknown for a minute."""
        info.context.asker()
        last, patience = None, time.monotonic() + _PATIENCE_S
        topics = (LOG, *(each.view for each in await info.context.status.all()))
        with info.context.reads.hints.subscribed(*topics) as woken:
            while True:
                status = await self.look(info, command_id)
                if status != last:
                    yield status
                    last = status
                if status.state == "DONE" or (status.state == "UNKNOWN" and time.monotonic() > patience):
                    return
                await wait(woken, _HEARTBEAT_S)


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
        self, info: Info, view: str | None = None
    ) -> AsyncGenerator[list[ProjectionStatus], None]:
        _require_staff(info)
        statuses = await info.context.status.all()
        with info.context.reads.hints.subscribed(LOG, *(each.view for each in statuses)) as woken:
            while True:
                _require_staff(info)
                yield [
                    ProjectionStatus.of(each) for each in await info.context.status.all() if view in (None, each.view)
                ]
                await wait(woken, _HEARTBEAT_S)
