"""Policies in PostgreSQL: who runs which, how far it has reacted, what it remembers and what it has decided.

All that follows from a stretch of the log is written in one statement with the checkpoint that moves over it. So what
was decided and not yet dispatched is there after a crash, and what was not written is decided again from the same log.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from app.infra.db import Connection, Pool
from app.infra.event_log import as_json
from app.infra.generations import NotMigrated
from app.infra.leases import TTL
from app.infra.reacting import Decided, Decisions
from app.infra.table_views import Fenced
from app.kernel.policy import History, Policy

_CREATE = """
insert into policy.checkpoints (policy, position, reacts_after)
select $1, case when $2 then head else 0 end, case when $3 then head else 0 end
from (select coalesce(max(position), 0) as head from write.events) as log
on conflict do nothing returning policy
"""
_ACQUIRE = """
update policy.checkpoints
set epoch = epoch + 1, owner = $2, lease_until = clock_timestamp() + $3, heartbeat_at = clock_timestamp()
where policy = $1 and (lease_until is null or lease_until < clock_timestamp())
returning epoch, position, reacts_after
"""
_RELEASE = "update policy.checkpoints set lease_until = null, owner = null where policy = $1 and epoch = $2"
_FAIL = "update policy.checkpoints set state = 'FAILING', error = $3 where policy = $1 and epoch = $2"
_UNOWNED = """
select policy from policy.checkpoints where lease_until is null or lease_until < clock_timestamp() order by random()
"""
_RECALL = "select key, state from policy.memories where policy = $1 and kind = $2 and key = any($3::uuid[])"
_EVENT_IDS = "select position, event_id from write.events where position = any($1::bigint[])"
_KEEP = """
update policy.checkpoints set position = $4, head = greatest(head, $5), state = 'RUNNING', error = null,
    heartbeat_at = clock_timestamp(),
    lease_until = case when lease_until is not null then clock_timestamp() + $6 end
where policy = $1 and epoch = $2 and position = $3
returning policy
"""
_MOVE = f"""
with moved as ({_KEEP}), remembered as (
    insert into policy.memories (policy, kind, key, state)
    select policy, kind, key, state from moved, unnest($7::text[], $8::uuid[], $9::jsonb[]) as m (kind, key, state)
    on conflict (policy, kind, key) do update set state = excluded.state
), withdrawn as (
    update policy.scheduled_commands s set outcome = 'WITHDRAWN', settled_at = clock_timestamp()
    from moved where s.policy = moved.policy and s.aggregate_id = any($10::uuid[]) and s.outcome is null
), scheduled as (
    insert into policy.scheduled_commands (
        policy, command_id, type, aggregate_id, content, position, place, correlation_id, causation_id, due_at, next_at
    )
    select policy, s.*, due_at from moved, unnest(
        $11::uuid[], $12::text[], $13::uuid[], $14::jsonb[], $15::bigint[], $16::smallint[], $17::uuid[], $18::uuid[],
        $19::timestamptz[]
    ) as s (
        command_id, type, aggregate_id, content, position, place, correlation_id, causation_id, due_at
    )
    on conflict (command_id) do nothing
)
select policy from moved
"""
"""What is withdrawn was scheduled before: a statement does not see what it inserts itself."""

_WITHDRAW_ALL = """
update policy.scheduled_commands set outcome = 'WITHDRAWN', settled_at = clock_timestamp()
where policy = $1 and outcome is null
"""
_COMMAND_COLUMNS = 9

Beside = Callable[[Connection], Awaitable[None]]
"""Writes within the transaction that moves a policy."""


@dataclass(frozen=True, slots=True)
class PolicyLease:
    """The right to run a policy, as long as nobody has a higher epoch; and where it stood."""

    policy: str
    epoch: int
    position: int
    reacts_after: int


@dataclass(frozen=True, slots=True)
class Move:
    """From one position to another, seen up to `head`."""

    start: int
    upto: int
    head: int


async def create_missing(connection: Connection, policies: Iterable[Policy[Any]]) -> list[str]:
    """Gives every policy that has none a checkpoint, where its `history` says. Returns their names."""
    found = [
        await connection.fetchval(
            _CREATE, each.name, each.history is History.IGNORED, each.history is not History.REACTED_TO
        )
        for each in policies
    ]
    return [name for name in found if name is not None]


async def require(pool: Pool, policies: Iterable[Policy[Any]]) -> None:
    """Raises NotMigrated when one of them has no checkpoint."""
    known = {row["policy"] for row in await pool.fetch("select policy from policy.checkpoints")}
    for policy in policies:
        if policy.name not in known:
            raise NotMigrated(f"The policy {policy.name} has no checkpoint yet; run `python3 -m app migrate`.")


class PolicyStore:
    """Runs policies in the name of one worker process."""

    def __init__(self, pool: Pool, owner: str) -> None:
        self._pool, self._owner = pool, owner

    async def acquire(self, policy: str) -> PolicyLease | None:
        """The lease, or None while another has it."""
        row = await self._pool.fetchrow(_ACQUIRE, policy, self._owner, TTL)
        return PolicyLease(policy, *row) if row else None

    async def release(self, lease: PolicyLease) -> None:
        """Gives the lease back before it runs out."""
        await self._pool.execute(_RELEASE, lease.policy, lease.epoch)

    async def unowned(self) -> list[str]:
        """The policies that nobody runs now."""
        return [row["policy"] for row in await self._pool.fetch(_UNOWNED)]

    async def fail(self, lease: PolicyLease, error: str) -> None:
        """Notes why the policy does not go on."""
        await self._pool.execute(_FAIL, lease.policy, lease.epoch, error)

    async def recall(self, policy: str, kind: str, keys: Collection[UUID], state: type[Any]) -> Mapping[UUID, Any]:
        """What the policy remembers under these keys; `kind` is ENTITY or ROW."""
        rows = await self._pool.fetch(_RECALL, policy, kind, list(keys)) if keys else []
        return {row["key"]: msgspec.json.decode(row["state"], type=state) for row in rows}

    async def move(
        self, policy: Policy[Any], lease: PolicyLease, way: Move, made: Decisions, beside: Beside | None = None
    ) -> None:
        """Writes what was decided on with the checkpoint, and prolongs the lease; `beside` writes with it.

        Raises Fenced, and writes nothing, if the lease is lost or the policy does not stand at the start.
        """
        decided = await self._rows(policy, made.commands)
        values = (*_remembered(made), list(made.withdrawn), *_columns(decided, _COMMAND_COLUMNS))
        place = (lease.policy, lease.epoch, way.start, way.upto, way.head)
        if beside is None:
            _require_moved(lease, await self._pool.fetchval(_MOVE, *place, TTL, *values))
            return
        async with self._pool.acquire() as connection, connection.transaction():
            _require_moved(lease, await connection.fetchval(_MOVE, *place, TTL, *values))
            await beside(connection)

    async def keep(self, lease: PolicyLease, way: Move) -> None:
        """Moves the checkpoint over what the policy has nothing to do with, and prolongs the lease. Raises Fenced."""
        place = (lease.policy, lease.epoch, way.start, way.upto, way.head)
        _require_moved(lease, await self._pool.fetchval(_KEEP, *place, TTL))

    async def withdraw_all(self, policy: str) -> None:
        """Takes back all that the policy has scheduled."""
        await self._pool.execute(_WITHDRAW_ALL, policy)

    async def _rows(self, policy: Policy[Any], decided: Sequence[Decided]) -> list[tuple[Any, ...]]:
        if not decided:
            return []
        found = await self._pool.fetch(_EVENT_IDS, [each.recorded.position for each in decided])
        event_ids = {row["position"]: row["event_id"] for row in found}
        return [_row(policy, event_ids[each.recorded.position], each) for each in decided]


def _require_moved(lease: PolicyLease, policy: str | None) -> None:
    if policy is None:
        raise Fenced(f"the lease on the policy {lease.policy} is lost, or it is not where it was left")


def _row(policy: Policy[Any], event_id: UUID, decided: Decided) -> tuple[Any, ...]:
    """A scheduled command; it belongs to what the event belongs to, and was caused by the event's command."""
    recorded, command = decided.recorded, decided.command
    belongs_to, caused_by = (recorded.metadata.get(name) or event_id for name in ("correlation_id", "command_id"))
    command_id = policy.command_id(event_id, decided.place)
    said = (command_id, type(command).__name__, command.aggregate_id, as_json(command))
    return (*said, recorded.position, decided.place, belongs_to, caused_by, command.at)


def _remembered(made: Decisions) -> list[list[Any]]:
    entities = [("ENTITY", key, as_json(state)) for key, state in made.entities.items()]
    return _columns([*entities, *(("ROW", key, as_json(state)) for key, state in made.rows.items())], 3)


def _columns(rows: Sequence[Sequence[Any]], number: int) -> list[list[Any]]:
    return [*map(list, zip(*rows, strict=True))] if rows else [[] for _ in range(number)]
