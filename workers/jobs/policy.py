"""Running one policy, for as long as its lease lasts."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.infra.bus import Bus
from app.infra.log_tail import LogTail
from app.infra.policy_store import Move, PolicyLease, PolicyStore
from app.infra.reacting import Decisions, Seen, decide, rows_of, see
from app.infra.schedule import Schedule
from app.infra.stretches import Stretch
from app.kernel.messages import Event, Recorded
from app.kernel.policy import Policy
from workers.ending import end
from workers.jobs.rest import Rest
from workers.jobs.schedule import Dispatcher
from workers.jobs.shard import RENEW_S

_NOTHING = Decisions()


@dataclass(frozen=True)
class Means:
    """What all policies of a worker process have in common."""

    store: PolicyStore
    schedule: Schedule
    bus: Bus
    tail: LogTail
    rest: Rest


class PolicyRunner:
    """Takes the log after the policy's checkpoint and writes down what is to be done; beside it, has that done."""

    def __init__(self, policy: Policy[Any], means: Means, lease: PolicyLease) -> None:
        self._policy, self._means, self._lease = policy, means, lease
        self._handled = frozenset(each.__name__ for each in policy.handles)
        self._alone = means.tail.alone(self._handled)
        self._position = self._stored = self._head = lease.position
        self._moved_at = time.monotonic()
        self._dispatcher = Dispatcher(policy, means.schedule, means.bus)

    async def run(self, until: float) -> None:
        """Runs until the monotonic clock says so. Raises Fenced when another worker has taken over, or CannotReact."""
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
        await self._dispatcher.run()

    async def _react(self, until: float) -> None:
        await self._means.tail.verify(self._position)
        with self._means.rest.of(f"policy:{self._policy.name}") as resting:
            while time.monotonic() < until:
                await resting.over()
                near = await self._means.tail.after(self._position)
                read = near or await self._alone.after(self._position)
                began = time.monotonic()
                await self._take(read)
                if near and not near.more:
                    resting.begin(time.monotonic() - began)

    async def _take(self, read: Stretch) -> None:
        """The checkpoint moves over what the policy does not handle, too, but not with every event of that kind."""
        self._head = max(self._head, read.head)
        for part in read.parts():
            events = [event.recorded() for event in part.events if event.type in self._handled]
            made = await self._decided(events) if events else _NOTHING
            self._position = max(self._position, part.upto)
            if events or time.monotonic() - self._moved_at >= RENEW_S:
                await self._move(made)

    async def _decided(self, events: Sequence[Recorded[Event]]) -> Decisions:
        policy = self._policy
        seen = await self._seen(events)
        rows = await self._recalled("ROW", rows_of(policy, seen))
        return decide(policy, seen, rows, self._lease.reacts_after)

    async def _seen(self, events: Sequence[Recorded[Event]]) -> Seen:
        return see(self._policy, events, await self._recalled("ENTITY", {event.aggregate_id for event in events}))

    async def _recalled(self, kind: str, keys: set[Any]) -> Any:
        memory = self._policy.memory
        if memory is None:
            return {}
        state = memory.row if kind == "ROW" else memory.entity.row
        return await self._means.store.recall(self._policy.name, kind, keys, state)

    async def _move(self, made: Decisions) -> None:
        way = Move(self._stored, self._position, self._head)
        await self._means.store.move(self._policy, self._lease, way, made)
        self._stored, self._moved_at = self._position, time.monotonic()
        if made.commands:
            self._dispatcher.wake()
