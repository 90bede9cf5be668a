"""What operators ask of views and policies."""

from uuid import UUID

import strawberry

from app.kernel.clock import now
from app.kernel.errors import MalformedId
from app.kernel.typeid import split
from schema.command_result import ID_PREFIXES, ChangeInput, CommandResult, dispatch
from schema.context import Info
from schema.scalars import BigInt
from write_model.operations import commands

_TYPES = {prefix: kind for kind, prefix in ID_PREFIXES.items()}


@strawberry.input
class RebuildViewInput(ChangeInput):
    view: str = strawberry.field(description="The view's name, as projectionStatus tells it.")
    check: bool = strawberry.field(default=False, description="Compare it with what is live, and do not switch to it.")

    def command(self) -> commands.RebuildView:
        return commands.RebuildView(at=now(), consumer=self.view, only_check=self.check)


@strawberry.input
class RollBackViewInput(ChangeInput):
    view: str = strawberry.field(description="The view's name, as projectionStatus tells it.")

    def command(self) -> commands.RollBackView:
        return commands.RollBackView(at=now(), consumer=self.view)


@strawberry.input
class PruneViewInput(ChangeInput):
    view: str = strawberry.field(description="The view's name, as projectionStatus tells it.")

    def command(self) -> commands.PruneView:
        return commands.PruneView(at=now(), consumer=self.view)


@strawberry.input
class RetryDeadLettersInput(ChangeInput):
    consumer: str = strawberry.field(description="The view or policy.")
    aggregate_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only what is parked of this; all that the consumer has otherwise."
    )

    def command(self) -> commands.RetryDeadLetters:
        kind, sequence = any_id(self.aggregate_id) if self.aggregate_id is not None else (None, None)
        return commands.RetryDeadLetters(at=now(), consumer=self.consumer, sequence=sequence, sequence_type=kind)


@strawberry.input
class DiscardDeadLetterInput(ChangeInput):
    consumer: str = strawberry.field(description="The view or policy.")
    position: BigInt = strawberry.field(description="Where the event is in the log: the first that is parked.")
    reason: str = strawberry.field(description="Why the consumer can do without it; it stays on record.")

    def command(self) -> commands.DiscardDeadLetter:
        return commands.DiscardDeadLetter(at=now(), consumer=self.consumer, position=self.position, reason=self.reason)


@strawberry.type
class OperationsMutation:
    @strawberry.mutation(
        description="Apply what is parked, in order, up to what still cannot be applied. For operators."
    )
    async def retry_dead_letters(self, info: Info, input: RetryDeadLettersInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(
        description="Do without one parked event for ever, and apply what is parked behind it. For operators."
    )
    async def discard_dead_letter(self, info: Info, input: DiscardDeadLetterInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Fill a view anew beside the one that serves, and switch. For administrators.")
    async def rebuild_view(self, info: Info, input: RebuildViewInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Switch a view back to the generation before. For administrators.")
    async def roll_back_view(self, info: Info, input: RollBackViewInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Drop the generations of a view that are kept. For administrators.")
    async def prune_view(self, info: Info, input: PruneViewInput) -> CommandResult:
        return await dispatch(info, input, input.command)


def any_id(text: str) -> tuple[str, UUID]:
    """The type and the UUID of an aggregate's id. Raises MalformedId."""
    try:
        prefix, value = split(text)
    except MalformedId as malformed:
        malformed.field = "aggregateId"
        raise
    if prefix not in _TYPES:
        raise MalformedId(text=text, field="aggregateId")
    return _TYPES[prefix], value
