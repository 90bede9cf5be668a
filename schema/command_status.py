"""How far a command has come through the views, and what it led to."""

import time
from collections.abc import AsyncGenerator
from datetime import datetime
from uuid import UUID

import strawberry

from app.infra.hints import LOG, wait
from app.infra.tables import Stored
from app.infra.view_status import Status
from app.infra.wanted import Found, Wanted
from app.kernel import typeid
from app.kernel.view import View
from read_model.accepted_commands import AcceptedCommand
from schema.command_result import ID_PREFIXES
from schema.command_trail import CausedCommand, CommandEvent, caused_by
from schema.context import Info

_HEARTBEAT_S = 1.0
_PATIENCE_S = 60.0


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
    actor: str | None = strawberry.field(description="Who sent it.")
    correlation_id: UUID | None = strawberry.field(description="What the command, and all that led to it, belong to.")
    caused_by: UUID | None = strawberry.field(description="The command because of which a policy sent this one.")
    events: list[CommandEvent]
    views: list[ViewProgress]
    accepted_commands: strawberry.Private[View[AcceptedCommand]]

    @strawberry.field(
        description="What policies sent because of it, the earliest first and 50 at most; a stranger's is left out."
    )
    async def caused(self, info: Info) -> list[CausedCommand]:
        return await caused_by(info, self.accepted_commands, self.command_id)


def _unknown(view: View[AcceptedCommand], command_id: UUID) -> CommandStatus:
    return CommandStatus(
        command_id=command_id,
        state="UNKNOWN",
        type=None,
        aggregate_id=None,
        version=None,
        token=None,
        accepted_at=None,
        actor=None,
        correlation_id=None,
        caused_by=None,
        events=[],
        views=[],
        accepted_commands=view,
    )


def _known(info: Info, view: View[AcceptedCommand], command: AcceptedCommand, statuses: list[Status]) -> CommandStatus:
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
        actor=command.actor,
        correlation_id=command.correlation_id,
        caused_by=command.causation_id,
        events=[CommandEvent.of(each) for each in command.events],
        views=views,
        accepted_commands=view,
    )


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
            return _unknown(self._view, command_id)
        return _known(info, self._view, stored.row, await info.context.status.all())

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
