"""Reading the log in large stretches where it is settled: no position below a horizon will ever be filled any more.

Whoever drew a position holds ROW EXCLUSIVE on the log until its transaction ends (see `event_log`), and positions are
drawn in order. So when everybody has ended who held the lock after the highest position was seen, each position up to
that one is visible or never will be.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

import asyncpg

from app.infra.db import Pool
from app.infra.event_log import alive_writers

_HIGHEST = "select coalesce(max(position), 0) from write.events"

_READ = """
select position, aggregate_type, aggregate_id, version, type, schema_version, data, metadata, recorded_at
from write.events where position > $1 and position <= $2 and type = any($3) order by position limit $4
"""

_ROWS = 2_000
"""Read at once: enough to spread the cost of a round trip, few enough for their decoding to hold up nobody."""

_POSITIONS = 200_000
"""Looked through at once for the wanted types."""

_KEPT = 8
"""Stretches: how far shards that go side by side may be apart, and still share what is read."""

_LOOK_S = 0.004


@dataclass(frozen=True, slots=True)
class Past:
    """Events of the wanted types, and the position up to which there are no others."""

    rows: Sequence[asyncpg.Record]
    upto: int


class LogPast:
    """The settled part of the log, for all in a process who want these types of events.

    What was read last is there for whoever comes to the same place: shards of one generation go side by side.
    """

    def __init__(self, pool: Pool, types: Collection[str]) -> None:
        self._pool, self._types = pool, list(types)
        self._reads: OrderedDict[int, asyncio.Task[Past]] = OrderedDict()

    async def horizon(self) -> int:
        """A position that was the highest just now, below which everything is settled; waits for who writes now."""
        highest: int = await self._pool.fetchval(_HIGHEST)
        writing = alive = await alive_writers(self._pool)
        while writing & alive:
            await asyncio.sleep(_LOOK_S)
            alive = await alive_writers(self._pool)
            writing &= alive
        return highest

    def forget(self) -> None:
        """Nothing that was read is given to anybody else: the log may be another one."""
        self._reads.clear()

    async def between(self, after: int, horizon: int) -> AsyncIterator[Past]:
        """All that follows a position up to the horizon; the next stretch is read while one is worked on."""
        reading = self._ahead(after, horizon)
        while after < horizon:
            past = await asyncio.shield(reading)
            after = past.upto
            if after < horizon:
                reading = self._ahead(after, horizon)
            yield past

    def _ahead(self, after: int, horizon: int) -> "asyncio.Task[Past]":
        """Begins to read what follows a position, unless somebody has."""
        task = self._reads.get(after)
        if task is None or (task.done() and not _serves(task, horizon)):
            task = self._reads[after] = asyncio.create_task(self._read(after, horizon))
            task.add_done_callback(_noticed)
        while len(self._reads) > _KEPT:
            self._reads.popitem(last=False)
        return task

    async def _read(self, after: int, horizon: int) -> Past:
        upto = min(horizon, after + _POSITIONS)
        rows = await self._pool.fetch(_READ, after, upto, self._types, _ROWS)
        return Past(rows, rows[-1]["position"] if len(rows) == _ROWS else upto)


def _noticed(task: "asyncio.Task[Past]") -> None:
    """Nobody may come for it; what went wrong is raised to whoever does."""
    if not task.cancelled():
        task.exception()


def _serves(task: "asyncio.Task[Past]", horizon: int) -> bool:
    """Whether it has led somewhere, and not beyond what is settled for who asks."""
    return not task.cancelled() and task.exception() is None and task.result().upto <= horizon
