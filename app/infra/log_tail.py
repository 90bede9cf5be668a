"""The end of the log, read once for all the shards of a worker process that stand there.

The rule for a single reader holds for all of them: an event is handed out only if every lower position is visible or
can never be. The tail begins where a shard stood that had been given everything below, and reads on from there with
one LogReader. So its window misses nothing between `since` and `upto`, and whoever stands in between may go on from
it. A shard that stands further back reads with those that are as far behind and want the same events, until it meets
the window.
"""

import asyncio
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from app.infra.db import Pool
from app.infra.event_log import Batch, EventCatalog, LogReader
from app.infra.hints import LOG, HintListener, wait
from app.infra.log_history import LogHistory
from app.infra.stretches import Logged, Stretch
from app.kernel.pulse import Pulse

BATCH = 1_000
"""Events read at once: enough to spread the cost of a commit, few enough to renew the lease between."""

SWEEP_S = 1.0
"""How long the tail waits for a hint before it looks for itself, and a shard for the tail."""

_GAP_S = 0.004
"""How long to let the writers of a gap go on before looking again."""

_TIMERS_MISS_S = 0.002
"""How much too early a timer may go off."""

KEPT_EVENTS = 4_096
KEPT_CHARACTERS = 8_000_000
"""How much the window keeps for shards that are slightly behind; in characters of JSON, decoded it is several times."""


_RECORDED_AT = "select recorded_at from write.events where position = $1"


class LogTail:
    """Reads the end of the log for everybody who waits there, while `follow` runs.

    It outlives a crash of PostgreSQL: what it was shown had been written to the disk before it became visible, and the
    same holds of the sequence's state before any higher position, so that no gap below one is filled later.
    """

    def __init__(
        self,
        pool: Pool,
        catalog: EventCatalog,
        types: Collection[str],
        hints: HintListener,
        pulse: Pulse | None = None,
    ) -> None:
        self._pool, self._catalog, self._types, self._hints = pool, catalog, types, hints
        self.pulse = pulse or Pulse()
        self._window: _Window | None = None
        self._round = _Round()
        self._woken, self._wanted = asyncio.Event(), asyncio.Event()
        self._histories: defaultdict[frozenset[str], LogHistory] = defaultdict(LogHistory)
        self._by_itself = False
        self.unhinted = 0
        """How often a sweep found events before any word of them: it was lost, or overtaken."""

    async def follow(self) -> None:
        """Reads whenever the log moved and somebody waits for it, for ever."""
        try:
            with self._hints.subscribed(LOG) as self._woken:
                while True:
                    self.pulse.rest()
                    await self._wanted.wait()
                    self.pulse.beat()
                    pause_s = await self._advance()
                    hinted = await wait(self._woken, min(pause_s, self._round.left_s))
                    self._by_itself = pause_s == SWEEP_S and not hinted
        finally:
            for history in self._histories.values():
                history.end()

    async def verify(self, position: int) -> None:
        """Begins anew at a position if the window is of another log: a restored backup gives its positions out again.

        To be awaited with every lease, before anything is asked for under it: no lease survives a restored backup.
        """
        for history in self._histories.values():
            history.forget()
        window = self._window
        if window is None or window.upto == 0:
            return
        upto, ends_at = window.upto, window.ends_at
        recorded_at = await self._pool.fetchval(_RECORDED_AT, upto)
        if self._window is window and (recorded_at is None or ends_at not in (None, recorded_at)):
            self._begin(position)

    async def after(self, position: int) -> Stretch | None:
        """What follows a position, to somebody who was given all up to it; nothing, if nothing comes for a sweep.

        None: the window does not reach back so far. Raises what the reading raises that was waited for.
        """
        if self._window is None or position > self._window.upto + BATCH:
            self._begin(position)
        elif position < self._window.upto:
            return self._window.after(position)
        elif position > self._window.upto:
            self._woken.set()
        if not self._wanted.is_set():
            self.pulse.beat()
            self._wanted.set()
        await self._round.ended()
        return self._window.after(position) if self._window else None

    def alone(self, types: Collection[str]) -> "LoneReader":
        """For somebody who is too far back for the window."""
        return LoneReader(LogReader(self._pool, types), self._catalog, self._histories[frozenset(types)])

    def _begin(self, position: int) -> None:
        """Begins anew further on. Whoever waits at the old end goes on alone after this round."""
        self._window = _Window(position, LogReader(self._pool, self._types))
        self._woken.set()

    async def _advance(self) -> float:
        """Reads once, for all who wait. Returns how many seconds to wait for a hint before reading again."""
        window = self._window
        assert window is not None
        try:
            batch = await window.reader.read(window.upto, BATCH)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, and none is left to wait for ever
            self._end_round(error)
            return 0.0
        moved = window.extend(batch, [Logged(self._catalog, row) for row in batch.rows])
        self.unhinted += self._by_itself and bool(batch.rows) and not self._woken.is_set()
        if moved or self._round.over:
            self._end_round()
        return _GAP_S if batch.gap else 0.0 if len(batch.rows) == BATCH else SWEEP_S

    def _end_round(self, error: Exception | None = None) -> None:
        ended, self._round = self._round, _Round()
        self._wanted.clear()
        ended.end(error)


class LoneReader:
    """Reads the log for one consumer that is far behind, and the next stretch while it is busy with the last."""

    def __init__(self, reader: LogReader, catalog: EventCatalog, history: LogHistory) -> None:
        self._reader, self._catalog, self._history = reader, catalog, history
        self._one_at_a_time = asyncio.Lock()

    async def after(self, position: int) -> Stretch:
        """What follows a position; nothing where a gap may yet be filled."""
        found = await self._history.after(position, self._read)
        if len(found.events) > BATCH // 2:
            self._history.ahead(found.upto, self._read)
        return found

    async def _read(self, position: int) -> Stretch:
        async with self._one_at_a_time:
            batch = await self._reader.read(position, BATCH)
        if batch.gap and batch.upto == position:
            await asyncio.sleep(_GAP_S)
        return Stretch([Logged(self._catalog, row) for row in batch.rows], batch.upto, batch.head, position)


class _Window:
    """All events after `since`, up to `upto`: the last that were read, as many as may be kept."""

    def __init__(self, since: int, reader: LogReader) -> None:
        self.reader = reader
        self.since = self.upto = self.head = since
        self._events: list[Logged] = []
        self._size = 0

    @property
    def ends_at(self) -> datetime | None:
        """When the last event was recorded; None where none was seen."""
        return self._events[-1].recorded_at if self._events else None

    def extend(self, batch: Batch, events: Sequence[Logged]) -> bool:
        """Appends what was read after `upto`. Returns whether there was anything."""
        moved, self.upto = batch.upto > self.upto, batch.upto
        self.head = max(self.head, batch.head)
        self._events.extend(events)
        self._size += sum(event.size for event in events)
        self._forget_oldest()
        return moved

    def after(self, position: int) -> Stretch | None:
        """At most a batch of what follows a position; None for one before the window."""
        if position < self.since:
            return None
        first = bisect_right(self._events, position, key=lambda event: event.position)
        events = self._events[first : first + BATCH]
        complete = first + BATCH >= len(self._events)
        upto = max(position, self.upto) if complete else events[-1].position
        return Stretch(events, upto, self.head, position, more=len(events) == BATCH)

    def _forget_oldest(self) -> None:
        forgotten = 0
        while len(self._events) - forgotten > KEPT_EVENTS or self._size > KEPT_CHARACTERS:
            self._size -= self._events[forgotten].size
            forgotten += 1
        if forgotten:
            self.since = self._events[forgotten - 1].position
            del self._events[:forgotten]


class _Round:
    """What all wait for together: the next news, or the end of a sweep without any."""

    def __init__(self) -> None:
        self._until, self._done = time.monotonic() + SWEEP_S, asyncio.Event()
        self._error: Exception | None = None

    @property
    def left_s(self) -> float:
        return max(0.0, self._until - time.monotonic())

    @property
    def over(self) -> bool:
        return self.left_s < _TIMERS_MISS_S

    def end(self, error: Exception | None) -> None:
        self._error = error
        self._done.set()

    async def ended(self) -> None:
        await self._done.wait()
        if self._error is not None:
            raise self._error
