"""Running one policy, for as long as its lease lasts."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from app.infra.bus import Bus
from app.infra.db import Pool
from app.infra.dead_letters import Failure, Letter, blames_the_event
from app.infra.event_log import EventCatalog, event_at
from app.infra.leases import ShardId
from app.infra.log_tail import LogTail
from app.infra.policy_store import Beside, Move, PolicyLease, PolicyStore
from app.infra.reacting import Decisions, decide, rows_of, see
from app.infra.schedule import Schedule
from app.infra.stretches import Logged, Stretch
from app.kernel.messages import Event, Recorded
from app.kernel.policy import Policy
from app.kernel.pulse import Pulse
from app.observability.projecting import Projections
from workers.ending import end
from workers.jobs.parking import ATTEMPTS, Parking, failure_of
from workers.jobs.rest import Rest, Resting
from workers.jobs.schedule import Dispatcher
from workers.jobs.shard import RENEW_S

_NOTHING: Final = Decisions()


@dataclass(frozen=True)
class Means:
    """What all policies of a worker process have in common; each may park so many aggregates."""

    pool: Pool
    catalog: EventCatalog
    store: PolicyStore
    schedule: Schedule
    bus: Bus
    tail: LogTail
    rest: Rest
    parked_at_most: int
    projections: Projections


class PolicyRunner:
    """Takes the log after the policy's checkpoint and writes down what is to be done; beside it, has that done."""

    def __init__(self, policy: Policy[Any], means: Means, lease: PolicyLease) -> None:
        self._policy, self._means, self._lease = policy, means, lease
        self._handled = frozenset(each.__name__ for each in policy.handles)
        self._alone = means.tail.alone(self._handled)
        self._position = self._stored = self._head = lease.position
        self._moved_at = time.monotonic()
        self._parking = Parking(means.pool, ShardId(policy.name, 0, 0), means.parked_at_most)
        self._dispatcher = Dispatcher(policy, means.schedule, means.bus)
        self._tally = means.projections.of(policy.name, 0)
        self._pulse: Pulse

    async def run(self, until: float) -> None:
        """Runs until the monotonic clock says so.

        Raises Fenced when another worker has taken over, and TooManyDeadLetters.
        """
        tasks = [asyncio.create_task(self._react(until)), asyncio.create_task(self._dispatch())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(tasks)
        for task in done:
            task.result()

    async def _dispatch(self) -> None:
        if not self._policy.enabled:
            await self._means.store.withdraw_all(self._policy.name)
            await asyncio.Event().wait()
        with self._means.projections.pulses.of(f"{self._policy.name}, dispatching") as pulse:
            await self._dispatcher.run(pulse)

    async def _react(self, until: float) -> None:
        name = self._policy.name
        with self._means.projections.holding(name, 0) as self._pulse, self._means.rest.of(f"policy:{name}") as resting:
            await self._means.tail.verify(self._position)
            await self._parking.load()
            while time.monotonic() < until:
                await self._go_on(resting)

    async def _go_on(self, resting: Resting) -> None:
        """What comes next; should that be impossible, it is done event by event, to find out of which."""
        self._pulse.beat()
        await resting.over()
        try:
            await self._advance(resting)
        except Exception as error:
            if not blames_the_event(error):
                raise
            self._position = self._stored
            await self._advance_carefully()
        for sequence, positions in (await self._parking.wanted()).items():
            await self._redeem(sequence, positions)

    async def _advance(self, resting: Resting) -> None:
        near, read = await self._read()
        began = time.monotonic()
        for part in read.parts():
            await self._take(part)
        if near and not read.more:
            resting.begin(time.monotonic() - began)

    async def _read(self) -> tuple[bool, Stretch]:
        """What follows in the log, and whether that is near its end."""
        near = await self._means.tail.after(self._position)
        read = near or await self._alone.after(self._position)
        self._head = max(self._head, read.head)
        return near is not None, read

    async def _take(self, part: Stretch) -> None:
        """The checkpoint moves over what the policy does not handle, too, but not with every event of that kind."""
        events, held = self._parking.divided([event for event in part.events if self._handles(event)])
        made = await self._decided([event.recorded() for event in events]) if events else _NOTHING
        self._position = max(self._position, part.upto)
        if events or held:
            await self._move(made, self._parking_of(held))
            self._tally.events += len(events)
        elif time.monotonic() - self._moved_at >= RENEW_S:
            await self._means.store.keep(self._lease, self._way())
            self._note_move()

    def _handles(self, event: Logged) -> bool:
        return event.type in self._handled

    def _parking_of(self, letters: Sequence[Letter]) -> Beside | None:
        return partial(self._parking.letters.park, letters=letters) if letters else None

    async def _advance_carefully(self) -> None:
        _, read = await self._read()
        for single in read.singles(self._handles):
            await self._attempt(single)

    async def _attempt(self, single: Stretch) -> None:
        """Reacts to one event; parks it where that cannot be done."""
        failure = await failure_of(partial(self._take, single), self._fail)
        if failure is not None:
            await self._park(single, self._parking.letter(single.events[0], failure, ATTEMPTS))

    async def _fail(self) -> None:
        self._tally.failures += 1
        self._position = self._stored

    async def _park(self, single: Stretch, letter: Letter) -> None:
        self._position = single.upto
        await self._move(_NOTHING, self._parking_of([letter]))
        self._parking.sequences.add(single.events[0].aggregate_id)

    async def _redeem(self, sequence: UUID, positions: Collection[int]) -> None:
        """Reacts to what is parked of an aggregate, in order, up to what cannot be reacted to now either."""
        for position in positions:
            try:
                await self._settle(position)
            except Exception as error:
                if not blames_the_event(error):
                    raise
                await self._parking.letters.fail(sequence, position, Failure.of(error))
                break
            await self._parking.settled([position])

    async def _settle(self, position: int) -> None:
        """The policy stays where it is, and does without what is discarded."""
        made = _NOTHING
        if position not in self._parking.discarded:
            made = await self._decided([await event_at(self._means.pool, self._means.catalog, position)])
        await self._move(made, partial(self._parking.letters.settle, positions=[position]))

    async def _decided(self, events: Sequence[Recorded[Event]]) -> Decisions:
        policy = self._policy
        seen = see(policy, events, await self._recalled("ENTITY", {event.aggregate_id for event in events}))
        rows = await self._recalled("ROW", rows_of(policy, seen))
        return decide(policy, seen, rows, self._lease.reacts_after)

    async def _recalled(self, kind: str, keys: set[UUID]) -> Any:
        memory = self._policy.memory
        if memory is None:
            return {}
        state = memory.row if kind == "ROW" else memory.entity.row
        return await self._means.store.recall(self._policy.name, kind, keys, state)

    async def _move(self, made: Decisions, beside: Beside | None = None) -> None:
        await self._means.store.move(self._policy, self._lease, self._way(), made, beside)
        self._note_move()
        if made.commands:
            self._dispatcher.wake()

    def _way(self) -> Move:
        return Move(self._stored, self._position, self._head)

    def _note_move(self) -> None:
        self._stored, self._moved_at = self._position, time.monotonic()
        self._pulse.beat()
