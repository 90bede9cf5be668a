"""What one shard has parked: which events are held back, and what an operator wants to be done with them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import Final
from uuid import UUID

import structlog

from app.infra.db import Pool
from app.infra.dead_letters import DeadLetters, Failure, Letter, TooManyDeadLetters, blames_the_event
from app.infra.leases import ShardId
from app.infra.stretches import Logged

_log = structlog.get_logger()

LOOK_S = 1.0
"""How often a shard that has parked something looks whether that is to be tried again."""


_PAUSES_S: Final = (0.0, 0.05, 0.25)
"""Before each attempt to apply an event that could not be applied; after the last one it is parked."""

ATTEMPTS: Final = len(_PAUSES_S)


async def failure_of(
    apply: Callable[[], Awaitable[None]], start_over: Callable[[], Awaitable[None]]
) -> Exception | None:
    """What is raised when one event is applied, however often it is tried; None when it is applied.

    `start_over` is awaited after each failure. Raises whatever the event is not to blame for.
    """
    failure: Exception | None = None
    for pause_s in _PAUSES_S:
        await asyncio.sleep(pause_s)
        try:
            await apply()
        except Exception as error:
            if not blames_the_event(error):
                raise
            failure = error
            await start_over()
        else:
            return None
    return failure


class Parking:
    """The aggregates of which something is parked, and the events that are discarded. At most so many aggregates.

    Where a view says what names the sequence of its events (`by`), read what that names for aggregate.
    """

    def __init__(self, pool: Pool, shard_id: ShardId, at_most: int, by: str | None = None) -> None:
        self._shard_id, self._at_most, self.by = shard_id, at_most, by
        self.letters = DeadLetters(pool, shard_id, by)
        self.sequences: set[UUID] = set()
        self.discarded: frozenset[int] = frozenset()
        self._looked = 0.0

    async def load(self) -> None:
        """What was parked under earlier leases."""
        await self._load_sequences()
        self.discarded = await self.letters.discarded()

    def divided(self, events: Sequence[Logged]) -> tuple[Sequence[Logged], Sequence[Letter]]:
        """Those of the view's events that can be applied, and letters of those that must wait behind others."""
        if not self.sequences and not self.discarded:
            return events, ()
        held = {event.position for event in events if event.sequence(self.by) in self.sequences}
        passing = [event for event in events if event.position not in held | self.discarded]
        return passing, [Letter(event.position) for event in events if event.position in held]

    def letter(self, event: Logged, error: Exception, attempts: int) -> Letter:
        """The letter of an event that cannot be applied, told to the log. Raises TooManyDeadLetters at the limit."""
        if len(self.sequences) >= self._at_most:
            raise TooManyDeadLetters(f"{len(self.sequences)} aggregates are parked already, now {error!r}") from error
        failure = Failure.of(error)
        _log.error(
            "event parked",
            view=self._shard_id.view,
            shard=self._shard_id.shard,
            position=event.position,
            sequence=str(event.sequence(self.by)),
            type=event.type,
            correlation_id=event.correlation_id,
            exception=failure.exception,
            error=failure.message,
            place=failure.place,
        )
        return Letter(event.position, failure, attempts)

    async def wanted(self) -> dict[UUID, list[int]]:
        """What an operator wants to be tried again, by aggregate, in order; looked up once a second at most."""
        if not self.sequences or time.monotonic() < self._looked + LOOK_S:
            return {}
        self._looked = time.monotonic()
        wanted = await self.letters.wanted()
        if wanted:
            self.discarded = await self.letters.discarded()
        return wanted

    async def settled(self, positions: Collection[int]) -> AbstractSet[UUID]:
        """Events are done with: the aggregates that may go on, since these were their last parked ones."""
        before = set(self.sequences)
        await self._load_sequences()
        view, shard = self._shard_id.view, self._shard_id.shard
        _log.info("dead letters settled", view=view, shard=shard, positions=sorted(positions))
        return before - self.sequences

    async def _load_sequences(self) -> None:
        """In place: others look at the same set."""
        present = await self.letters.sequences()
        self.sequences.intersection_update(present)
        self.sequences.update(present)
