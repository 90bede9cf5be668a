"""A policy: what the shop does by itself when something happened, said as commands."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar
from uuid import UUID, uuid5

from app.kernel.messages import Command, Event, Principal, Recorded, Role
from app.kernel.view import Change, Entity

State = TypeVar("State")
Row = TypeVar("Row")

_NAMESPACE: Final = UUID("1d4f0f5e-5c53-5b0b-8a44-0b3c6f5a9e27")


class History(Enum):
    """What a policy makes of the events before its deployment."""

    IGNORED = "ignored"
    """It starts at the head of the log."""

    REMEMBERED = "remembered"
    """It folds them into its memory, and does nothing about them."""

    REACTED_TO = "reacted to"
    """It does for them what it does for those after it."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Takes back what the policy has scheduled for this aggregate, as far as it is not dispatched yet."""

    aggregate_id: UUID


Reaction = Command | Withdraw
"""A command is dispatched when its time, `at`, has come: at once, or as a scheduled one."""


@dataclass(frozen=True, slots=True)
class Turn(Generic[Row]):
    """An event, and what the policy remembered before and after it; None without a memory, or where there is none."""

    recorded: Recorded[Any]
    before: Row | None = None
    after: Row | None = None


@dataclass(frozen=True, kw_only=True)
class Memory(Generic[State, Row]):
    """What a policy remembers, in PostgreSQL beside its checkpoint: rows that follow the changes of aggregates.

    `entity` is remembered of every aggregate, beneath the rows, as a view's is. `keys` says which rows a change
    touches; `evolve` folds it into one of them. `row` is a struct. All of it is pure.
    """

    row: type[Row]
    entity: Entity[State]
    keys: Callable[[Change[State]], Iterable[UUID]]
    evolve: Callable[[Row | None, Change[State], UUID], Row]

    def __post_init__(self) -> None:
        if self.entity.by is not None:
            raise ValueError(f"{self.entity.name}: policies remember aggregates, not what events name")


@dataclass(frozen=True, kw_only=True)
class Policy(Generic[Row]):
    """What is done about events, at least once and idempotently.

    `react` is pure: it is given the event, with a memory once for every row that it touches, and answers with commands
    and withdrawals, in their order. A policy that is not `enabled` goes on remembering and does nothing; what it had
    scheduled is withdrawn.
    """

    name: str
    handles: tuple[type[Event], ...]
    react: Callable[[Turn[Row]], Iterable[Reaction]]
    memory: Memory[Any, Row] | None = None
    history: History = History.IGNORED
    enabled: bool = True

    @property
    def principal(self) -> Principal:
        """As whom it acts."""
        return Principal(f"policy:{self.name}", frozenset({Role.OPERATOR}))

    def command_id(self, event_id: UUID, place: int) -> UUID:
        """The id of its command at this place among its reactions to the event: the same, however often it reacts.

        Nobody else can send a command under it beforehand, since event ids are random and not shown.
        """
        return uuid5(_NAMESPACE, f"{self.name}/{event_id}/{place}")
