"""Moving checkpoints over events that concern nobody, of all the shards of a worker process at once."""

from collections.abc import Sequence
from typing import Any

from app.infra.db import Pool
from app.infra.table_views import Fenced, Progress, TableView
from app.infra.together import Together

_MOVE = """
with asked as (
    select * from unnest($1::text[], $2::integer[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[],
                         $7::bigint[], $8::timestamptz[])
        as a (view, generation, shard, epoch, start, upto, head, event_at)
), held as (
    select a.* from asked a join read.checkpoints c using (view, generation, shard)
    order by view, generation, shard for no key update of c
)
update read.checkpoints c set position = h.upto, head = greatest(c.head, h.head),
    event_at = coalesce(h.event_at, c.event_at), heartbeat_at = clock_timestamp(),
    caught_up_at = case when h.upto >= h.head then clock_timestamp() else c.caught_up_at end,
    state = 'RUNNING', error = null
from held h
where c.view = h.view and c.generation = h.generation and c.shard = h.shard
  and c.epoch = h.epoch and c.position = h.start
returning c.view, c.generation, c.shard, c.epoch, set_config('synchronous_commit', 'off', true)
"""
"""Locked in one order: two workers, one of them taken for dead, may ask for the same shards at the same time."""

_Move = tuple[str, int, Progress]


class Moves:
    """Moves shards that have nothing to write, those that fall together in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._together = Together(self._move)

    async def move(self, table: TableView[Any], progress: Progress) -> None:
        """Moves the checkpoint alone. Raises Fenced if the epoch or start is not ours, whatever the others' are."""
        await self._together.ask((table.view.name, table.generation, progress))

    async def _move(self, moves: Sequence[_Move]) -> Sequence[Fenced | None]:
        rows = [
            (view, generation, to.shard, to.epoch, to.start, to.upto, to.head, to.event_at)
            for view, generation, to in moves
        ]
        found = await self._pool.fetch(_MOVE, *map(list, zip(*rows, strict=True)))
        moved = {tuple(row)[:4] for row in found}
        return [None if row[:4] in moved else Fenced("{}/{}/{} at epoch {}".format(*row)) for row in rows]
