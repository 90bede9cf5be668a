"""What is on the shelves and how long it lasts.

`on_hand` are the pieces that can still be sold; `reserved` are sold, but have not left the house. What sold per week is
asked of product popularity, over the 28 business days up to a day: what was cancelled or came back is off it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, get_args
from uuid import UUID

import asyncpg

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.structs import Struct, replace
from app.kernel.view import Change, View
from read_model.catalog import product_popularity
from read_model.orders.booking import BOOKING, BookedEvent, Booking
from write_model.catalog.events import (
    PriceChanged,
    ProductAdded,
    ProductDiscontinued,
    ProductEvent,
    ProductRevised,
    StockCorrected,
    StockReceived,
)

OBSERVED_DAYS = 28


class Stock(Struct, frozen=True, kw_only=True):
    """One product's stock; counts are pieces."""

    product_id: UUID
    sku: str
    name: str
    vendor: str | None
    discontinued: bool
    on_hand: int
    reserved: int


Moved = dict[UUID, tuple[int, int]]
"""By product: pieces that came onto the shelf, and pieces that became reserved."""


def keys(change: Change[Booking]) -> Iterable[UUID]:
    """The product itself, or every product that an order moves."""
    if isinstance(change.recorded.event, get_args(ProductEvent)):
        return (change.recorded.aggregate_id,)
    return change.once(_moved)


def _moved(change: Change[Booking]) -> Moved:
    shelf: Counter[UUID] = Counter()
    reserved: Counter[UUID] = Counter()
    for sign, booking in ((-1, change.before), (1, change.after)):
        if booking is not None:
            for product_id, pieces in _put_back(booking):
                shelf[product_id] += sign * pieces
            for product_id, pieces in _held(booking):
                reserved[product_id] += sign * pieces
    return {
        product_id: (shelf[product_id], reserved[product_id])
        for product_id in shelf.keys() | reserved.keys()
        if shelf[product_id] or reserved[product_id]
    }


def _put_back(booking: Booking) -> Iterator[tuple[UUID, int]]:
    """What the booking brings to the shelf, below zero what it takes."""
    if not booking.cancelled:
        yield from ((line.product_id, -line.quantity) for line in booking.lines if line.product_id)
    yield from ((each.line.product_id, each.line.quantity) for each in booking.returned if each.line.product_id)


def _held(booking: Booking) -> Iterator[tuple[UUID, int]]:
    if booking.awaiting:
        yield from ((line.product_id, line.quantity) for line in booking.lines if line.product_id)


def evolve(stock: Stock | None, change: Change[Booking], key: UUID) -> Stock | None:
    """The stock after the event."""
    event: ProductEvent | BookedEvent = change.recorded.event
    if isinstance(event, ProductAdded):
        return _added(event)
    if stock is None:
        return None
    match event:
        case ProductRevised():
            return replace(stock, name=event.name, vendor=event.vendor)
        case PriceChanged():
            return stock
        case ProductDiscontinued():
            return replace(stock, discontinued=True)
        case StockReceived():
            return replace(stock, on_hand=stock.on_hand + event.pieces)
        case StockCorrected():
            return replace(stock, on_hand=stock.on_hand + event.change)
        case _:
            came, reserved = change.once(_moved)[key]
            return replace(stock, on_hand=stock.on_hand + came, reserved=stock.reserved + reserved)


def _added(event: ProductAdded) -> Stock:
    return Stock(
        product_id=event.product_id,
        sku=event.sku,
        name=event.name,
        vendor=event.vendor,
        discontinued=False,
        on_hand=0,
        reserved=0,
    )


VIEW = View(
    name="stock_report",
    row=Stock,
    handles=(*get_args(ProductEvent), *BOOKING.handles),
    keys=keys,
    evolve=evolve,
    entity=BOOKING,
    indexes=("vendor, sku",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """One line of the report. `sold`: pieces over the observed days; `cover_days`: None when nothing sold."""

    stock: Stock
    sold: int
    cover: float

    @property
    def cover_days(self) -> float | None:
        """How many days the shelf lasts at the observed pace."""
        return self.cover if self.cover < _FOR_EVER else None


class StockSort(Enum):
    """How the report is sorted."""

    SKU = Ordering("sku+", "sku", "product_id", str, descending=False)
    ON_HAND = Ordering("on_hand+", "on_hand", "product_id", int, descending=False)
    SOLD = Ordering("sold-", "sold", "product_id", int, descending=True)
    COVER = Ordering("cover+", "cover", "product_id", float, descending=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFilter:
    """Which products: every given condition holds."""

    vendors: tuple[str, ...] | None = None
    below_pieces: int | None = None
    below_cover_days: float | None = None
    include_discontinued: bool = False


_FOR_EVER = 1e12

_REPORT = f"""
select * from (
    select s.*, coalesce(sales.sold, 0) as sold,
           case when sales.sold > 0 then s.on_hand * {OBSERVED_DAYS}.0 / sales.sold
                else {_FOR_EVER} end::float8 as cover
    from {{stock}} s left join (
        select product_id, sum(pieces)::bigint as sold from {{popularity}}
        where day > $1::date - {OBSERVED_DAYS} and day <= $1 group by product_id
    ) sales using (product_id)
    where ($2::text[] is null or vendor = any($2)) and ($3::bigint is null or on_hand < $3) and ($4 or not discontinued)
) as present
"""


async def find(
    reads: ReadModels, wanted: StockFilter, as_of: date, sort: StockSort, arguments: PageArguments
) -> Page[StockLine]:
    """A page of the report as of a business day, whose sales are counted in."""
    table, query = reads.table(VIEW), KeysetQuery(sort.value, arguments)
    vendors = list(wanted.vendors) if wanted.vendors is not None else None
    parameters: list[Any] = [as_of, vendors, wanted.below_pieces, wanted.include_discontinued]
    conditions = []
    if wanted.below_cover_days is not None:
        parameters.append(wanted.below_cover_days)
        conditions.append("cover < $5::float8")
    report = _REPORT.format(stock=table.table, popularity=reads.table(product_popularity.VIEW).table)
    rows = await reads.fetch(report + query.tail(conditions, parameters), *parameters)

    def line(row: asyncpg.Record) -> StockLine:
        return StockLine(stock=table.stored(row).row, sold=row["sold"], cover=row["cover"])

    return query.page(rows, line)
