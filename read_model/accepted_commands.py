"""Every accepted command, for who follows its way through the views. Spans the contexts: belongs to none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.infra.freshness import ReadModels
from app.kernel.messages import Event, Recorded
from app.kernel.structs import Struct
from app.kernel.view import View


class CommandEvent(Struct, frozen=True, kw_only=True):
    """An event that a command led to, and its place in the log."""

    type: str
    version: int
    position: int
    recorded_at: datetime


class AcceptedCommand(Struct, frozen=True, kw_only=True):
    """A command that was carried out: what it changed, and the log position of its last event.

    A command may change several aggregates. Its own is the one that the log tells of first, as its receipt does.
    `causation_id` is the command whose event made a policy send this one.
    """

    command_id: UUID
    type: str
    actor: str
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int
    log_position: int
    accepted_at: datetime
    correlation_id: UUID | None
    causation_id: UUID | None
    events: tuple[CommandEvent, ...]


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """The command that made the event."""
    return (UUID(recorded.metadata["command_id"]),)


def evolve(command: AcceptedCommand | None, recorded: Recorded[Any], key: UUID) -> AcceptedCommand:
    """The command as its latest event leaves it; its own aggregate is that of its first, as its receipt has it."""
    own = command or recorded
    return AcceptedCommand(
        command_id=key,
        type=recorded.metadata["command"],
        actor=recorded.metadata["actor"],
        aggregate_type=own.aggregate_type,
        aggregate_id=own.aggregate_id,
        aggregate_version=_version(command, recorded),
        log_position=recorded.position,
        accepted_at=recorded.recorded_at,
        correlation_id=_uuid(recorded.metadata.get("correlation_id")),
        causation_id=_uuid(recorded.metadata.get("causation_id")),
        events=(*(command.events if command else ()), _event(recorded)),
    )


def _version(command: AcceptedCommand | None, recorded: Recorded[Any]) -> int:
    """Of the command's own aggregate, which another's event leaves as it is."""
    if command is None or command.aggregate_id == recorded.aggregate_id:
        return recorded.version
    return command.aggregate_version


def _event(recorded: Recorded[Any]) -> CommandEvent:
    return CommandEvent(
        type=type(recorded.event).__name__,
        version=recorded.version,
        position=recorded.position,
        recorded_at=recorded.recorded_at,
    )


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def view(types: Iterable[type[Event]]) -> View[AcceptedCommand]:
    """The view, over every event type that there is."""
    return View(
        name="accepted_commands",
        row=AcceptedCommand,
        handles=tuple(types),
        keys=keys,
        evolve=evolve,
        indexes=("accepted_at", "using btree (causation_id) where causation_id is not null"),
        revision=2,
    )


@dataclass(frozen=True, slots=True)
class Second:
    """How many commands of a type were accepted in the second that begins at `at`."""

    at: datetime
    type: str
    commands: int


async def per_second(reads: ReadModels, view: View[AcceptedCommand], last_s: int) -> list[Second]:
    """The last so many seconds, on the database's clock, in their order; none for a second without commands."""
    rows = await reads.fetch(
        f"select date_trunc('second', accepted_at) as at, type, count(*) as commands from {reads.table(view).table} "
        "where accepted_at >= date_trunc('second', clock_timestamp()) - make_interval(secs => $1) "
        "group by 1, 2 order by 1, 2",
        last_s,
    )
    return [Second(row["at"], row["type"], row["commands"]) for row in rows]


async def caused_by(
    reads: ReadModels, view: View[AcceptedCommand], command_id: UUID, most: int
) -> list[AcceptedCommand]:
    """The first commands that policies sent because of what this one did."""
    table = reads.table(view)
    rows = await reads.fetch(
        f"select {table.selected} from {table.table} present where causation_id = $1 order by log_position limit $2",
        command_id,
        most,
    )
    return [table.stored(row).row for row in rows]
