"""Carries the plan out through the command bus; running it again goes on where it stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Protocol
from uuid import UUID

from app.garbage import settle
from app.kernel.errors import Busy, Refusal
from app.kernel.messages import Command, Envelope, Principal, Receipt, Role
from app.online_retail import books
from app.online_retail.account import Account, account
from app.online_retail.plan import Plan, Refused, plan
from app.online_retail.progress import Reporter
from app.online_retail.steps import Step, command_id

AT_ONCE = 16

_LOOKED_UP_AT_ONCE = 1_000
_ATTEMPTS_WHEN_BUSY = 5
_PAUSE_WHEN_BUSY_S = 1.0
_ACTOR = Principal("import", frozenset({Role.OPERATOR}))


class Dispatcher(Protocol):
    """The command bus."""

    async def dispatch(self, command: Command, envelope: Envelope) -> Receipt:
        """Carries the command out, once. Raises a Refusal."""


Accepted = Callable[[Sequence[tuple[Command, Envelope]]], Awaitable[set[UUID]]]
"""Says which of these commands were accepted before with the same content, by their ids."""

CaughtUp = Callable[[], Awaitable[None]]
"""Waits until the views show everything that was written so far."""


async def run(
    file: Path,
    bus: Dispatcher,
    accepted: Accepted,
    caught_up: CaughtUp,
    progress: Reporter,
    *,
    at_once: int = AT_ONCE,
) -> Account:
    """Imports the books and settles the account. Raises BookError, before anything is written.

    What a command is refused for stands in the account; any other error ends the run,
    which can be run again.
    """
    progress.begin("Reading the books")
    planned, correlation_id = await asyncio.to_thread(_prepared, file)
    importing = _Import(bus, correlation_id, planned, progress)
    known = await importing.look_up(accepted)
    await importing.dispatch((step for step in planned.steps if step.command_id not in known), at_once)
    progress.begin("Waiting for the views")
    await caught_up()
    return account(planned, importing.refused, len(known))


def _prepared(file: Path) -> tuple[Plan, UUID]:
    planned = plan(books.read(file))
    settle()
    return planned, command_id(f"file/{sha256(file.read_bytes()).hexdigest()}")


class _Import:
    def __init__(self, bus: Dispatcher, correlation_id: UUID, planned: Plan, progress: Reporter) -> None:
        self.refused: list[Refused] = []
        self._bus, self._correlation_id, self._progress = bus, correlation_id, progress
        self._steps, self._total = planned.steps, len(planned.kinds)
        self._completes = _completes(planned.steps)
        self._running: dict[UUID, asyncio.Event] = {}

    async def look_up(self, accepted: Accepted) -> set[UUID]:
        """The ids of the commands that an earlier run got accepted."""
        self._progress.begin("Looking up what is there", sum(self._completes.values()))
        known: set[UUID] = set()
        for chunk in _chunks(self._steps):
            known |= await accepted([(step.command, self._envelope(step)) for step in chunk])
            self._advance(chunk)
        return known

    async def dispatch(self, steps: Iterable[Step], at_once: int) -> None:
        """Starts the steps in their order, so that what a step waits for always runs already, or is done."""
        missing = list(steps)
        self._progress.begin("Importing", self._total)
        left = sum(self._completes[step.command_id] for step in missing)
        self._progress.advance(self._total - left)
        queue = iter(missing)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(at_once):
                    workers.create_task(self._work(queue))
        except ExceptionGroup as errors:
            # What ended one of them ended all; callers need not know that there were several.
            raise errors.exceptions[0] from errors

    async def _work(self, queue: Iterator[Step]) -> None:
        for step in queue:
            done = self._running[step.command_id] = asyncio.Event()
            for need in step.needs:
                if need in self._running:
                    await self._running[need].wait()
            await self._try(step)
            del self._running[step.command_id]
            done.set()
            self._advance([step])

    async def _try(self, step: Step) -> None:
        try:
            await self._insist(step)
        except Refusal as refusal:
            self.refused.append(Refused(step.key, refusal.code, refusal.message, step.lines))

    async def _insist(self, step: Step) -> None:
        for _ in range(_ATTEMPTS_WHEN_BUSY - 1):
            try:
                await self._bus.dispatch(step.command, self._envelope(step))
            except Busy:
                await asyncio.sleep(_PAUSE_WHEN_BUSY_S)
            else:
                return
        await self._bus.dispatch(step.command, self._envelope(step))

    def _envelope(self, step: Step) -> Envelope:
        return Envelope(command_id=step.command_id, actor=_ACTOR, correlation_id=self._correlation_id)

    def _advance(self, steps: Iterable[Step]) -> None:
        self._progress.advance(sum(self._completes[step.command_id] for step in steps))


def _completes(steps: Sequence[Step]) -> dict[UUID, int]:
    """By command id, how many lines have this as the last command that carries them."""
    last = {line: step.command_id for step in steps for line in step.lines}
    completes = {step.command_id: 0 for step in steps}
    for command in last.values():
        completes[command] += 1
    return completes


def _chunks(steps: Iterable[Step]) -> Iterator[list[Step]]:
    rest = iter(steps)
    while chunk := list(islice(rest, _LOOKED_UP_AT_ONCE)):
        yield chunk
