"""What the view of accepted commands must show."""

from collections.abc import Iterator

from read_model.accepted_commands import AcceptedCommand, CommandEvent
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import Accepted, Shop


def accepted_commands(shop: Shop) -> Rows:
    """Every command that was carried out, with the position of its last event."""
    return {
        each.command_id: AcceptedCommand(
            command_id=each.command_id,
            type=each.type,
            actor=each.actor,
            aggregate_type=each.aggregate_type,
            aggregate_id=each.aggregate_id,
            aggregate_version=each.version,
            log_position=max(shop.positions[event[:2]] for event in each.events),
            accepted_at=each.recorded_at,
            correlation_id=each.command_id,
            causation_id=None,
            events=tuple(_events(shop, each)),
        )
        for each in shop.accepted
    }


def requests(_: Shop) -> Rows:
    """Nobody asks anything of this shop's views."""
    return {}


def _events(shop: Shop, command: Accepted) -> Iterator[CommandEvent]:
    for aggregate_id, version, name in command.events:
        position = shop.positions[aggregate_id, version]
        yield CommandEvent(type=name, version=version, position=position, recorded_at=command.recorded_at)
