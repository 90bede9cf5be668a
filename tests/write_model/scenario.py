"""Rules in sentences: given what happened, when something is asked, then these events, or this refusal."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Generic, TypeVar

import pytest

from app.kernel.errors import Refusal

State = TypeVar("State")


@dataclass(frozen=True)
class Scenario(Generic[State]):
    """An aggregate's pure rules over the events that happened so far."""

    decide: Callable[[State | None, Any], list[Any]]
    evolve: Callable[[State | None, Any], State]
    past: tuple[Any, ...] = ()

    def given(self, *events: Any) -> "Scenario[State]":
        """So much happened."""
        return replace(self, past=(*self.past, *events))

    @property
    def state(self) -> State | None:
        """The aggregate after the past."""
        return reduce(self.evolve, self.past, None)

    def when(self, command: Any) -> "Asked":
        """Asks; nothing is decided before it is said what should come of it."""
        return Asked(lambda: self.decide(self.state, command))


@dataclass(frozen=True)
class Asked:
    """A command put to an aggregate."""

    decide: Callable[[], list[Any]]

    def then(self, *events: Any) -> None:
        """These events follow, and no others."""
        assert self.decide() == list(events)

    def then_refused(self, refusal: type[Refusal], **facts: Any) -> None:
        """The rule of this name is kept, and the refusal tells these facts."""
        with pytest.raises(Refusal) as refused:
            self.decide()
        assert type(refused.value) is refusal, refused.value
        assert {name: getattr(refused.value, name) for name in facts} == facts
