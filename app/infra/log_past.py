"""Reading the log in large stretches where it is settled: no position below a horizon will ever be filled any more.

Whoever drew a position holds ROW EXCLUSIVE on the log until its transaction ends (see `event_log`), and positions are
drawn in order. So when everybody has ended who held the lock after the highest position was seen, each position up to
that one is visible or never will be.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from app.infra.db import Pool
from app.infra.event_log import COLUMNS, alive_writers
from app.kernel.view import View, own_key

_HIGHEST = "select coalesce(max(position), 0) from write.events"

_READ = f"""
select {COLUMNS}
from write.events where position > $1 and position <= $2 and type = any($3) order by position
"""

_POSITIONS = 2_000
"""Read at once: enough to spread the cost of a round trip, few enough for their decoding to hold up nobody. Stretches
end at multiples of it, so that whoever begins elsewhere soon shares them."""

_AHEAD = 2
"""Stretches that are read while one is worked on: PostgreSQL may be busy with writing what came of those before."""

_KEPT = 8
"""Stretches that are kept: what those who go side by side are apart, and what is read ahead."""

_APART = (_KEPT - _AHEAD - 1) * _POSITIONS
_NEAR = 4 * _KEPT * _POSITIONS
"""Positions: who is further behind than the one is waited for, but not who is further than the other."""

_PATIENCE_S = 1.0
"""How long to wait for the hindmost without anybody moving: something else holds him up."""

_LOOK_S = 0.004


Rows = Sequence[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Past:
    """Events of the wanted types, and the position up to which there are no others."""

    rows: Rows
    upto: int
    _parts: dict[int, list[list[asyncpg.Record]]] = field(default_factory=dict, init=False)

    def of(self, view: View[Any], shard: int) -> Rows:
        """Those that touch a key of the shard, as far as that can be told before they are decoded."""
        if view.keys is not own_key or view.shards == 1:
            return self.rows
        parts = self._parts.get(view.shards)
        if parts is None:
            parts = self._parts[view.shards] = [[] for _ in range(view.shards)]
            for row in self.rows:
                parts[view.shard_of(row["aggregate_id"])].append(row)
        return parts[shard]


class LogPast:
    """The settled part of the log, for all in a process who want these types of events.

    What was read last is there for whoever comes to the same place: shards of one generation go side by side.
    """

    def __init__(self, pool: Pool, types: Collection[str]) -> None:
        self._pool, self._types = pool, list(types)
        self._reads: OrderedDict[int, asyncio.Task[Past]] = OrderedDict()
        self._readers: dict[object, int] = {}
        self._moved = asyncio.Event()

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

    async def between(self, after: int, horizon: int) -> AsyncGenerator[Past]:
        """All that follows a position up to the horizon; the next stretches are read while one is worked on.

        Whoever is ahead waits for who is a little behind, as what was read is still there for him. Close it, or that
        one is waited for.
        """
        reader = object()
        try:
            while after < horizon:
                self._move(reader, after)
                await self._side_by_side(after)
                reading = self._begun(after, horizon)
                self._read_ahead(after, horizon)
                past = await asyncio.shield(reading)
                after = past.upto
                yield past
        finally:
            self._readers.pop(reader, None)
            self._moved.set()

    def _read_ahead(self, after: int, horizon: int) -> None:
        for _ in range(_AHEAD):
            after = _end(after, horizon)
            if after < horizon:
                self._begun(after, horizon)

    def _move(self, reader: object, after: int) -> None:
        self._readers[reader] = after
        self._moved.set()

    async def _side_by_side(self, after: int) -> None:
        """Until nobody near is so far behind that what he needs would be forgotten, or nobody has moved for long."""
        while any(_APART < after - each <= _NEAR for each in self._readers.values()):
            self._moved.clear()
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._moved.wait()
            except TimeoutError:
                return

    def _begun(self, after: int, horizon: int) -> "asyncio.Task[Past]":
        """The reading of what follows a position; begins it, unless somebody has."""
        task = self._reads.get(after)
        if task is None or (task.done() and not _serves(task, horizon)):
            task = self._reads[after] = asyncio.create_task(self._read(after, horizon))
            task.add_done_callback(_noticed)
        while len(self._reads) > _KEPT:
            self._reads.popitem(last=False)
        return task

    async def _read(self, after: int, horizon: int) -> Past:
        upto = _end(after, horizon)
        return Past(await self._pool.fetch(_READ, after, upto, self._types), upto)


def _end(after: int, horizon: int) -> int:
    """Where the stretch ends that begins after a position."""
    return min(horizon, after - after % _POSITIONS + _POSITIONS)


def _noticed(task: "asyncio.Task[Past]") -> None:
    """Nobody may come for it; what went wrong is raised to whoever does."""
    if not task.cancelled():
        task.exception()


def _serves(task: "asyncio.Task[Past]", horizon: int) -> bool:
    """Whether it has led somewhere, and not beyond what is settled for who asks."""
    return not task.cancelled() and task.exception() is None and task.result().upto <= horizon
