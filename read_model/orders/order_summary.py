"""Orders as lists show them: filtered, sorted, a page at a time."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, assert_never, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.view import View, own_key
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
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
        city=event.shipping_address.city,
        country=event.shipping_address.country,
        placed_at=event.placed_at,
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
    """Which orders: every given condition holds; upper bounds of time are exclusive, of amounts inclusive."""

    customer_id: UUID | None = None
    status: tuple[str, ...] | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    min_total: Decimal | None = None
    max_total: Decimal | None = None

    def conditions(self) -> tuple[list[str], list[Any]]:
        """SQL conditions, and their parameters from $1 on."""
        given = [
            ("customer_id =", self.customer_id),
            ("status = any", list(self.status) if self.status is not None else None),
            ("placed_at >=", self.placed_from),
            ("placed_at <", self.placed_to),
            ("total >=", self.min_total),
            ("total <=", self.max_total),
        ]
        parameters = [value for _, value in given if value is not None]
        tests = [test for test, value in given if value is not None]
        return [f"{test} (${n})" for n, test in enumerate(tests, 1)], parameters


async def find(
    reads: ReadModels, wanted: OrderFilter, sort: OrderSort, arguments: PageArguments
) -> Page[Stored[OrderSummary]]:
    """A page of the orders that pass the filter."""
    table, query = reads.table(VIEW), KeysetQuery(sort.value, arguments)
    conditions, parameters = wanted.conditions()
    tail = query.tail(conditions, parameters)
    rows = await reads.pool.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, table.stored)


async def count(reads: ReadModels, wanted: OrderFilter) -> int:
    """How many orders pass the filter."""
    conditions, parameters = wanted.conditions()
    where = f" where {' and '.join(conditions)}" if conditions else ""
    found: int = await reads.pool.fetchval(f"select count(*) from {reads.table(VIEW).table}{where}", *parameters)
    return found
