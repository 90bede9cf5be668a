"""Load, decide, save: what the commands of operators do."""

from collections.abc import Collection
from dataclasses import dataclass

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from write_model.operations.aggregate import decide
from write_model.operations.commands import (
    DiscardDeadLetter,
    Operation,
    PruneView,
    RebuildView,
    RetryDeadLetters,
    RollBackView,
)
from write_model.operations.errors import UnknownConsumer
from write_model.operations.repository import Consumers


@dataclass(frozen=True, slots=True)
class _Asking:
    """Notes what is asked of one of those that are known."""

    known: Collection[str]

    async def __call__(self, command: Operation, work: Work) -> None:
        if command.consumer not in self.known:
            raise UnknownConsumer(command.consumer, self.known)
        consumers = Consumers(work)
        consumer = await consumers.load(command.aggregate_id)
        consumers.save(command.aggregate_id, consumer, decide(command))


def handlers(views: Collection[str], policies: Collection[str]) -> Handlers:
    """The handlers, for views and policies of these names."""
    view, anyone = _Asking(frozenset(views)), _Asking(frozenset((*views, *policies)))
    return {
        RebuildView: view,
        RollBackView: view,
        PruneView: view,
        RetryDeadLetters: anyone,
        DiscardDeadLetter: anyone,
    }
