"""One order with everything that a page about it shows."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.values import Address
from app.kernel.view import View, own_key
from write_model.orders.events import (
    Charge,
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderedItem,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


class DetailedItem(Struct, frozen=True, kw_only=True):
    """A line of the order; quantities count pieces."""

    line: int
    product_id: UUID
    sku: str
    name: str
    quantity: int
    returned: int
    unit_price: Decimal
    amount: Decimal


class StatusChange(Struct, frozen=True, kw_only=True):
    """The order reached a status, when, by whom and why."""

    status: str
    at: datetime
    actor: str
    reason: str | None = None


class OrderDetails(Struct, frozen=True, kw_only=True):
    """One order. `total` is goods and charges as ordered; `refunded` is the part of it given back."""

    order_id: UUID
    reference: str | None
    customer_id: UUID | None
    customer_name: str
    customer_email: str | None
    status: str
    currency: str
    total: Decimal
    refunded: Decimal
    item_count: int
    items: tuple[DetailedItem, ...]
    charges: tuple[Charge, ...]
    shipping_address: Address
    billing_address: Address
    payment_method: str
    tracking_code: str | None
    placed_at: datetime
    history: tuple[StatusChange, ...]


def evolve(order: OrderDetails | None, recorded: Recorded[Any], _: UUID) -> OrderDetails | None:
    """The order after the event."""
    event: OrderEvent = recorded.event
    actor = str(recorded.metadata["actor"])
    if isinstance(event, OrderPlaced):
        return _placed(event, actor)
    assert order is not None
    match event:
        case OrderPaid():
            return _reached(order, "PAID", event.paid_at, actor)
        case OrderShipped():
            shipped = replace(order, tracking_code=event.tracking_code)
            return _reached(shipped, "SHIPPED", event.shipped_at, actor)
        case OrderDelivered():
            return _reached(order, "DELIVERED", event.delivered_at, actor)
        case OrderCancelled():
            return _reached(order, "CANCELLED", event.cancelled_at, actor, event.reason or None)
        case ItemsReturned():
            returned = _with_returns(order, event)
            return _reached(returned, "RETURNED", event.returned_at, actor) if event.complete else returned
        case _:
            assert_never(event)


def _placed(event: OrderPlaced, actor: str) -> OrderDetails:
    return OrderDetails(
        order_id=event.order_id,
        reference=event.reference,
        customer_id=event.customer_id,
        customer_name=event.customer_name,
        customer_email=event.customer_email,
        status=event.INITIAL_STATUS,
        currency=event.currency,
        total=event.total,
        refunded=Decimal(0),
        item_count=sum(item.quantity for item in event.items),
        items=tuple(map(_item, event.items)),
        charges=event.charges,
        shipping_address=event.shipping_address,
        billing_address=event.billing_address,
        payment_method=event.payment_method,
        tracking_code=None,
        placed_at=event.placed_at,
        history=(StatusChange(status=event.INITIAL_STATUS, at=event.placed_at, actor=actor),),
    )


def _item(item: OrderedItem) -> DetailedItem:
    return DetailedItem(
        line=item.line,
        product_id=item.product_id,
        sku=item.sku,
        name=item.name,
        quantity=item.quantity,
        returned=0,
        unit_price=item.unit_price,
        amount=item.unit_price * item.quantity,
    )


def _reached(order: OrderDetails, status: str, at: datetime, actor: str, reason: str | None = None) -> OrderDetails:
    change = StatusChange(status=status, at=at, actor=actor, reason=reason)
    return replace(order, status=status, history=(*order.history, change))


def _with_returns(order: OrderDetails, event: ItemsReturned) -> OrderDetails:
    back = {item.line: item.quantity for item in event.items}
    items = tuple(replace(i, returned=i.returned + back.get(i.line, 0)) for i in order.items)
    return replace(order, items=items, refunded=order.refunded + event.refund)


VIEW = View(
    name="order_details",
    row=OrderDetails,
    handles=get_args(OrderEvent),
    keys=own_key,
    evolve=evolve,
    shards=2,
    documents=True,
)
