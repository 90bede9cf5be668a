"""How far generations have come that are being filled, as their checkpoints tell."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from app.infra.comparing import Comparison
from app.infra.db import Pool

_PROGRESS = """
with seen as (select coalesce(max(head), 0) as head from read.checkpoints)
select g.view, g.generation, g.state, g.only_checked, g.created_at, g.comparison::text as comparison,
       coalesce(avg(c.position), 0)::bigint as done, (select head from seen) as target,
       extract(epoch from coalesce(g.caught_up_at, clock_timestamp()) - g.created_at)::float8 as age_s,
       coalesce(bool_or(c.lease_until > clock_timestamp()), false) as attended,
       string_agg(c.error, '; ') filter (where c.state = 'FAILING') as error
from read.generations g left join read.checkpoints c using (view, generation)
where g.state in ('BUILDING', 'READY') or (g.view, g.generation) in (select * from unnest($1::text[], $2::integer[]))
group by g.view, g.generation order by g.view, g.generation
"""

_WINDOW_S = 10.0
"""Over which events a second are counted."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a generation has come: `done` is how many positions of the log its shards have passed on average.

    `target` is how many there are, `age_s` is how long it took so far, in seconds; `attended` says whether a worker is
    at it now.
    """

    view: str
    generation: int
    state: str
    only_checked: bool
    created_at: datetime
    done: int
    target: int
    age_s: float
    attended: bool
    error: str | None
    comparison: Comparison | None

    @property
    def per_second(self) -> float:
        """Positions a second since it was made."""
        return self.done / self.age_s if self.age_s > 0 else 0.0

    @property
    def under_way(self) -> bool:
        """Whether something is still to be done by itself."""
        return self.state == "BUILDING" or (self.state == "READY" and not self.only_checked)


async def progress(pool: Pool, also: Sequence[tuple[str, int]] = ()) -> list[Progress]:
    """That of every generation that has not been live since it was made, and of these, whatever became of them."""
    rows = await pool.fetch(_PROGRESS, [view for view, _ in also], [number for _, number in also])
    return [_progress(row) for row in rows]


def _progress(row: asyncpg.Record) -> Progress:
    compared = row["comparison"]
    fields = {name: row[name] for name in Progress.__slots__ if name != "comparison"}
    return Progress(**fields, comparison=msgspec.json.decode(compared, type=Comparison) if compared else None)


class Pace:
    """How fast something goes lately, from looks at how far it is."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def at(self, done: int) -> float:
        """What is done now. Returns how much was done a second, 0 as long as that is not known."""
        now = time.monotonic()
        while len(self._looks) > 1 and self._looks[0][0] < now - _WINDOW_S:
            self._looks.popleft()
        self._looks.append((now, done))
        since, first = self._looks[0]
        return (done - first) / (now - since) if now > since else 0.0


def left_s(progress: Progress, per_second: float) -> float | None:
    """How long it will take at this pace until it is there, in seconds; None where nobody knows."""
    return (progress.target - progress.done) / per_second if per_second > 0 else None
