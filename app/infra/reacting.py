"""What a policy makes of events: pure, and the same in a worker and in a test."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.kernel.messages import Command, Recorded
from app.kernel.policy import Policy, Turn, Withdraw
from app.kernel.view import Change


@dataclass(frozen=True, slots=True)
class Decided:
    """A command that a policy decided on: the event, and the place among the reactions to it."""

    recorded: Recorded[Any]
    place: int
    command: Command


@dataclass(slots=True)
class Decisions:
    """What follows from events, all of it: the memory, commands in their order, what is withdrawn of earlier ones."""

    entities: Mapping[UUID, Any] = field(default_factory=dict)
    rows: dict[UUID, Any] = field(default_factory=dict)
    commands: list[Decided] = field(default_factory=list)
    withdrawn: set[UUID] = field(default_factory=set)

    def withdraw(self, aggregate_id: UUID) -> None:
        """Takes back what is decided or was scheduled for the aggregate until now."""
        self.withdrawn.add(aggregate_id)
        self.commands = [each for each in self.commands if each.command.aggregate_id != aggregate_id]


@dataclass(frozen=True, slots=True)
class Seen:
    """Events as changes of what a policy remembers of their aggregates, and these as they are afterwards."""

    changes: list[Change[Any]]
    entities: Mapping[UUID, Any]


def see(policy: Policy[Any], events: Iterable[Recorded[Any]], entities: Mapping[UUID, Any]) -> Seen:
    """What the events make of their aggregates, given what was remembered of them."""
    made: list[Change[Any]] = []
    after: dict[UUID, Any] = {}
    for event in events:
        before = after.get(event.aggregate_id, entities.get(event.aggregate_id))
        change = _change(policy, event, before)
        made.append(change)
        if change.after is not None:
            after[event.aggregate_id] = change.after
    return Seen(made, after)


def rows_of(policy: Policy[Any], seen: Seen) -> set[UUID]:
    """Which rows are to be recalled before it is decided on."""
    memory = policy.memory
    return {key for change in seen.changes for key in memory.keys(change)} if memory else set()


def decide(policy: Policy[Any], seen: Seen, rows: Mapping[UUID, Any], reacts_after: int = 0) -> Decisions:
    """Reacts to the events after a position, and remembers all of them. Raises what the policy does."""
    made = Decisions(seen.entities)
    for change in seen.changes:
        turns = [*_turns(policy, change, rows, made)]
        if policy.enabled and change.recorded.position > reacts_after:
            _react(policy, turns, made)
    return made


def _change(policy: Policy[Any], event: Recorded[Any], before: Any) -> Change[Any]:
    memory = policy.memory
    if memory is None or type(event.event) not in memory.entity.handles:
        return Change(event, None, None)
    return Change(event, before, memory.entity.evolve(before, event))


def _turns(policy: Policy[Any], change: Change[Any], rows: Mapping[UUID, Any], made: Decisions) -> Iterator[Turn[Any]]:
    """The event, once for every row that it touches; and the rows are remembered as they are after it."""
    memory = policy.memory
    if memory is None:
        yield Turn(change.recorded)
        return
    for key in memory.keys(change):
        before = made.rows.get(key, rows.get(key))
        after = made.rows[key] = memory.evolve(before, change, key)
        yield Turn(change.recorded, before, after)


def _react(policy: Policy[Any], turns: Iterable[Turn[Any]], made: Decisions) -> None:
    place = 0
    for turn in turns:
        for reaction in policy.react(turn):
            if isinstance(reaction, Withdraw):
                made.withdraw(reaction.aggregate_id)
            else:
                made.commands.append(Decided(turn.recorded, place, reaction))
                place += 1
