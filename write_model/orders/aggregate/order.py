"""What the rules need to know of an order, and how events change it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)


class Status(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


ALLOWED: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PAID, Status.CANCELLED}),
    Status.PAID: frozenset({Status.SHIPPED, Status.CANCELLED}),
    Status.SHIPPED: frozenset({Status.DELIVERED}),
    Status.DELIVERED: frozenset({Status.RETURNED}),
    Status.CANCELLED: frozenset(),
    Status.RETURNED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line, and how much of it came back."""

    line: int
    product_id: UUID
    quantity: int
    returned: int = 0
    unit_price: Decimal

    @property
    def left(self) -> int:
        """Pieces still with the customer."""
        return self.quantity - self.returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the rules need to know of an order."""

    order_id: UUID
    customer_id: UUID | None
    status: Status
    items: tuple[Item, ...]
    version: int


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after the event."""
    if isinstance(event, OrderPlaced):
        return _placed(event)
    assert order is not None
    after = replace(order, version=order.version + 1)
    match event:
        case OrderPaid():
            return replace(after, status=Status.PAID)
        case OrderShipped():
            return replace(after, status=Status.SHIPPED)
        case OrderDelivered():
            return replace(after, status=Status.DELIVERED)
        case OrderCancelled():
            return replace(after, status=Status.CANCELLED)
        case ItemsReturned():
            return _with_returns(after, event)
        case _:
            assert_never(event)


def _placed(event: OrderPlaced) -> Order:
    return Order(
        order_id=event.order_id,
        customer_id=event.customer_id,
        status=Status(event.INITIAL_STATUS),
        items=tuple(
            Item(line=i.line, product_id=i.product_id, quantity=i.quantity, unit_price=i.unit_price)
            for i in event.items
        ),
        version=1,
    )


def _with_returns(order: Order, event: ItemsReturned) -> Order:
    back = {item.line: item.quantity for item in event.items}
    items = tuple(replace(i, returned=i.returned + back.get(i.line, 0)) for i in order.items)
    return replace(order, items=items, status=Status.RETURNED if event.complete else order.status)


def business_day(at: datetime, zone: tzinfo) -> date:
    """The shop's day of a moment."""
    return at.astimezone(zone).date()
