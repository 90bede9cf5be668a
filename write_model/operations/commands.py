"""What operators ask of those who read the log: views and policies, each known by its name.

The log notes what was asked, by whom and why. Workers carry it out, in the order of the log (`workers.jobs.operate`).
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid5

from app.kernel.errors import InvalidValue
from app.kernel.messages import Command
from app.kernel.values import require_text

_NAMES = UUID("5c0b3f64-41ef-4a1c-9d0c-6f4b52d7a1c9")


def consumer_id(name: str) -> UUID:
    """The id of the view or policy of this name: the same in every installation."""
    return uuid5(_NAMES, name)


class _OfConsumer:
    """What commands to a consumer of the log have in common: they are for the one of this name."""

    __slots__ = ()
    target: ClassVar[str] = "consumer_id"
    for_operators: ClassVar[bool] = True
    consumer: str

    def __post_init__(self) -> None:
        require_text(self.consumer, "consumer", at_most=100)

    @property
    def aggregate_id(self) -> UUID:
        """The consumer."""
        return consumer_id(self.consumer)


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildView(_OfConsumer, Command):
    """Fill a view's next generation from the log, and switch to it, or only compare it. For administrators."""

    for_admins: ClassVar[bool] = True
    consumer: str
    only_check: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBackView(_OfConsumer, Command):
    """Switch a view back to the generation before. For administrators."""

    for_admins: ClassVar[bool] = True
    consumer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneView(_OfConsumer, Command):
    """Drop the generations of a view that are kept for going back. For administrators."""

    for_admins: ClassVar[bool] = True
    consumer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDeadLetters(_OfConsumer, Command):
    """Apply what is parked, in order: all that the consumer has, or that of one aggregate, of a type."""

    consumer: str
    sequence: UUID | None = None
    sequence_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardDeadLetter(_OfConsumer, Command):
    """Give up one parked event, for a reason, and apply what is parked behind it."""

    consumer: str
    position: int
    reason: str

    def __post_init__(self) -> None:
        require_text(self.consumer, "consumer", at_most=100)
        require_text(self.reason, "reason", at_most=500)
        if self.position < 1:
            raise InvalidValue("Positions count from 1.", field="position")


Operation = RebuildView | RollBackView | PruneView | RetryDeadLetters | DiscardDeadLetter
