"""Views as flat PostgreSQL tables, and the checkpoint that moves with them.

A view's table is named after its generation. Where the view has an entity, its aggregates are in a table beside it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from app.infra.db import Pool
from app.infra.event_log import encode
from app.infra.leases import TTL
from app.infra.tables import Stored, Table
from app.kernel.view import Key, View

Row = TypeVar("Row")


class Fenced(Exception):
    """Another worker has the lease, or another generation: this one must stop writing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an apply moves a shard: from one position to another, seen up to `head`, under an epoch.

    `parked` says that something of the shard is parked afterwards.
    """

    shard: int
    epoch: int
    start: int
    upto: int
    head: int
    event_at: datetime | None
    parked: bool = False


class TableView(Table[Row]):
    """One generation of a view."""

    def __init__(self, view: View[Row], generation: int) -> None:
        indexes = (*view.indexes, "shard, position") if view.in_redis else view.indexes
        super().__init__(f"read.{view.name}__{generation}", view.row, indexes)
        self.view, self.generation = view, generation
        self.entities = self._entities()

    def _entities(self) -> Table[Any] | None:
        entity = self.view.entity
        return Table(f"{self.table}_{entity.name}", entity.row, entity.indexes) if entity else None

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the definition does: columns, indexes, shards, handled events or revision."""
        handled = sorted(f"{each.__name__}/{each.SCHEMA_VERSION}" for each in self.view.handles)
        tables = self.definition("read.view") + (self.entities.definition("read.view") if self.entities else [])
        said = (tables, self.view.shards, handled, self.view.revision)
        return hashlib.sha256(encode(said)).hexdigest()

    async def apply(
        self,
        pool: Pool,
        progress: Progress,
        rows: Mapping[Key, Stored[Row]],
        entities: Mapping[Key, Stored[Any]] | None = None,
    ) -> None:
        """Writes rows and checkpoint in one statement; raises Fenced instead if the epoch or start is not ours."""
        beneath = [*map(self.entities.document, entities.values())] if entities and self.entities else []
        write = self.write(progress, [*map(self.document, rows.values())], beneath)
        statement = moving([*write.documents], patient=True)
        if await pool.fetchval(statement, *parameters([*write.documents], [write])) is None:
            raise write.fenced()

    def write(self, progress: Progress, rows: Sequence[bytes], entities: Sequence[bytes]) -> "Write":
        """What moves a shard; rows and entities as documents."""
        both = zip(self.tables, (rows, entities), strict=False)
        return Write(
            (self.view.name, self.generation, progress.shard, progress.epoch),
            progress,
            {table: documents for table, documents in both if documents},
        )

    @cached_property
    def tables(self) -> Sequence[Table[Any]]:
        """That of the rows, and where the view has an entity, that of its aggregates."""
        return (self, self.entities) if self.entities else (self,)

    @cached_property
    def select_with_checkpoints(self) -> str:
        """The rows of the keys $1 that are in the shards $2, each with its shard's checkpoint, out of one snapshot.

        A shard with none of them gives one row of nulls.
        """
        rows = f"select * from {self.table} where {self.key} = any($1::{self.columns[0].sql}[])"
        return (
            f"select c.shard as checkpoint_shard, c.position as checkpoint, c.parked as checkpoint_parked, "
            f"{self.selected} "
            f"from read.checkpoints c left join ({rows}) present on present.shard = c.shard "
            f"where c.view = '{self.view.name}' and c.generation = {self.generation} and c.shard = any($2::smallint[])"
        )


@dataclass(frozen=True, slots=True)
class Write:
    """What a shard's checkpoint moves with: documents, by where they are written. `epoch` names the shard, too."""

    epoch: tuple[str, int, int, int]
    progress: Progress
    documents: Mapping[Table[Any], Sequence[bytes]]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(document) for documents in self.documents.values() for document in documents)

    def fenced(self) -> Fenced:
        """What to raise when it does not move."""
        return Fenced("{}/{}/{} at epoch {}".format(*self.epoch))


def moving(tables: Sequence[Table[Any]], *, patient: bool, amending: bool = False) -> str:
    """The statement that moves checkpoints of any shards, and writes to these tables what belongs to those that move.

    Its `parameters` are the moves, and then what is to be written of each to which table. A checkpoint that somebody
    else has locked it waits for if it is `patient`, and leaves where it is otherwise. `amending` is as in `upsert`.
    """
    given = "select shard, documents from given where place ="
    parts = [f"written_{n} as ({table.upsert(f'{given} {n}', amending=amending)})" for n, table in enumerate(tables)]
    move = _MOVE.format(locked="" if patient else "skip locked", lease=TTL)
    return f"with {', '.join([move, *parts])} select * from moved"


def parameters(tables: Sequence[Table[Any]], writes: Sequence[Write]) -> list[Any]:
    """The parameters of `moving`."""
    moves = [(*write.epoch, *_way(write.progress)) for write in writes]
    places = {table: place for place, table in enumerate(tables)}
    given = [
        (move, places[table], f"[{b','.join(documents).decode()}]")
        for move, write in enumerate(writes, 1)
        for table, documents in write.documents.items()
    ]
    return [*_columns(moves), *(_columns(given) if given else ([], [], []))]


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [*map(list, zip(*rows, strict=True))]


def _way(progress: Progress) -> tuple[int, int, int, datetime | None]:
    return progress.start, progress.upto, progress.head, progress.event_at


_MOVE = """
asked as (
    select * from unnest($1::text[], $2::integer[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[],
                         $7::bigint[], $8::timestamptz[]) with ordinality
        as a (view, generation, shard, epoch, start, upto, head, event_at, move)
), held as (
    select a.* from asked a join read.checkpoints c using (view, generation, shard)
    order by view, generation, shard for no key update of c {locked}
), moved as (
    update read.checkpoints c set position = h.upto, head = greatest(c.head, h.head),
        event_at = coalesce(h.event_at, c.event_at), heartbeat_at = clock_timestamp(),
        caught_up_at = case when h.upto >= h.head then clock_timestamp() else c.caught_up_at end,
        lease_until = case when c.lease_until is not null then clock_timestamp() + interval '{lease}' end,
        state = 'RUNNING', error = null
    from held h
    where c.view = h.view and c.generation = h.generation and c.shard = h.shard
      and c.epoch = h.epoch and c.position = h.start
    returning c.view, c.generation, c.shard, c.epoch, h.move, set_config('synchronous_commit', 'off', true)
), given as (
    select shard, place, documents
    from moved join unnest($9::bigint[], $10::integer[], $11::jsonb[]) as g (move, place, documents) using (move)
)
"""
"""A move prolongs the lease, unless it was given back meanwhile, since a renewal beside it would wait for its lock.
Locked in one order: two workers, one of them taken for dead, may ask for the same shards at the same time.
The commit need not wait for the disk: rows and checkpoint are lost together, and projected again."""
