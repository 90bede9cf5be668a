"""How far whole views have come in the flat tables: asked together, and remembered as long as that proves anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from app.infra.server_lives import ServerLives
from app.infra.sessions import Sessions
from app.infra.table_views import TableView
from app.infra.together import Together
from app.kernel.pulse import DEAD_AFTER_S

_CHECKPOINTS = """
select a.view, count(c.position) as shards, min(c.position) as position,
       (select max(head) from read.checkpoints) as head, sum(c.parked) as parked,
       extract(epoch from clock_timestamp() - min(c.event_at)) as event_age_s,
       extract(epoch from clock_timestamp() - min(c.caught_up_at)) as caught_up_age_s,
       case when bool_and(c.heartbeat_at is not null) then
           extract(epoch from clock_timestamp() - min(c.heartbeat_at))
       end as heartbeat_age_s
from unnest($1::text[], $2::integer[]) as a (view, generation) left join read.checkpoints c using (view, generation)
group by a.view
"""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far a view has come: FRESH (at the head), LAGGING, or STALLED (no loop has been seen for ten seconds).

    `parked` counts the aggregates of which the view lacks something, because it could not be projected.
    """

    state: str
    position: int
    head: int
    lag_s: float
    parked: int = 0

    def as_of(self, position: int) -> "Freshness":
        """Of something that was read when the view was at `position`: just before, or from a Redis that lags.

        `lag_s` stays that of the flat store, since a position does not tell its time.
        """
        state = "LAGGING" if self.state == "FRESH" and position < self.head else self.state
        return replace(self, state=state, position=min(position, self.position))


class Checkpoints:
    """Looks at the checkpoints of views, of several in one statement, and remembers how far they were.

    Within one life of the server a checkpoint only grows, so what was seen proves something for whatever is read
    afterwards from the flat tables in the same life, and for nothing else.
    """

    def __init__(self, sessions: Sessions, tables: Mapping[str, TableView[Any]], lives: ServerLives) -> None:
        self._sessions, self._tables, self.lives = sessions, tables, lives
        self._together: Together[str, asyncpg.Record] = Together(self._look)
        self._seen: dict[str, int] = {}
        self._seen_in = 0

    def known(self, view: str, position: int) -> bool:
        """Whether all shards of the view are known to have reached the position, and to lack nothing."""
        return self.lives.count == self._seen_in > 0 and self._seen.get(view, -1) >= position

    async def freshness(self, view: str, wanted: int) -> Freshness:
        """How far the view is. The log reaches as far as any view has seen it, and at least as far as is wanted."""
        row = await self._together.ask(view)
        if row["shards"] < self._tables[view].view.shards:
            return Freshness("STALLED", -1, row["head"] or 0, 0.0)
        return _freshness(row, max(row["head"], wanted))

    async def _look(self, views: Sequence[str]) -> Sequence[asyncpg.Record]:
        life, names = self.lives.count, list(dict.fromkeys(views))
        rows = await self._sessions.fetch(_CHECKPOINTS, names, [self._tables[name].generation for name in names])
        if life == self.lives.count:
            self._remember(rows)
        found = {row["view"]: row for row in rows}
        return [found[name] for name in views]

    def _remember(self, rows: Sequence[asyncpg.Record]) -> None:
        if self._seen_in != self.lives.count:
            self._seen, self._seen_in = {}, self.lives.count
        for row in rows:
            whole = row["shards"] >= self._tables[row["view"]].view.shards
            self._seen[row["view"]] = row["position"] if whole and not row["parked"] else -1


def _freshness(row: asyncpg.Record, head: int) -> Freshness:
    position = row["position"]
    heartbeat_age = row["heartbeat_age_s"]
    if heartbeat_age is None or heartbeat_age > DEAD_AFTER_S:
        state = "STALLED"
    else:
        state = "FRESH" if position >= head else "LAGGING"
    ages = [float(age) for age in (row["event_age_s"], row["caught_up_age_s"]) if age is not None]
    lag_s = 0.0 if state == "FRESH" else min(ages, default=0.0)
    return Freshness(state, position, head, lag_s, int(row["parked"]))
