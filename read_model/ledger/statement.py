"""An account's past: its history page by page, its balance at any moment, and statements of periods."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.infra.beneath_entities import Beneath, find
from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.wanted import Behind, Wanted
from read_model.ledger.account_history import VIEW, HistoryEntry

NEWEST_FIRST: Final = Ordering("account_version-", "account_version", "entry", int, descending=True, key_kind=str)
OLDEST_FIRST: Final = Ordering("account_version+", "account_version", "entry", int, descending=False, key_kind=str)


@dataclass(frozen=True, slots=True)
class History:
    """Entries of an account, and whose it is; `checkpoint` is how far the view was."""

    owner_id: UUID
    page: Page[HistoryEntry]
    checkpoint: int


@dataclass(frozen=True, slots=True)
class BalanceAt:
    """What an account held at a moment, after its version of then; version 0 and zero before it was opened."""

    owner_id: UUID
    currency: str
    balance: Decimal
    version: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account held when a period began and when it ended, and what happened in it, the oldest first."""

    opening: BalanceAt
    closing: BalanceAt
    page: Page[HistoryEntry]
    checkpoint: int


def cursor(ordering: Ordering, entry: HistoryEntry) -> str:
    """Where an entry stands in a list of this order, for clients."""
    return ordering.cursor(entry.account_version, entry.entry)


_ACCOUNT: Final = "latest.owner_id, latest.currency as held_in"
_BEFORE: Final = """
left join lateral (
    select balance, account_version as version from {entries}
    where account_id = $1 and booked_at {compare} ${moment}
    order by booked_at desc, account_version desc limit 1
) as {name} on true
"""
"""The last entry before a moment, or up to it: a look at one end of a stretch of the index."""

_ENTRIES: Final = "left join lateral (select * from {entries} as present {tail}) as present on true"


async def history(
    reads: ReadModels, account_id: UUID, arguments: PageArguments, wanted: Wanted
) -> History | Behind | None:
    """A page of what happened, the newest first; None if there is no such account. Raises MalformedCursor."""
    query, parameters, table = KeysetQuery(NEWEST_FIRST, arguments), list[Any]([account_id]), reads.table(VIEW)
    joined = _ENTRIES.format(entries=table.table, tail=query.tail(["account_id = $1"], parameters))

    def seen(rows: Sequence[asyncpg.Record]) -> tuple[UUID, Page[HistoryEntry]]:
        return rows[0]["owner_id"], _page(reads, query, rows)

    entries = Beneath(f"{_ACCOUNT}, {table.selected}", joined, parameters, seen, _in_order(query))
    found = await find(reads, VIEW, wanted, entries)
    if isinstance(found, Behind):
        return found
    return History(*found.stored.row, found.checkpoint) if found.stored else None


async def balance_at(
    reads: ReadModels, account_id: UUID, moment: datetime, wanted: Wanted
) -> BalanceAt | Behind | None:
    """What the account held at the end of a moment; None if there is no such account.

    `wanted` is asked of what the view holds now: a moment that is not past yet is answered as now.
    """
    joined = _BEFORE.format(entries=reads.table(VIEW).table, compare="<=", moment=2, name="past")
    selected = f"{_ACCOUNT}, {_end('past')}"
    past = Beneath(selected, joined, [account_id, moment], lambda rows: _at(rows[0], "past"))
    found = await find(reads, VIEW, wanted, past)
    if isinstance(found, Behind):
        return found
    return found.stored.row if found.stored else None


async def statement_of(
    reads: ReadModels, account_id: UUID, period: tuple[datetime, datetime], arguments: PageArguments, wanted: Wanted
) -> Statement | Behind | None:
    """A page of the statement from a moment to just before another; None if there is no such account.

    Raises MalformedCursor.
    """
    query, parameters = KeysetQuery(OLDEST_FIRST, arguments), list[Any]([account_id, *period])
    table = reads.table(VIEW)
    between = [
        "account_id = $1",
        "account_version > coalesce(opening.version, 0)",
        "account_version <= coalesce(closing.version, 0)",
    ]
    joined = (
        _BEFORE.format(entries=table.table, compare="<", moment=2, name="opening")
        + _BEFORE.format(entries=table.table, compare="<", moment=3, name="closing")
        + _ENTRIES.format(entries=table.table, tail=query.tail(between, parameters))
    )
    selected = f"{_ACCOUNT}, {_end('opening')}, {_end('closing')}, {table.selected}"

    def seen(rows: Sequence[asyncpg.Record]) -> tuple[BalanceAt, BalanceAt, Page[HistoryEntry]]:
        return _at(rows[0], "opening"), _at(rows[0], "closing"), _page(reads, query, rows)

    found = await find(reads, VIEW, wanted, Beneath(selected, joined, parameters, seen, _in_order(query)))
    if isinstance(found, Behind):
        return found
    return Statement(*found.stored.row, found.checkpoint) if found.stored else None


def _end(name: str) -> str:
    """What is selected of an entry before a moment."""
    return f"{name}.balance as {name}_balance, {name}.version as {name}_version"


def _in_order(query: KeysetQuery) -> str:
    return f"order by present.account_version {query.direction}"


def _at(row: asyncpg.Record, name: str) -> BalanceAt:
    balance, version = row[f"{name}_balance"], row[f"{name}_version"]
    return BalanceAt(row["owner_id"], row["held_in"], balance if version else Decimal(0), version or 0)


def _page(reads: ReadModels, query: KeysetQuery, rows: Sequence[asyncpg.Record]) -> Page[HistoryEntry]:
    """The rows that hold an entry, as a page."""
    table = reads.table(VIEW)
    return query.page([row for row in rows if row["entry"] is not None], lambda row: table.stored(row).row)
