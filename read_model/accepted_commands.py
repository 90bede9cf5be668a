"""Every accepted command, for clients that follow its way through the views. Spans the contexts: belongs to none."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kernel.messages import Event, Recorded
from app.kernel.structs import Struct
from app.kernel.view import View


class AcceptedCommand(Struct, frozen=True, kw_only=True):
    """A command that was carried out: what it changed, and the log position of its last event."""

    command_id: UUID
    type: str
    actor: str
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int
    log_position: int
    accepted_at: datetime


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """The command that made the event."""
    return (UUID(recorded.metadata["command_id"]),)


def evolve(_: AcceptedCommand | None, recorded: Recorded[Any], key: UUID) -> AcceptedCommand:
    """The command as its latest event leaves it."""
    return AcceptedCommand(
        command_id=key,
        type=recorded.metadata["command"],
        actor=recorded.metadata["actor"],
        aggregate_type=recorded.aggregate_type,
        aggregate_id=recorded.aggregate_id,
        aggregate_version=recorded.version,
        log_position=recorded.position,
        accepted_at=recorded.recorded_at,
    )


def view(types: Iterable[type[Event]]) -> View[AcceptedCommand]:
    """The view, over every event type that there is."""
    return View(name="accepted_commands", row=AcceptedCommand, handles=tuple(types), keys=keys, evolve=evolve)
