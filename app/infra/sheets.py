"""Pages of a flat table whose rows need not be there: an answer that was shown lately shows them again as they were.

A row at one position of the log is always the same, in one life of the server. So the rows of a page can be told by
their keys and positions, and fetched when somebody looks at one: what comes then is either the same, or `Changed`.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import asyncpg

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page
from app.infra.tables import Stored
from app.kernel.absent import Absent, Changed
from app.kernel.view import View

Row = TypeVar("Row")


class Entry(Generic[Row]):
    """A row and its place in a list; `told` tells both apart from whatever else either was or will be."""

    __slots__ = ("_sheet", "_value", "record", "told")

    def __init__(self, sheet: "Sheet[Row]", record: asyncpg.Record) -> None:
        self._sheet = sheet
        self._value = record[sheet.ordering.column] if sheet.computes else None
        self.record = record if sheet.whole else None
        self.told = sheet.told, record[0], record["position"], self._value

    @property
    def stored(self) -> Stored[Row]:
        """The row. Raises Absent."""
        if self.record is None:
            raise Absent(self._sheet, self)
        return self._sheet.table.stored(self.record)

    @property
    def cursor(self) -> str:
        """Its place, for clients. Raises Absent."""
        ordering, row = self._sheet.ordering, self.stored.row
        value = self._value if self._sheet.computes else getattr(row, ordering.column)
        return ordering.cursor(value, self.told[1])


class Sheet(Generic[Row]):
    """What a page of a view's table is read as: `whole` rows, or at first their keys and positions alone."""

    def __init__(self, reads: ReadModels, view: View[Row], ordering: Ordering, *, whole: bool) -> None:
        self._reads, self._life = reads, reads.life
        self.table, self.ordering, self.whole = reads.table(view), ordering, whole
        self.told: object = (view.name, ordering.name, self._life)
        self.computes = not self.table.has(ordering.column)

    @property
    def selected(self) -> str:
        """The columns to select of the table named `present`: the key is the first."""
        columns = self.table.selected if self.whole else f"present.{self.table.key}, present.position"
        return f"{columns}, {self.ordering.column}" if self.computes else columns

    async def page(self, query: KeysetQuery, statement: str, parameters: Sequence[Any]) -> Page[Entry[Row]]:
        """The page that a statement with the query's tail finds; it must select `selected`."""
        return self.entries(query, await self._reads.fetch(statement, *parameters))

    def entries(self, query: KeysetQuery, rows: Sequence[asyncpg.Record]) -> Page[Entry[Row]]:
        """The page of these rows, which were read with the query's tail.

        If the server was replaced meanwhile nobody knows of which life they are, so they are like no others.
        """
        if self._life != self._reads.life:
            self.told = object()
        return query.page(rows, lambda record: Entry(self, record))

    async def fetch(self, parts: Sequence[Entry[Row]]) -> None:
        """Brings the rows of these entries, as they were when the page was read. Raises Changed."""
        found = await self._reads.fetch(self.table.select_by_keys, [entry.told[1] for entry in parts])
        records = {(record[0], record["position"]): record for record in found}
        if self._life != self._reads.life or not records.keys() >= {entry.told[1:3] for entry in parts}:
            raise Changed
        for entry in parts:
            entry.record = records[entry.told[1:3]]
