"""Not moving a view with every event while events are many and nobody waits for it.

Moving a shard costs far more than one more event in the same move. So a shard that has moved rests until the next
tick of the clock, unless a reader says that he waits for its view. All shards of a process rest until the same ticks,
and so read and write together; those of another process at other times.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.infra.hints import HintListener, wait

TICK_S = 0.05
"""What a view that nobody waits for may be behind for the sake of the others."""


class Rest:
    """The rest of all shards of a worker process."""

    def __init__(self, hints: HintListener) -> None:
        self._hints, self._phase = hints, random.uniform(0, TICK_S)

    @contextmanager
    def of(self, view: str) -> Iterator["Resting"]:
        """That of a shard of this view."""
        with self._hints.subscribed(view) as wanted:
            yield Resting(wanted, self._phase)


class Resting:
    """The rest of one shard."""

    def __init__(self, wanted: asyncio.Event, phase: float) -> None:
        self._wanted, self._phase, self._until = wanted, phase, 0.0

    def begin(self) -> None:
        """The shard moves: it is to rest until the next tick."""
        ticks = (time.monotonic() - self._phase) // TICK_S
        self._until = (ticks + 1) * TICK_S + self._phase

    async def over(self) -> None:
        """Until the rest is over, or cut short by a reader."""
        left = self._until - time.monotonic()
        if left > 0:
            await wait(self._wanted, left)
        self._wanted.clear()
