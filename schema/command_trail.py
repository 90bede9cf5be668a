"""What a command led to: its events, and the commands that policies sent because of them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry

from app.kernel import typeid
from app.kernel.view import View
from read_model import accepted_commands
from read_model.accepted_commands import AcceptedCommand
from schema.command_result import ID_PREFIXES
from schema.context import Info
from schema.scalars import BigInt

_MOST: Final = 50


@strawberry.type(description="An event that a command led to, by its place in the log.")
class CommandEvent:
    type: str
    version: BigInt = strawberry.field(description="The aggregate's version with it.")
    position: BigInt
    recorded_at: datetime

    @classmethod
    def of(cls, event: accepted_commands.CommandEvent) -> "CommandEvent":
        """The event as clients see it."""
        return cls(
            type=event.type,
            version=BigInt(event.version),
            position=BigInt(event.position),
            recorded_at=event.recorded_at,
        )


@strawberry.type(description="A command that a policy sent because of what another one did.")
class CausedCommand:
    command_id: UUID
    type: str
    actor: str
    aggregate_id: strawberry.ID
    accepted_at: datetime
    position: BigInt = strawberry.field(description="Where its last event is in the log.")

    @classmethod
    def of(cls, command: AcceptedCommand) -> "CausedCommand":
        """The command as clients see it."""
        prefix = ID_PREFIXES[command.aggregate_type]
        return cls(
            command_id=command.command_id,
            type=command.type,
            actor=command.actor,
            aggregate_id=strawberry.ID(typeid.encode(prefix, command.aggregate_id)),
            accepted_at=command.accepted_at,
            position=BigInt(command.log_position),
        )


async def caused_by(info: Info, view: View[AcceptedCommand], command_id: UUID) -> list[CausedCommand]:
    """The commands that this one caused, as far as the asker may see them."""
    asker = info.context.asker()
    found = await accepted_commands.caused_by(info.context.reads, view, command_id, _MOST)
    return [CausedCommand.of(each) for each in found if asker.is_operator or each.actor == asker.subject]
