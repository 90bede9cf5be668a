"""What the shop sold: by day and by month, in all, by category and by vendor.

Orders, items and gross count on the business day on which the order was placed; an order that is cancelled later is
taken off that day. What comes back counts as returned on the business day on which it came back. Net is gross less
returned, of the same day. Category and vendor are those that the product had when it was sold; a product in several
categories counts in its first. Charges such as postage are in the figures of the whole day alone.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import asyncpg

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.rollup import rollup
from app.kernel.structs import Struct
from read_model.orders.booking import BOOKING, BookedLine, Booking


class Breakdown(StrEnum):
    """What sales are told apart by."""

    TOTAL = "TOTAL"
    CATEGORY = "CATEGORY"
    VENDOR = "VENDOR"


class Period(StrEnum):
    """How long a figure's time is."""

    DAY = "day"
    MONTH = "month"


class DaySales(Struct, frozen=True, kw_only=True):
    """One business day's sales, in all or in one category or from one vendor (without `name`: in none).

    `orders` counts orders with such lines, `items` and `returned_items` pieces.
    """

    key: str
    day: date
    breakdown: str
    name: str | None
    currency: str
    orders: int = 0
    items: int = 0
    gross: Decimal = Decimal(0)
    returned_items: int = 0
    returned: Decimal = Decimal(0)


def contributions(booking: Booking) -> Iterator[DaySales]:
    """What an order or a credit note gives to the days that it touches."""
    if booking.counts:
        yield _row(booking, booking.day, "TOTAL", None, orders=1, items=booking.pieces, gross=booking.total)
        for (breakdown, name), lines in _groups(booking.lines).items():
            items, gross = sum(line.quantity for line in lines), _amount(lines)
            yield _row(booking, booking.day, breakdown, name, orders=1, items=items, gross=gross)
    for day in {each.day for each in booking.returned}:
        back = [each.line for each in booking.returned if each.day == day]
        for (breakdown, name), lines in {("TOTAL", None): back, **_groups(back)}.items():
            pieces = sum(line.quantity for line in lines if line.product_id)
            yield _row(booking, day, breakdown, name, returned_items=pieces, returned=_amount(lines))


def _groups(lines: Any) -> dict[tuple[str, str | None], list[BookedLine]]:
    """The lines of goods by category and by vendor."""
    groups: dict[tuple[str, str | None], list[BookedLine]] = defaultdict(list)
    for line in lines:
        if line.product_id:
            groups["CATEGORY", line.category].append(line)
            groups["VENDOR", line.vendor].append(line)
    return groups


def _amount(lines: list[BookedLine]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def _row(booking: Booking, day: date, breakdown: str, name: str | None, **sums: Any) -> DaySales:
    of = f"{breakdown}|{name}" if name is not None else breakdown
    key = f"{day}|{booking.currency}|{of}"
    return DaySales(key=key, day=day, breakdown=breakdown, name=name, currency=booking.currency, **sums)


VIEW = rollup(
    name="sales",
    row=DaySales,
    sums=("orders", "items", "gross", "returned_items", "returned"),
    of=BOOKING,
    contributions=contributions,
    indexes=("breakdown, day",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSales:
    """The sales of one period, which begins on the day `since`; one currency, one category or vendor."""

    key: str
    since: date
    name: str | None
    currency: str
    orders: int
    items: int
    gross: Decimal
    returned_items: int
    returned: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesFilter:
    """Which days, the last included; the category or vendor by name."""

    period: Period
    breakdown: Breakdown
    since: date | None = None
    until: date | None = None
    names: tuple[str, ...] | None = None


LATEST_FIRST = Ordering("since-", "since", "key", date, descending=True, key_kind=str)

_PERIODS = """
select * from (
    select date_trunc($1, day)::date as since, name, currency, concat_ws('|', currency, name) as key,
           sum(orders)::bigint as orders, sum(items)::bigint as items, sum(gross) as gross,
           sum(returned_items)::bigint as returned_items, sum(returned) as returned
    from {table}
    where breakdown = $2 and ($3::date is null or day >= $3) and ($4::date is null or day <= $4)
      and ($5::text[] is null or name = any($5)) and (orders, gross, returned_items, returned) <> (0, 0, 0, 0)
    group by 1, name, currency
) as present {tail}
"""


async def find(reads: ReadModels, wanted: SalesFilter, arguments: PageArguments) -> Page[PeriodSales]:
    """A page of periods in which something was sold or came back, the latest first."""
    query = KeysetQuery(LATEST_FIRST, arguments)
    names = list(wanted.names) if wanted.names is not None else None
    parameters: list[Any] = [wanted.period.value, wanted.breakdown.value, wanted.since, wanted.until, names]
    tail = query.tail([], parameters)
    rows = await reads.fetch(_PERIODS.format(table=reads.table(VIEW).table, tail=tail), *parameters)
    return query.page(rows, _period)


def _period(row: asyncpg.Record) -> PeriodSales:
    return PeriodSales(**dict(row))
