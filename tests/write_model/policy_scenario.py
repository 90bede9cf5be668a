"""Policies in sentences: given what happened, when something happens, then these commands."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.infra.reacting import Decisions, decide, see
from app.kernel.messages import Event, Recorded
from app.kernel.policy import Policy, Withdraw

TOLD = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
"""When the log took everything down."""


@dataclass(frozen=True)
class PolicyScenario:
    """A policy over the events that happened so far, each with the aggregate that it is of."""

    policy: Policy[Any]
    past: tuple[tuple[UUID, Event], ...] = ()

    def given(self, aggregate_id: UUID, *events: Event) -> "PolicyScenario":
        """So much happened to it."""
        return replace(self, past=(*self.past, *((aggregate_id, event) for event in events)))

    def when(self, aggregate_id: UUID, event: Event) -> "Done":
        """What is done about it; what was done about the past does not matter."""
        happened = self.given(aggregate_id, event)
        made = happened.reacted(reacts_after=len(self.past))
        return Done([each.command for each in made.commands], [Withdraw(each) for each in made.withdrawn])

    def reacted(self, reacts_after: int = 0) -> Decisions:
        """What is done about all events after a position, and remembered of all."""
        recorded = [_recorded(position, *each) for position, each in enumerate(self.past, 1)]
        handled = [each for each in recorded if type(each.event) in self.policy.handles]
        return decide(self.policy, see(self.policy, handled, {}), {}, reacts_after)


@dataclass(frozen=True)
class Done:
    """What a policy did about one event."""

    commands: list[Any]
    withdrawn: list[Withdraw]

    def then(self, *reactions: Any) -> None:
        """These commands and withdrawals, and no others."""
        assert [*self.commands, *self.withdrawn] == list(reactions)


def _recorded(position: int, aggregate_id: UUID, event: Event) -> Recorded[Event]:
    return Recorded(position, "aggregate", aggregate_id, 1, event, {}, TOLD)
