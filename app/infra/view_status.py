"""How far each view is: position, head, lag and heartbeat, as its checkpoints tell."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.infra.db import Pool

_STATUS = """
with seen as (select max(head) as head from read.checkpoints)
select view, generation, count(*) as shards, min(position) as position, (select head from seen) as head,
       min(heartbeat_at) as heartbeat_at, bool_and(heartbeat_at is not null) as all_beat,
       extract(epoch from clock_timestamp() - min(heartbeat_at))::float8 as heartbeat_age_s,
       extract(epoch from clock_timestamp() - min(event_at) filter (
           where position < (select head from seen)
       ))::float8 as lag_s,
       sum(parked) as parked,
       string_agg(error, '; ') filter (where state = 'FAILING') as error,
       array_agg(distinct owner) filter (where owner is not null and lease_until > clock_timestamp()) as owners
from read.checkpoints c
where generation = (
    select generation from read.generations g where g.view = c.view and g.state <> 'PRUNED'
    order by g.state = 'LIVE' desc, generation desc limit 1
)
group by view, generation order by view
"""

DEAD_AFTER_S = 10.0
"""A loop that has not been heard of for so long is taken for dead, whatever its lag seems to be."""


@dataclass(frozen=True, slots=True)
class Status:
    """One view. `state`: FRESH, LAGGING, STALLED (no heartbeat), FAILING; `lag_s`: age of what is shown, in seconds.

    `parked` counts the aggregates of which something could not be projected.
    """

    view: str
    generation: int
    shards: int
    position: int
    head: int
    state: str
    lag_s: float
    heartbeat_at: datetime | None
    owners: tuple[str, ...]
    error: str | None
    parked: int = 0

    @property
    def events_behind(self) -> int:
        """Log positions up to the head that the slowest shard has yet to pass."""
        return max(0, self.head - self.position)


class ViewStatus:
    """Reads the status of all views."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def all(self) -> list[Status]:
        """The present generation of every view, by name."""
        return [_status(row) for row in await self._pool.fetch(_STATUS)]


def _status(row: asyncpg.Record) -> Status:
    return Status(
        view=row["view"],
        generation=row["generation"],
        shards=row["shards"],
        position=row["position"],
        head=row["head"],
        state=_state(row),
        lag_s=max(0.0, row["lag_s"] or 0.0),
        heartbeat_at=row["heartbeat_at"],
        owners=tuple(row["owners"] or ()),
        error=row["error"],
        parked=int(row["parked"]),
    )


def _state(row: asyncpg.Record) -> str:
    if row["error"] is not None:
        return "FAILING"
    if not row["all_beat"] or row["heartbeat_age_s"] > DEAD_AFTER_S:
        return "STALLED"
    return "FRESH" if row["position"] >= row["head"] else "LAGGING"
