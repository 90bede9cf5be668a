"""Orders as lists show them: searched, sorted, counted, a page at a time."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, assert_never, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.sheets import Entry, Sheet
from app.infra.tables import Stored
from app.infra.text_search import folded
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View, own_key
from read_model.orders import order_contents
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)


class OrderSummary(Struct, frozen=True, kw_only=True):
    """One order in a list. `total` is goods and charges as ordered; `item_count` counts pieces."""

    order_id: UUID
    reference: str | None
    customer_id: UUID | None
    customer_name: str
    status: str
    currency: str
    total: Decimal
    refunded: Decimal
    item_count: int
    city: str | None
    country: str
    placed_at: datetime
    city_folded: str | None
    country_folded: str


def evolve(order: OrderSummary | None, recorded: Recorded[Any], _: UUID) -> OrderSummary | None:
    """The summary after the event."""
    event: OrderEvent = recorded.event
    if isinstance(event, OrderPlaced):
        return _placed(event)
    assert order is not None
    match event:
        case OrderPaid():
            return replace(order, status="PAID")
        case OrderShipped():
            return replace(order, status="SHIPPED")
        case OrderDelivered():
            return replace(order, status="DELIVERED")
        case OrderCancelled():
            return replace(order, status="CANCELLED")
        case ItemsReturned():
            status = "RETURNED" if event.complete else order.status
            return replace(order, status=status, refunded=order.refunded + event.refund)
        case _:
            assert_never(event)


def _placed(event: OrderPlaced) -> OrderSummary:
    city, country = event.shipping_address.city, event.shipping_address.country
    return OrderSummary(
        order_id=event.order_id,
        reference=event.reference,
        customer_id=event.customer_id,
        customer_name=event.customer_name,
        status=event.INITIAL_STATUS,
        currency=event.currency,
        total=event.total,
        refunded=Decimal(0),
        item_count=sum(item.quantity for item in event.items),
        city=city,
        country=country,
        placed_at=event.placed_at,
        city_folded=folded(city) if city is not None else None,
        country_folded=folded(country),
    )


VIEW = View(
    name="order_summary",
    row=OrderSummary,
    handles=get_args(OrderEvent),
    keys=own_key,
    evolve=evolve,
    indexes=(
        "placed_at, order_id",
        "total, order_id",
        "customer_id, placed_at, order_id",
        "status, placed_at, order_id",
        "country_folded, country, status",
        "city_folded",
    ),
)


class OrderSort(Enum):
    """How a list of orders is sorted."""

    PLACED_AT_DESC = Ordering("placed_at-", "placed_at", "order_id", datetime, descending=True)
    PLACED_AT_ASC = Ordering("placed_at+", "placed_at", "order_id", datetime, descending=False)
    TOTAL_DESC = Ordering("total-", "total", "order_id", Decimal, descending=True)
    TOTAL_ASC = Ordering("total+", "total", "order_id", Decimal, descending=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders: every given condition holds; upper bounds of time are exclusive, of amounts inclusive.

    `owner` is whose orders may be seen at all, `orders` which ones by id. City and country are compared without case;
    every word of `text` must begin a word of the order's product names, SKUs, reference or customer's name.
    """

    owner: UUID | None = None
    customer_id: UUID | None = None
    status: tuple[str, ...] | None = None
    city: str | None = None
    country: str | None = None
    product_id: UUID | None = None
    text: str | None = None
    orders: tuple[UUID, ...] | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    min_total: Decimal | None = None
    max_total: Decimal | None = None

    @property
    def views(self) -> tuple[View[Any], ...]:
        """The views that it asks."""
        by_contents = self.product_id is not None or self.text is not None
        return (VIEW, order_contents.VIEW) if by_contents else (VIEW,)

    def conditions(self, contents: str) -> tuple[list[str], list[Any]]:
        """SQL conditions, and their parameters from $1 on; `contents` is the table of `order_contents`."""
        own, held = self._tests(), order_contents.tests(self.product_id, self.text)
        numbered = [test.format(f"${n}") for n, (test, _) in enumerate([*own, *held], 1)]
        conditions, inner = numbered[: len(own)], numbered[len(own) :]
        if inner:
            conditions.append(f"order_id in (select order_id from {contents} where {' and '.join(inner)})")
        return conditions, [value for _, value in [*own, *held]]

    def _tests(self) -> list[tuple[str, Any]]:
        given = [
            ("customer_id = {}", self.owner),
            ("customer_id = {}", self.customer_id),
            ("order_id = any({})", self.orders),
            ("status = any({})", self.status),
            ("city_folded = {}", folded(self.city) if self.city is not None else None),
            ("country_folded = {}", folded(self.country) if self.country is not None else None),
            ("placed_at >= {}", self.placed_from),
            ("placed_at < {}", self.placed_to),
            ("total >= {}", self.min_total),
            ("total <= {}", self.max_total),
        ]
        return [(test, value) for test, value in given if value is not None]


async def narrowed(reads: ReadModels, wanted: OrderFilter) -> OrderFilter:
    """The same orders, by their ids where few hold what is asked for.

    PostgreSQL takes any beginning of a word for one that many texts have, and would go through the whole list for it.
    """
    few = await order_contents.few(reads, wanted.product_id, wanted.text)
    return wanted if few is None else dataclasses.replace(wanted, product_id=None, text=None, orders=few)


@dataclass(frozen=True, slots=True)
class Searched:
    """A page, and the filter that it and its counts go by."""

    page: Page[Entry[OrderSummary]]
    wanted: OrderFilter


async def search(
    reads: ReadModels, wanted: OrderFilter, sort: OrderSort, arguments: PageArguments, *, whole: bool = True
) -> Searched:
    """A page of the orders that pass the filter, narrowed where that is of use; see `Sheet` for `whole`."""
    wanted = await narrowed(reads, wanted)
    return Searched(await _page(reads, wanted, sort, arguments, whole), wanted)


async def find(
    reads: ReadModels, wanted: OrderFilter, sort: OrderSort, arguments: PageArguments
) -> Page[Stored[OrderSummary]]:
    """A page of the orders that pass the filter, all of them read."""
    page = await _page(reads, wanted, sort, arguments, whole=True)
    return Page([entry.stored for entry in page.nodes], page.has_next, page.has_previous)


async def _page(
    reads: ReadModels, wanted: OrderFilter, sort: OrderSort, arguments: PageArguments, whole: bool
) -> Page[Entry[OrderSummary]]:
    sheet, query = Sheet(reads, VIEW, sort.value, whole=whole), KeysetQuery(sort.value, arguments)
    conditions, parameters = _conditions(reads, wanted)
    tail = query.tail(conditions, parameters)
    return await sheet.page(query, f"select {sheet.selected} from {sheet.table.table} present {tail}", parameters)


async def count(reads: ReadModels, wanted: OrderFilter) -> int:
    """How many orders pass the filter."""
    where, parameters = passing(reads, wanted)
    found: int = await reads.fetchval(f"select count(*) from {reads.table(VIEW).table} {where}", *parameters)
    return found


def passing(reads: ReadModels, wanted: OrderFilter) -> tuple[str, list[Any]]:
    """The where clause of a filter, empty for one that asks nothing, and its parameters from $1 on."""
    conditions, parameters = _conditions(reads, wanted)
    return f"where {' and '.join(conditions)}" if conditions else "", parameters


def _conditions(reads: ReadModels, wanted: OrderFilter) -> tuple[list[str], list[Any]]:
    return wanted.conditions(reads.table(order_contents.VIEW).table)
