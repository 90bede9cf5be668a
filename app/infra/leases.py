"""Who projects which shard: rows of `read.checkpoints` with an epoch, on the database's clock."""

from dataclasses import dataclass
from datetime import timedelta

from app.infra.db import Pool

TTL = timedelta(seconds=3)
"""How long a lease lives without a renewal; renewed every second, so a killed worker is followed within four."""

_ACQUIRE = """
update read.checkpoints
set epoch = epoch + 1, owner = $4, lease_until = clock_timestamp() + $5, heartbeat_at = clock_timestamp()
where view = $1 and generation = $2 and shard = $3 and (lease_until is null or lease_until < clock_timestamp())
returning epoch, position
"""

_RENEW = """
update read.checkpoints
set lease_until = clock_timestamp() + $5, heartbeat_at = clock_timestamp(), state = $6, error = $7,
    head = greatest(head, $8),
    caught_up_at = case when position >= greatest(head, $8) then clock_timestamp() else caught_up_at end
where view = $1 and generation = $2 and shard = $3 and epoch = $4 and position = coalesce($9, position)
returning epoch
"""

_RELEASE = """
update read.checkpoints set lease_until = null, owner = null
where view = $1 and generation = $2 and shard = $3 and epoch = $4
"""

_UNOWNED = """
select view, generation, shard from read.checkpoints
where lease_until is null or lease_until < clock_timestamp()
order by random()
"""


@dataclass(frozen=True, slots=True)
class ShardId:
    """One shard of one generation of a view."""

    view: str
    generation: int
    shard: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a shard, as long as nobody has a higher epoch; `position` is where the flat table stood."""

    shard_id: ShardId
    epoch: int
    position: int


class Leases:
    """Acquires, renews and releases leases in the name of one worker process."""

    def __init__(self, pool: Pool, owner: str) -> None:
        self._pool, self._owner = pool, owner

    async def acquire(self, shard_id: ShardId) -> Lease | None:
        """The lease, or None while another has it."""
        row = await self._pool.fetchrow(_ACQUIRE, *_place(shard_id), self._owner, TTL)
        return Lease(shard_id, row["epoch"], row["position"]) if row else None

    async def renew(
        self,
        lease: Lease,
        *,
        head: int,
        position: int | None = None,
        state: str = "RUNNING",
        error: str | None = None,
    ) -> bool:
        """Prolongs the lease and notes that the loop runs and has seen the log up to `head`.

        False: the lease is lost, or the shard does not stand at the `position` that the loop takes it for. Then
        PostgreSQL was killed, and forgot what it had not written to the disk.
        """
        noted = (state, error, head, position)
        return bool(await self._pool.fetchval(_RENEW, *_place(lease.shard_id), lease.epoch, TTL, *noted))

    async def release(self, lease: Lease) -> None:
        """Gives the lease back before it runs out."""
        await self._pool.execute(_RELEASE, *_place(lease.shard_id), lease.epoch)

    async def unowned(self) -> list[ShardId]:
        """The shards that nobody projects now."""
        rows = await self._pool.fetch(_UNOWNED)
        return [ShardId(row["view"], row["generation"], row["shard"]) for row in rows]


def _place(shard_id: ShardId) -> tuple[str, int, int]:
    return shard_id.view, shard_id.generation, shard_id.shard
