"""A consumer of the log as operators ask things of it: pure rules, which are few."""

from dataclasses import dataclass, replace
from typing import assert_never

from write_model.operations.commands import (
    DiscardDeadLetter,
    Operation,
    PruneView,
    RebuildView,
    RetryDeadLetters,
    RollBackView,
)
from write_model.operations.events import (
    DeadLetterDiscarded,
    DeadLettersRetryRequested,
    OperationEvent,
    ViewPruneRequested,
    ViewRebuildRequested,
    ViewRollbackRequested,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A view or a policy, and how many things were asked of it."""

    name: str
    version: int = 0


def decide(command: Operation) -> list[OperationEvent]:
    """What was asked: whether it can be carried out is found out by the worker that does."""
    match command:
        case RebuildView():
            only_check = command.only_check
            return [ViewRebuildRequested(consumer=command.consumer, only_check=only_check, requested_at=command.at)]
        case RollBackView():
            return [ViewRollbackRequested(consumer=command.consumer, requested_at=command.at)]
        case PruneView():
            return [ViewPruneRequested(consumer=command.consumer, requested_at=command.at)]
        case RetryDeadLetters():
            return [
                DeadLettersRetryRequested(
                    consumer=command.consumer,
                    sequence=command.sequence,
                    sequence_type=command.sequence_type,
                    requested_at=command.at,
                )
            ]
        case DiscardDeadLetter():
            return [
                DeadLetterDiscarded(
                    consumer=command.consumer,
                    position=command.position,
                    reason=command.reason,
                    requested_at=command.at,
                )
            ]
        case _:
            assert_never(command)


def evolve(consumer: Consumer | None, event: OperationEvent) -> Consumer:
    """The consumer after the event."""
    known = consumer or Consumer(name=event.consumer)
    return replace(known, version=known.version + 1)
