"""How far each policy is: position, head and heartbeat, as its checkpoint tells, and what it has scheduled."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.infra.db import Pool
from app.kernel.pulse import DEAD_AFTER_S

_STATUS = """
with seen as (
    select greatest((select max(head) from read.checkpoints), (select max(head) from policy.checkpoints)) as head
), open as (
    select policy, count(*) as scheduled, count(*) filter (where attempts > 0) as failing, min(next_at) as next_at
    from policy.scheduled_commands where outcome is null group by policy
), parked as (
    select consumer as policy, count(distinct sequence) as parked from read.dead_letters
    where consumer = any($1) group by consumer
)
select policy, coalesce(position, 0) as position, coalesce(seen.head, 0) as head, state, error, heartbeat_at,
       extract(epoch from clock_timestamp() - heartbeat_at)::float8 as heartbeat_age_s,
       case when lease_until > clock_timestamp() then owner end as owner,
       coalesce(scheduled, 0) as scheduled, coalesce(failing, 0) as failing, next_at,
       coalesce(parked, 0) as parked
from unnest($1::text[]) as asked (policy) cross join seen
left join policy.checkpoints using (policy) left join open using (policy) left join parked using (policy)
order by policy
"""


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """One policy. `state`: FRESH, LAGGING, STALLED (no heartbeat), FAILING (`error` says at what).

    Of its commands so many are `scheduled`, the next of them at `next_at`; so many of these are `failing`, and are
    tried again. `parked` counts the aggregates of which something could not be reacted to.
    """

    policy: str
    position: int
    head: int
    state: str
    heartbeat_at: datetime | None
    owner: str | None
    error: str | None
    scheduled: int
    failing: int
    next_at: datetime | None
    parked: int


async def policy_statuses(pool: Pool, policies: Collection[str]) -> list[PolicyStatus]:
    """The status of these policies, by name; one without a checkpoint is STALLED."""
    return [_status(row) for row in await pool.fetch(_STATUS, list(policies))]


def _status(row: asyncpg.Record) -> PolicyStatus:
    return PolicyStatus(
        policy=row["policy"],
        position=row["position"],
        head=row["head"],
        state=_state(row),
        heartbeat_at=row["heartbeat_at"],
        owner=row["owner"],
        error=row["error"],
        scheduled=row["scheduled"],
        failing=row["failing"],
        next_at=row["next_at"],
        parked=row["parked"],
    )


def _state(row: asyncpg.Record) -> str:
    if row["state"] == "FAILING":
        return "FAILING"
    if row["heartbeat_age_s"] is None or row["heartbeat_age_s"] > DEAD_AFTER_S:
        return "STALLED"
    return "FRESH" if row["position"] >= row["head"] else "LAGGING"
