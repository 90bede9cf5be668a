"""Views as flat PostgreSQL tables: definition, rows in and out, and the checkpoint that moves with them.

A view's table is named after its generation and derives from its row's dataclass: a column a field, and beside them
the `version` of the entity, the log `position` of the last event applied, and the `shard` that owns the row.
"""

import hashlib
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import asyncpg
import msgspec

from app.infra.db import Connection, Pool
from app.infra.event_log import encode
from app.kernel.view import Key, View

Row = TypeVar("Row")

_COLUMN_TYPES: Mapping[type, str] = {
    UUID: "uuid",
    str: "text",
    int: "bigint",
    bool: "boolean",
    Decimal: "numeric",
    datetime: "timestamptz",
    date: "date",
    float: "double precision",
}
_MACHINERY = (("version", "bigint"), ("position", "bigint"), ("shard", "smallint"))


class Fenced(Exception):
    """Another worker has the lease, or another generation: this one must stop writing."""


@dataclass(frozen=True, slots=True)
class Stored(Generic[Row]):
    """A row as a view holds it: the entity's version and the last event applied."""

    row: Row
    version: int
    position: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an apply moves a shard: from one position to another, seen up to `head`, under an epoch."""

    shard: int
    epoch: int
    start: int
    upto: int
    head: int
    event_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    sql: str
    hint: Any
    nullable: bool

    @property
    def nested(self) -> bool:
        return self.sql == "jsonb"


class TableView(Generic[Row]):
    """One generation of a view's table."""

    def __init__(self, view: View[Row], generation: int) -> None:
        self.view, self.generation = view, generation
        self.table = f"read.{view.name}__{generation}"
        self.columns = _columns(view.row)

    # Definition

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the definition does: columns, indexes, shards, handled events or revision."""
        handled = sorted(f"{each.__name__}/{each.SCHEMA_VERSION}" for each in self.view.handles)
        said = (self.definition("read.view"), self.view.shards, handled, self.view.revision)
        return hashlib.sha256(encode(said)).hexdigest()

    def definition(self, table: str | None = None) -> list[str]:
        """The statements that make the table."""
        table = table or self.table
        columns = [f"{c.name} {c.sql}{'' if c.nullable else ' not null'}" for c in self.columns]
        columns += [f"{name} {sql} not null" for name, sql in _MACHINERY]
        create = f"create table {table} ({', '.join(columns)}, primary key ({self.view.key})) with (fillfactor = 80)"
        indexes = (*self.view.indexes, "shard, position") if self.view.documents else self.view.indexes
        return [create, *(f"create index on {table} {_indexed(index)}" for index in indexes)]

    # Projecting

    async def load(self, connection: Connection | Pool, keys: Collection[Key]) -> dict[Key, Stored[Row]]:
        """The stored rows of these keys, as far as there are any."""
        rows = await connection.fetch(self._select_by_keys, list(keys))
        return {row[self.view.key]: self.stored(row) for row in rows}

    async def apply(self, pool: Pool, progress: Progress, rows: Mapping[Key, Stored[Row]]) -> None:
        """Writes rows and checkpoint in one statement; raises Fenced instead if the epoch or start is not ours."""
        place = (self.view.name, self.generation, progress.shard, progress.epoch, progress.start)
        moving = (*place, progress.upto, progress.head, progress.event_at)
        if rows:
            moved = await pool.fetchval(self._advance_and_upsert, *moving, *self._arrays(progress.shard, rows))
        else:
            moved = await pool.fetchval(_ADVANCE, *moving)
        if moved is None:
            raise Fenced(f"{self.view.name}/{self.generation}/{progress.shard} at epoch {progress.epoch}")

    def _arrays(self, shard: int, rows: Mapping[Key, Stored[Row]]) -> list[list[Any]]:
        values = list(rows.values())
        arrays = [self._array(column, [stored.row for stored in values]) for column in self.columns]
        machinery = [[s.version for s in values], [s.position for s in values], [shard] * len(values)]
        return [*arrays, *machinery]

    @staticmethod
    def _array(column: _Column, rows: Sequence[Row]) -> list[Any]:
        values = [getattr(row, column.name) for row in rows]
        return [encode(value).decode() for value in values] if column.nested else values

    @cached_property
    def _advance_and_upsert(self) -> str:
        """The rows are written if the checkpoint moves, and only then."""
        names = [*(c.name for c in self.columns), *(name for name, _ in _MACHINERY)]
        types_ = [*(c.sql for c in self.columns), *(sql for _, sql in _MACHINERY)]
        arrays = ", ".join(f"${n}::{sql}[]" for n, sql in enumerate(types_, _ADVANCE_PARAMETERS + 1))
        updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != self.view.key)
        return (
            f"with moved as ({_ADVANCE}), written as ("
            f"insert into {self.table} as present ({', '.join(names)}) "
            f"select u.* from moved, unnest({arrays}) as u "
            f"on conflict ({self.view.key}) do update set {updates} where present.position < excluded.position"
            f") select * from moved"
        )

    # Reading

    @cached_property
    def selected(self) -> str:
        """The columns of a row, for a select list over the table named `present`."""
        names = [*(c.name for c in self.columns), "version", "position"]
        return ", ".join(f"present.{name}" for name in names)

    @cached_property
    def _select_by_keys(self) -> str:
        return (
            f"select {self.selected} from {self.table} present where {self.view.key} = any($1::{self.columns[0].sql}[])"
        )

    @cached_property
    def select_with_checkpoint(self) -> str:
        """One key's row, if it is there, with the checkpoint of its shard, out of one snapshot."""
        return (
            f"select c.position as checkpoint, {self.selected} from read.checkpoints c "
            f"left join {self.table} present on present.{self.view.key} = $1 "
            f"where c.view = '{self.view.name}' and c.generation = {self.generation} and c.shard = $2"
        )

    def stored(self, record: asyncpg.Record) -> Stored[Row]:
        """A table row as the view's row."""
        values = {column.name: read(record[column.name]) for column, read in self._readers}
        return Stored(self.view.row(**values), record["version"], record["position"])

    @cached_property
    def _readers(self) -> list[tuple[_Column, Callable[[Any], Any]]]:
        return [
            (column, msgspec.json.Decoder(column.hint).decode if column.nested else _as_it_is)
            for column in self.columns
        ]


_ADVANCE = """
update read.checkpoints set position = $6, head = greatest(head, $7), event_at = coalesce($8, event_at),
    heartbeat_at = clock_timestamp(),
    caught_up_at = case when $6 >= $7 then clock_timestamp() else caught_up_at end, state = 'RUNNING', error = null
where view = $1 and generation = $2 and shard = $3 and epoch = $4 and position = $5
returning set_config('synchronous_commit', 'off', true)
"""
"""The commit need not wait for the disk: rows and checkpoint are lost together, and projected again."""

_ADVANCE_PARAMETERS = 8


def _indexed(index: str) -> str:
    return index if index.startswith("using ") else f"({index})"


def _as_it_is(value: Any) -> Any:
    return value


def _columns(row: type) -> list[_Column]:
    assert is_dataclass(row)
    hints = get_type_hints(row)
    return [_column(f.name, hints[f.name]) for f in fields(row)]


def _column(name: str, hint: Any) -> _Column:
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kinds = [member for member in members if member is not type(None)]
    sql = _COLUMN_TYPES.get(kinds[0], "jsonb") if len(kinds) == 1 else "jsonb"
    if isinstance(kinds[0], type) and issubclass(kinds[0], str):
        sql = "text"
    return _Column(name, sql, hint, nullable=type(None) in members and sql != "jsonb")
