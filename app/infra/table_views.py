"""Views as flat PostgreSQL tables, and the checkpoint that moves with them.

A view's table is named after its generation. Where the view has an entity, its aggregates are in a table beside it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from app.infra.db import Pool
from app.infra.event_log import encode
from app.infra.tables import Stored, Table
from app.kernel.view import Key, View

Row = TypeVar("Row")


class Fenced(Exception):
    """Another worker has the lease, or another generation: this one must stop writing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an apply moves a shard: from one position to another, seen up to `head`, under an epoch."""

    shard: int
    epoch: int
    start: int
    upto: int
    head: int
    event_at: datetime | None


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

    def definitions(self) -> list[str]:
        """The statements that make all tables of this generation."""
        return self.definition() + (self.entities.definition() if self.entities else [])

    async def apply(
        self,
        pool: Pool,
        progress: Progress,
        rows: Mapping[Key, Stored[Row]],
        entities: Mapping[Key, Stored[Any]] | None = None,
    ) -> None:
        """Writes rows and checkpoint in one statement; raises Fenced instead if the epoch or start is not ours."""
        place = (self.view.name, self.generation, progress.shard, progress.epoch, progress.start)
        moving = (*place, progress.upto, progress.head, progress.event_at)
        arrays = self.arrays(progress.shard, rows) if rows else []
        if entities:
            assert self.entities is not None
            arrays += self.entities.arrays(progress.shard, entities)
        moved = await pool.fetchval(self._moving[bool(rows), bool(entities)], *moving, *arrays)
        if moved is None:
            raise Fenced(f"{self.view.name}/{self.generation}/{progress.shard} at epoch {progress.epoch}")

    @cached_property
    def _moving(self) -> Mapping[tuple[bool, bool], str]:
        """The statement, with rows or without, with entities or without."""
        both = (False, True)
        return {(rows, entities): self._move(rows, entities) for rows in both for entities in both}

    def _move(self, rows: bool, entities: bool) -> str:
        """Rows and entities are written if the checkpoint moves, and only then."""
        parts, first = [f"moved as ({_ADVANCE})"], _ADVANCE_PARAMETERS + 1
        if rows:
            parts.append(f"written as ({self.upsert(first, 'moved')})")
            first += self.parameters
        if entities and self.entities:
            parts.append(f"remembered as ({self.entities.upsert(first, 'moved')})")
        return f"with {', '.join(parts)} select * from moved"

    @cached_property
    def select_with_checkpoints(self) -> str:
        """The rows of the keys $1 that are in the shards $2, each with its shard's checkpoint, out of one snapshot.

        A shard with none of them gives one row of nulls.
        """
        rows = f"select * from {self.table} where {self.key} = any($1::{self.columns[0].sql}[])"
        return (
            f"select c.shard as checkpoint_shard, c.position as checkpoint, {self.selected} "
            f"from read.checkpoints c left join ({rows}) present on present.shard = c.shard "
            f"where c.view = '{self.view.name}' and c.generation = {self.generation} and c.shard = any($2::smallint[])"
        )


_ADVANCE = """
update read.checkpoints set position = $6, head = greatest(head, $7), event_at = coalesce($8, event_at),
    heartbeat_at = clock_timestamp(),
    caught_up_at = case when $6 >= $7 then clock_timestamp() else caught_up_at end, state = 'RUNNING', error = null
where view = $1 and generation = $2 and shard = $3 and epoch = $4 and position = $5
returning set_config('synchronous_commit', 'off', true)
"""
"""The commit need not wait for the disk: rows and checkpoint are lost together, and projected again."""

_ADVANCE_PARAMETERS = 8
