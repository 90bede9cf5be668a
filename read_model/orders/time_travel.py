"""An order as it was known at a moment, and its history, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.infra.beneath_entities import Beneath, find
from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored, Table
from app.infra.wanted import Behind, Wanted
from read_model.orders.order_details import OrderDetails
from read_model.orders.order_history import VIEW, HistoryEntry, OrderVersion

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


_VERSIONS: Final = "left join lateral (select * from {versions} present {tail}) present on true"
"""The versions of an order that the tail picks."""

_AS_OF = "where order_id = $1 and recorded_at <= $2 order by order_version desc limit 1"


async def as_of(
    reads: ReadModels, order_id: UUID, moment: datetime, wanted: Wanted
) -> Stored[OrderDetails] | Behind | None:
    """The order as it was known at a moment; None if it was not yet.

    `wanted` is asked of what the view holds now, not of what it held then: so a moment that is not past yet is
    answered as the order itself would be.
    """
    table = reads.table(VIEW)

    def seen(rows: Sequence[asyncpg.Record]) -> Stored[OrderDetails] | None:
        return _snapshot(table.stored(rows[0])) if rows[0]["entry"] is not None else None

    joined = _VERSIONS.format(versions=table.table, tail=_AS_OF)
    found = await find(reads, VIEW, wanted, Beneath(table.selected, joined, [order_id, moment], seen))
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

    def seen(rows: Sequence[asyncpg.Record]) -> tuple[UUID | None, Page[Version]]:
        present = [row for row in rows if row["entry"] is not None]
        return rows[0]["customer_id"], query.page(present, lambda record: _version(table.stored(record)))

    selected, joined = f"latest.customer_id, {table.selected}", _VERSIONS.format(versions=table.table, tail=tail)
    order = f"order by present.order_version {query.direction}"
    found = await find(reads, VIEW, wanted, Beneath(selected, joined, parameters, seen, order))
    if isinstance(found, Behind):
        return found
    return History(*found.stored.row, found.checkpoint) if found.stored else None


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
