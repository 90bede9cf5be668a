"""Who projects which shard: rows of `read.checkpoints` with an epoch, on the database's clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.infra.db import Pool
from app.infra.together import Together

TTL = timedelta(seconds=3)
"""How long a lease lives without a renewal; renewed every second, so a killed worker is followed within four."""

_ACQUIRE = """
update read.checkpoints
set epoch = epoch + 1, owner = $4, lease_until = clock_timestamp() + $5
where view = $1 and generation = $2 and shard = $3 and (lease_until is null or lease_until < clock_timestamp())
returning epoch, position,
    (select not indexed from read.generations g where g.view = $1 and g.generation = $2) as filling
"""
"""Taking a shard is no heartbeat: one loop that hangs is followed by another each few seconds, and so is that one."""

_RENEW = """
with asked as (
    select * from unnest($1::text[], $2::integer[], $3::smallint[], $4::bigint[], $5::text[], $6::text[],
                         $7::bigint[], $8::bigint[])
        as a (view, generation, shard, epoch, state, error, head, position)
), held as (
    select a.* from asked a join read.checkpoints c using (view, generation, shard)
    order by view, generation, shard for no key update of c skip locked
), renewed as (
update read.checkpoints c
set lease_until = clock_timestamp() + $9, heartbeat_at = clock_timestamp(), state = h.state, error = h.error,
    head = greatest(c.head, h.head),
    caught_up_at = case when c.position >= greatest(c.head, h.head) then clock_timestamp() else c.caught_up_at end
from held h
where c.view = h.view and c.generation = h.generation and c.shard = h.shard
  and c.epoch = h.epoch and c.position = coalesce(h.position, c.position)
returning c.view, c.generation, c.shard, c.epoch
)
select * from renewed
union all
select a.view, a.generation, a.shard, a.epoch from asked a join read.checkpoints c using (view, generation, shard)
where c.epoch = a.epoch and c.position = coalesce(a.position, c.position)
  and not exists (select from held h where (h.view, h.generation, h.shard) = (a.view, a.generation, a.shard))
"""
"""Whoever has locked a row holds up nobody but who needs that row: as far as can be seen it is held still, and it is
asked for again long before it runs out."""

_RELEASE = """
update read.checkpoints set lease_until = null, owner = null
where view = $1 and generation = $2 and shard = $3 and epoch = $4
"""

_UNOWNED = """
select view, generation, shard from read.checkpoints join read.generations g using (view, generation)
where (lease_until is null or lease_until < clock_timestamp())
  and (g.state <> 'KEPT' or not exists (
      select from read.generations n
      where (n.view, n.fingerprint, n.state) = (g.view, g.fingerprint, 'KEPT') and n.activated_at > g.activated_at
  ))
order by random()
"""
"""Of the generations that are kept of one definition, the last is projected, so that going back to it is instant."""


@dataclass(frozen=True, slots=True)
class ShardId:
    """One shard of one generation of a view."""

    view: str
    generation: int
    shard: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a shard, as long as nobody has a higher epoch; `position` is where the flat table stood.

    `filling` says that its generation has no indexes yet, since it is being filled with what the log holds.
    """

    shard_id: ShardId
    epoch: int
    position: int
    filling: bool = False


_Renewal = tuple[str, int, int, int, str, str | None, int, int | None]
"""Place, epoch, state, error, head and position."""


class Leases:
    """Acquires, renews and releases leases in the name of one worker process."""

    def __init__(self, pool: Pool, owner: str) -> None:
        self._pool, self._owner = pool, owner
        self._together = Together(self._renew)

    async def acquire(self, shard_id: ShardId) -> Lease | None:
        """The lease, or None while another has it."""
        row = await self._pool.fetchrow(_ACQUIRE, *_place(shard_id), self._owner, TTL)
        return Lease(shard_id, row["epoch"], row["position"], row["filling"]) if row else None

    async def renew(
        self,
        lease: Lease,
        *,
        head: int,
        position: int | None = None,
        state: str = "RUNNING",
        error: str | None = None,
    ) -> bool:
        """Prolongs the lease, with others, and notes that the loop runs and has seen the log up to `head`.

        False: the lease is lost, or the shard does not stand at the `position` that the loop takes it for. Then
        PostgreSQL was killed, and forgot what it had not written to the disk.
        """
        return await self._together.ask((*_place(lease.shard_id), lease.epoch, state, error, head, position))

    async def _renew(self, asked: Sequence[_Renewal]) -> Sequence[bool]:
        found = await self._pool.fetch(_RENEW, *map(list, zip(*asked, strict=True)), TTL)
        renewed = {tuple(row) for row in found}
        return [each[:4] in renewed for each in asked]

    async def release(self, lease: Lease) -> None:
        """Gives the lease back before it runs out."""
        await self._pool.execute(_RELEASE, *_place(lease.shard_id), lease.epoch)

    async def unowned(self) -> list[ShardId]:
        """The shards that somebody should project and nobody does now."""
        rows = await self._pool.fetch(_UNOWNED)
        return [ShardId(row["view"], row["generation"], row["shard"]) for row in rows]


def _place(shard_id: ShardId) -> tuple[str, int, int]:
    return shard_id.view, shard_id.generation, shard_id.shard
