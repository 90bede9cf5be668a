"""What the view of accepted commands must show."""

from read_model.accepted_commands import AcceptedCommand
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import Shop


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
            log_position=shop.positions[each.aggregate_id, each.version],
            accepted_at=each.recorded_at,
        )
        for each in shop.accepted
    }
