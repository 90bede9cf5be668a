"""What was read last of the log, far behind its end: read once for all shards that want the same events of it.

A stretch tells of positions of which each is visible or can never be, whoever read it. So it serves everybody who
stands within it.
"""

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator

from app.infra.stretches import Stretch

Read = Callable[[int], Awaitable[Stretch]]
"""Reads what follows a position."""

_KEPT = 2
"""Stretches: the one that everybody is at, and the next."""


class LogHistory:
    """The stretches that were read last, for consumers of the same types of events."""

    def __init__(self) -> None:
        self._reads: OrderedDict[int, asyncio.Task[Stretch]] = OrderedDict()
        self._running: set[asyncio.Task[Stretch]] = set()

    async def after(self, position: int, read: Read) -> Stretch:
        """What follows a position: what is left of a stretch that is there, or what `read` gives."""
        for stretch in self._there():
            if position < stretch.upto and (rest := _rest(stretch, position)):
                return rest
        return await asyncio.shield(self.ahead(position, read))

    def ahead(self, position: int, read: Read) -> "asyncio.Task[Stretch]":
        """Begins to read what follows a position, unless that is under way."""
        task = self._reads.get(position)
        if task is None:
            task = self._reads[position] = asyncio.ensure_future(read(position))
            self._running.add(task)
            task.add_done_callback(lambda done: self._ended(position, done))
        while len(self._reads) > _KEPT:
            self._reads.popitem(last=False)
        return task

    def forget(self) -> None:
        """Nothing of what was read is given to anybody any more who does not wait for it already."""
        self._reads.clear()

    def end(self) -> None:
        """Ends what is under way."""
        for task in self._running:
            task.cancel()

    def _there(self) -> Iterator[Stretch]:
        for task in reversed(self._reads.values()):
            if task.done() and not task.cancelled() and task.exception() is None:
                yield task.result()

    def _ended(self, position: int, task: "asyncio.Task[Stretch]") -> None:
        """What failed, or led nowhere, is read again by whoever asks next."""
        self._running.discard(task)
        useless = task.cancelled() or task.exception() is not None or task.result().upto == position
        if useless and self._reads.get(position) is task:
            del self._reads[position]


def _rest(stretch: Stretch, position: int) -> Stretch | None:
    """What follows the position; None where the stretch begins after it."""
    if position < stretch.since:
        return None
    first = bisect_right(stretch.events, position, key=lambda event: event.position)
    return Stretch(stretch.events[first:], stretch.upto, stretch.head, position)
