"""An order as it was known at a moment, and its history, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.looking import Look
from app.infra.tables import Stored, Table
from app.infra.wanted import Behind, Wanted
from read_model.orders.order_details import OrderDetails
from read_model.orders.order_history import VIEW, HistoryEntry, OrderVersion

Seen = TypeVar("Seen")

OLDEST_FIRST: Final = Ordering("order_version+", "order_version", "entry", int, descending=False, key_kind=str)


@dataclass(frozen=True, slots=True)
class Version:
    """An entry, with the order as it was then where that was asked for."""

    entry: HistoryEntry
    order: Stored[OrderDetails] | None


@dataclass(frozen=True, slots=True)
class History:
    """A page of an order's history, the oldest first; whose order it is, and how far the view was."""

    customer_id: UUID | None
    page: Page[Version]
    checkpoint: int


def cursor(entry: HistoryEntry) -> str:
    """Where an entry stands in its order's history, for clients."""
    return OLDEST_FIRST.cursor(entry.order_version, entry.entry)


_LOOK = """
select c.position as checkpoint, c.parked, latest.version as latest, latest.position as moved, latest.customer_id,
       {selected}
from read.checkpoints c left join {orders} latest on latest.order_id = $1
     left join lateral (select * from {versions} present {tail}) present on true
where c.view = '{view}' and c.generation = {generation} and c.shard = 0 order by present.order_version
"""
"""The versions of an order that the tail picks, with how far the view and the order are, out of one snapshot."""

_AS_OF = "where order_id = $1 and recorded_at <= $2 order by order_version desc limit 1"


async def as_of(
    reads: ReadModels, order_id: UUID, moment: datetime, wanted: Wanted
) -> Stored[OrderDetails] | Behind | None:
    """The order as it was known at a moment; None if it was not yet.

    `wanted` is asked of what the view holds now, not of what it held then: so a moment that is not past yet is
    answered as the order itself would be.
    """
    table = reads.table(VIEW)

    async def look() -> Look[Stored[OrderDetails] | None]:
        rows = await reads.fetch(_statement(reads, table.selected, _AS_OF), order_id, moment)
        checkpoint, present = _present(rows)
        return checkpoint, _latest(rows, _snapshot(table.stored(present[0])) if present else None), _lacks(rows)

    found = await reads.find(VIEW, order_id, wanted, look)
    if isinstance(found, Behind):
        return found
    return found.stored.row if found.stored else None


async def read(
    reads: ReadModels, order_id: UUID, arguments: PageArguments, wanted: Wanted, *, whole: bool
) -> History | Behind | None:
    """A page of the order's history, forwards; with the order of each version if it is to be `whole`.

    None if there is no such order. Raises MalformedCursor.
    """
    query, parameters = KeysetQuery(OLDEST_FIRST, arguments), list[Any]([order_id])
    tail = query.tail(["order_id = $1"], parameters)
    table = _versions(reads, whole=whole)

    async def look() -> Look[tuple[UUID | None, Page[Version]]]:
        rows = await reads.fetch(_statement(reads, table.selected, tail), *parameters)
        checkpoint, present = _present(rows)
        page = query.page(present, lambda record: _version(table.stored(record)))
        return checkpoint, _latest(rows, (rows[0]["customer_id"], page)) if rows else None, _lacks(rows)

    found = await reads.find(VIEW, order_id, wanted, look)
    if isinstance(found, Behind):
        return found
    return History(*found.stored.row, found.checkpoint) if found.stored else None


def _statement(reads: ReadModels, selected: str, tail: str) -> str:
    table = reads.table(VIEW)
    assert table.entities is not None
    return _LOOK.format(
        selected=selected,
        orders=table.entities.table,
        versions=table.table,
        tail=tail,
        view=VIEW.name,
        generation=table.generation,
    )


def _present(rows: Sequence[asyncpg.Record]) -> tuple[int | None, list[asyncpg.Record]]:
    """The view's checkpoint, None where it has none, and those of the rows that hold a version."""
    return rows[0]["checkpoint"] if rows else None, [row for row in rows if row["entry"] is not None]


def _lacks(rows: Sequence[asyncpg.Record]) -> bool:
    """Whether anything of the view is parked."""
    return bool(rows and rows[0]["parked"])


def _latest(rows: Sequence[asyncpg.Record], seen: Seen) -> Stored[Seen] | None:
    """What was seen, under the version that the view has of the order now; None if there is no such order."""
    if not rows or rows[0]["latest"] is None:
        return None
    return Stored(seen, rows[0]["latest"], rows[0]["moved"])


def _version(stored: Stored[Any]) -> Version:
    return Version(stored.row, _snapshot(stored) if isinstance(stored.row, OrderVersion) else None)


def _snapshot(stored: Stored[OrderVersion]) -> Stored[OrderDetails]:
    return Stored(stored.row.snapshot, stored.row.order_version, stored.position)


def _versions(reads: ReadModels, *, whole: bool) -> Table[Any]:
    table: Table[Any] = reads.table(VIEW)
    return table if whole else _without_orders(table.table)


@lru_cache(8)
def _without_orders(table: str) -> Table[HistoryEntry]:
    """The same table, of which the orders are neither read nor decoded."""
    return Table(table, HistoryEntry, ())
