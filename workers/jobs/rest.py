"""Not moving a view with every event while events are many and nobody waits for it.

Moving a shard costs far more than one more event in the same move. So a shard that has moved rests until the next
tick of the clock, unless a reader says that he waits for its view. All shards of a process rest until the same ticks,
and so read and write together; those of another process at other times. Where moves take long, because the machine has
too much to do, each shard rests for longer, and for a time of its own.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.infra.hints import HintListener

TICK_S = 0.05
"""What a view that nobody waits for may be behind for the sake of the others, while the machine has time."""

_SHARE = 3
"""How much longer than it moves a shard rests, if that is longer than until the next tick."""

_LONGEST_S = 0.5


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
        self._wanted, self._phase = wanted, phase
        self._until, self._cut_short = 0.0, False

    @property
    def hurried(self) -> bool:
        """Whether somebody waits for what the shard does since its last rest."""
        return self._cut_short or self._wanted.is_set()

    def begin(self, took_s: float) -> None:
        """The shard has moved, which took so many seconds."""
        ended = time.monotonic()
        ticks = (ended - self._phase) // TICK_S
        tired = _SHARE * took_s > TICK_S
        self._until = ended + min(_LONGEST_S, _SHARE * took_s) if tired else (ticks + 1) * TICK_S + self._phase

    async def over(self) -> None:
        """Until the rest is over, or cut short by a reader."""
        left = self._until - time.monotonic()
        if left > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._wanted.wait()
        self._cut_short = self._wanted.is_set()
        self._wanted.clear()
