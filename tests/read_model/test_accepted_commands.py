"""The fold of a command that leads to several events, which the shop's own commands do not: each of them is kept."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.kernel.messages import Event, Recorded
from app.kernel.structs import replace
from read_model.accepted_commands import CommandEvent, evolve

COMMAND, CAUSE, AGGREGATE, ANOTHER = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Begun(Event, frozen=True, kw_only=True):
    """One."""


class Ended(Event, frozen=True, kw_only=True):
    """Another."""


def recorded(event: Event, version: int) -> Recorded[Event]:
    said = {"command": "Do", "command_id": str(COMMAND), "actor": "ada", "correlation_id": None}
    at = BEGAN + timedelta(seconds=version)
    return Recorded(version + 10, "work", AGGREGATE, version, event, said | {"causation_id": str(CAUSE)}, at)


def test_every_event_of_a_command_is_kept_in_order() -> None:
    first = evolve(None, recorded(Begun(), 1), COMMAND)
    command = evolve(first, recorded(Ended(), 2), COMMAND)
    assert command.events == (
        CommandEvent(type="Begun", version=1, position=11, recorded_at=BEGAN + timedelta(seconds=1)),
        CommandEvent(type="Ended", version=2, position=12, recorded_at=BEGAN + timedelta(seconds=2)),
    )
    assert (command.log_position, command.aggregate_version) == (12, 2)
    assert (command.correlation_id, command.causation_id) == (None, CAUSE)


def test_a_command_to_several_aggregates_is_the_first_ones_own() -> None:
    first = evolve(None, recorded(Begun(), 1), COMMAND)
    other = replace(recorded(Ended(), 7), aggregate_id=ANOTHER, aggregate_type="play")
    command = evolve(first, other, COMMAND)
    assert (command.aggregate_type, command.aggregate_id, command.aggregate_version) == ("work", AGGREGATE, 1)
    assert (command.log_position, [each.version for each in command.events]) == (17, [1, 7])
