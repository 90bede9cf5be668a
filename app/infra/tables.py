"""Flat tables that derive from structs: a column a field, and beside them version, position and shard.

`version` is the entity's own, `position` that of the last event applied, `shard` the one that owns the row.
"""

import math
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import asyncpg
import msgspec

from app.infra.db import Connection, Pool
from app.infra.text_search import Words
from app.kernel.structs import Struct, names
from app.kernel.view import Key

Row = TypeVar("Row")

_COLUMN_TYPES: Mapping[Any, str] = {
    UUID: "uuid",
    str: "text",
    int: "bigint",
    bool: "boolean",
    Decimal: "numeric",
    datetime: "timestamptz",
    date: "date",
    float: "double precision",
    Words: "tsvector",
}
_MACHINERY = (("version", "bigint"), ("position", "bigint"), ("shard", "smallint"))


class Stored(Struct, Generic[Row], frozen=True):
    """A row as a view holds it: the entity's version and the last event applied."""

    row: Row
    version: int
    position: int


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    sql: str
    hint: Any
    optional: bool

    @property
    def nullable(self) -> bool:
        return self.optional and not self.nested

    @property
    def nested(self) -> bool:
        return self.sql == "jsonb"

    @property
    def value(self) -> str:
        """Of the record `r` that a document was read as; a nested column has the null of JSON, not that of SQL."""
        return f"coalesce(r.{self.name}, 'null')" if self.nested and self.optional else f"r.{self.name}"


_encode = msgspec.json.Encoder(decimal_format="string", order="deterministic").encode
"""A mapping's entries are sorted: PostgreSQL does not give them back in the order in which they were folded."""


class Table(Generic[Row]):
    """A table of rows of one struct, whose first field is the key."""

    def __init__(self, table: str, row: type[Row], indexes: Sequence[str]) -> None:
        self.table, self.row, self.indexes = table, row, indexes
        self.columns = _columns(row)
        self.key = self.columns[0].name

    def definition(self, table: str | None = None) -> list[str]:
        """The statements that make the table."""
        return [self.creation(table), *self.indexing(table)]

    def creation(self, table: str | None = None) -> str:
        """The statement that makes the table, without its indexes."""
        columns = [f"{c.name} {c.sql}{'' if c.nullable else ' not null'}" for c in self.columns]
        columns += [f"{name} {sql} not null" for name, sql in _MACHINERY]
        columns.append(f"primary key ({self.key})")
        return f"create table {table or self.table} ({', '.join(columns)}) with (fillfactor = 80)"

    def indexing(self, table: str | None = None) -> list[str]:
        """The statements that make its indexes."""
        return [f"create index on {table or self.table} {_indexed(index)}" for index in self.indexes]

    def has(self, name: str) -> bool:
        """Whether a row has a column of this name."""
        return any(column.name == name for column in self.columns)

    async def load(self, connection: Connection | Pool, keys: Collection[Key]) -> dict[Key, Stored[Row]]:
        """The stored rows of these keys, as far as there are any."""
        rows = await connection.fetch(self.select_by_keys, list(keys))
        return {row[self.key]: self.stored(row) for row in rows}

    def upsert(self, source: str, *, amending: bool = False) -> str:
        """A statement that writes the rows that `source` gives: shards, with the `documents` of each as a JSON list.

        A row that is there already at the same position or a later one stays as it is; when `amending`, only one at a
        later position.
        """
        older = "<=" if amending else "<"
        names = [*(c.name for c in self.columns), *(name for name, _ in _MACHINERY)]
        values = ", ".join(column.value for column in self.columns)
        columns = ", ".join(f"{c.name} {c.sql}" for c in self.columns)
        updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != self.key)
        return (
            f"insert into {self.table} as present ({', '.join(names)}) "
            f"select {values}, d.version, d.position, given.shard "
            f"from ({source}) as given, "
            f'jsonb_to_recordset(given.documents) as d ("row" jsonb, version bigint, position bigint), '
            f'jsonb_to_record(d."row") as r ({columns}) '
            f"on conflict ({self.key}) do update set {updates} where present.position {older} excluded.position"
        )

    def document(self, stored: Stored[Row]) -> bytes:
        """A row as all stores are given it: JSON, in which a number that is not finite is a text."""
        for name in self._floats:
            if not math.isfinite(getattr(stored.row, name) or 0.0):
                return _encode(Stored(self._with_texts(stored.row), stored.version, stored.position))
        return _encode(stored)

    @cached_property
    def _floats(self) -> list[str]:
        return [column.name for column in self.columns if column.sql == _COLUMN_TYPES[float]]

    def _with_texts(self, row: Row) -> dict[str, Any]:
        values = {column.name: getattr(row, column.name) for column in self.columns}
        strange = {name: str(values[name]) for name in self._floats if not math.isfinite(values[name] or 0.0)}
        return values | strange

    @cached_property
    def selected(self) -> str:
        """The columns of a row, for a select list over the table named `present`."""
        names = [*(c.name for c in self.columns), "version", "position"]
        return ", ".join(f"present.{name}" for name in names)

    @cached_property
    def select_by_keys(self) -> str:
        """The rows of the keys $1."""
        return f"select {self.selected} from {self.table} present where {self.key} = any($1::{self.columns[0].sql}[])"

    def stored(self, record: asyncpg.Record) -> Stored[Row]:
        """A table row as the struct."""
        return self._stored(record)

    @cached_property
    def _stored(self) -> Callable[[asyncpg.Record], Stored[Row]]:
        """Written out for this row: lists make hundreds of them for one answer."""
        nested = {f"decode_{c.name}": msgspec.json.Decoder(c.hint).decode for c in self.columns if c.nested}
        values = (
            f"{c.name}=decode_{c.name}(record[{c.name!r}])" if c.nested else f"{c.name}=record[{c.name!r}]"
            for c in self.columns
        )
        made = f"Stored(Row({', '.join(values)}), record['version'], record['position'])"
        function: Callable[[asyncpg.Record], Stored[Row]] = eval(  # noqa: S307 - of the names of a struct's fields
            f"lambda record: {made}", {"Stored": Stored, "Row": self.row, **nested}
        )
        return function


def _indexed(index: str) -> str:
    return index if index.startswith("using ") else f"({index})"


def _columns(row: type) -> list[_Column]:
    hints = get_type_hints(row)
    return [_column(name, hints[name]) for name in names(row)]


def _column(name: str, hint: Any) -> _Column:
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kinds = [member for member in members if member is not type(None)]
    sql = _COLUMN_TYPES.get(kinds[0], "jsonb") if len(kinds) == 1 else "jsonb"
    if isinstance(kinds[0], type) and issubclass(kinds[0], str):
        sql = "text"
    return _Column(name, sql, hint, optional=type(None) in members)
