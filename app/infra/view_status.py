"""How far each view is: position, head, lag and heartbeat, as its checkpoints tell."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from app.infra.db import Pool
from app.kernel.pulse import DEAD_AFTER_S

SHOWN = """(
    select n.generation from read.generations n where n.view = {view} and n.state <> 'PRUNED'
    order by n.state = 'LIVE' desc, n.generation desc limit 1
)"""
"""The generation that is told of: the live one, or where there is none yet the one that is being filled."""

_STATUS = f"""
with seen as (select max(head) as head from read.checkpoints)
select view, generation, count(*) as shards, min(position) as position, (select head from seen) as head,
       min(heartbeat_at) as heartbeat_at, bool_and(heartbeat_at is not null) as all_beat,
       extract(epoch from clock_timestamp() - min(heartbeat_at))::float8 as heartbeat_age_s,
       extract(epoch from clock_timestamp() - min(greatest(event_at, caught_up_at)) filter (
           where position < (select head from seen)
       ))::float8 as lag_s,
       sum(parked) as parked, clock_timestamp() as observed_at,
       json_agg(json_build_object(
           'shard', shard, 'position', position, 'lease_until', lease_until, 'heartbeat_at', heartbeat_at,
           'owner', case when lease_until > clock_timestamp() then owner end, 'parked', parked
       ) order by shard)::text as leases,
       string_agg(error, '; ') filter (where state = 'FAILING') as error,
       array_agg(distinct owner) filter (where owner is not null and lease_until > clock_timestamp()) as owners
from read.checkpoints c
where generation = {SHOWN.format(view="c.view")}
group by view, generation order by view
"""

_SHARDS = f"""
with seen as (select max(head) as head from read.checkpoints)
select c.view, c.generation, c.shard, c.position, seen.head, c.epoch, c.state = 'FAILING' as failing,
       (select count(*) from read.dead_letters d
        where d.consumer = c.view and d.generation = c.generation and d.shard = c.shard) as parked,
       case when c.position < seen.head then extract(
           epoch from clock_timestamp() - coalesce(greatest(c.event_at, c.caught_up_at), g.created_at)
       ) else 0 end::float8 as lag_s,
       extract(epoch from clock_timestamp() - coalesce(c.heartbeat_at, g.created_at))::float8 as heartbeat_age_s,
       greatest(0, extract(epoch from c.lease_until - clock_timestamp()))::float8 as lease_left_s
from seen, read.checkpoints c join read.generations g using (view, generation)
where generation = {SHOWN.format(view="c.view")}
order by view, shard
"""
"""A loop that was never heard of counts from when its generation was made."""


class ShardLease(msgspec.Struct, frozen=True):
    """Who projects a shard, and until when; no owner where nobody does. `parked` counts aggregates."""

    shard: int
    position: int
    owner: str | None
    lease_until: datetime | None
    heartbeat_at: datetime | None
    parked: int


_leases = msgspec.json.Decoder(tuple[ShardLease, ...]).decode


@dataclass(frozen=True, slots=True)
class Status:
    """One view. `state`: FRESH, LAGGING, STALLED (no heartbeat), FAILING; `lag_s`: age of what is shown, in seconds.

    `parked` counts the aggregates of which something could not be projected; `observed_at` is by the database's clock.
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
    parked: int
    observed_at: datetime
    leases: tuple[ShardLease, ...]

    @property
    def events_behind(self) -> int:
        """Log positions up to the head that the slowest shard has yet to pass."""
        return max(0, self.head - self.position)


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One shard of a view's present generation. `lag_s` and the other times are in seconds, `parked` in events."""

    view: str
    generation: int
    shard: int
    position: int
    head: int
    epoch: int
    parked: int
    failing: bool
    lag_s: float
    heartbeat_age_s: float
    lease_left_s: float

    @property
    def events_behind(self) -> int:
        """Log positions up to the head that it has yet to pass."""
        return max(0, self.head - self.position)


class ViewStatus:
    """Reads the status of all views."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def all(self) -> list[Status]:
        """The present generation of every view, by name."""
        return [_status(row) for row in await self._pool.fetch(_STATUS)]

    async def shards(self) -> list[ShardStatus]:
        """Every shard of the present generation of every view, in order."""
        return [ShardStatus(**row) for row in await self._pool.fetch(_SHARDS)]


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
        observed_at=row["observed_at"],
        leases=_leases(row["leases"]),
    )


def _state(row: asyncpg.Record) -> str:
    if row["error"] is not None:
        return "FAILING"
    if not row["all_beat"] or row["heartbeat_age_s"] > DEAD_AFTER_S:
        return "STALLED"
    return "FRESH" if row["position"] >= row["head"] else "LAGGING"
