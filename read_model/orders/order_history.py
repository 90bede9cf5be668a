"""What became of an order, event by event: who did what, when, with which command, and the order as it was then.

The moment that counts is the one at which the log recorded an event, so what is asked of a moment is what was known
then: an order out of older books begins when it was entered. Should a clock go back, what came later in the log counts
as known from the moment that it tells. A business moment is among the facts of each event.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import Change, Entity, View
from read_model.orders import order_details
from read_model.orders.order_details import OrderDetails
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)


class Facts(Struct, frozen=True, kw_only=True):
    """What an event tells by itself.

    `happened_at` is the moment in the shop's books, `pieces` are those ordered, put back or returned, and `amount` is
    what all of it comes to, or what is given back, in the entry's currency.
    """

    happened_at: datetime
    pieces: int | None = None
    amount: Decimal | None = None
    tracking_code: str | None = None
    reason: str | None = None


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """An event of an order, and the command that it comes from; `entry` is `<order's UUID>/<version>`."""

    entry: str
    order_id: UUID
    order_version: int
    recorded_at: datetime
    event: str
    facts: Facts
    currency: str
    actor: str
    command: str
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None


class OrderVersion(HistoryEntry, frozen=True, kw_only=True):
    """The same, and the order as the event left it."""

    snapshot: OrderDetails


def keys(change: Change[OrderDetails]) -> Iterable[str]:
    """The version that the event made."""
    return (key(change.recorded.aggregate_id, change.recorded.version),)


def key(order_id: UUID, version: int) -> str:
    """What tells a version of an order from all others."""
    return f"{order_id}/{version}"


def evolve(_: OrderVersion | None, change: Change[OrderDetails], entry: str) -> OrderVersion:
    """The version as the event made it, which stays as it is."""
    recorded, order = change.recorded, change.after
    assert order is not None
    said = recorded.metadata
    causation_id = said.get("causation_id")
    return OrderVersion(
        entry=entry,
        order_id=recorded.aggregate_id,
        order_version=recorded.version,
        recorded_at=recorded.recorded_at,
        event=type(recorded.event).__name__,
        facts=facts(recorded.event),
        currency=order.currency,
        actor=said["actor"],
        command=said["command"],
        command_id=UUID(said["command_id"]),
        correlation_id=UUID(said["correlation_id"]),
        causation_id=UUID(causation_id) if causation_id else None,
        snapshot=order,
    )


def facts(event: OrderEvent) -> Facts:
    """What the event tells by itself."""
    if isinstance(event, OrderPlaced):
        pieces = sum(item.quantity for item in event.items)
        return Facts(happened_at=event.placed_at, pieces=pieces, amount=event.total)
    match event:
        case OrderPaid():
            return Facts(happened_at=event.paid_at)
        case OrderShipped():
            return Facts(happened_at=event.shipped_at, tracking_code=event.tracking_code)
        case OrderDelivered():
            return Facts(happened_at=event.delivered_at)
        case OrderCancelled():
            pieces = sum(each.quantity for each in event.released)
            return Facts(happened_at=event.cancelled_at, pieces=pieces, reason=event.reason or None)
        case ItemsReturned():
            pieces = sum(item.quantity for item in event.items)
            return Facts(happened_at=event.returned_at, pieces=pieces, amount=event.refund)
        case _:
            assert_never(event)


def _order(order: OrderDetails | None, recorded: Recorded[Any]) -> OrderDetails | None:
    return order_details.evolve(order, recorded, recorded.aggregate_id)


ORDERS: Final = Entity(name="orders", row=OrderDetails, handles=get_args(OrderEvent), evolve=_order)

VIEW: Final = View(
    name="order_history",
    row=OrderVersion,
    handles=ORDERS.handles,
    keys=keys,
    evolve=evolve,
    entity=ORDERS,
    appends=True,
    indexes=("order_id, order_version, recorded_at",),
)
