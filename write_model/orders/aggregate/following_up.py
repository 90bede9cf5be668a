"""What becomes of an order that was placed."""

from collections import Counter
from datetime import datetime, tzinfo
from typing import assert_never

from write_model.orders.aggregate.order import ALLOWED, Order, Status, business_day
from write_model.orders.commands import (
    CancelOrder,
    DeliverOrder,
    ExpireOrder,
    PayOrder,
    RecordPastReturn,
    ReturnItems,
    ShipOrder,
)
from write_model.orders.errors import LineNotReturnable, OrderNotFound, OrderNotPending, StatusTransitionNotAllowed
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderShipped,
    Pieces,
    ReturnedItem,
)

FollowUp = PayOrder | ShipOrder | DeliverOrder | CancelOrder | ExpireOrder | ReturnItems | RecordPastReturn
"""Commands to an order that was placed."""

EXPIRED = "It was not paid in time."
"""The reason of a cancellation that nobody asked for."""


def decide(order: Order | None, command: FollowUp, *, zone: tzinfo) -> list[OrderEvent]:
    """What becomes of a placed order. Raises the refusals of `write_model.orders.errors`."""
    if order is None:
        raise OrderNotFound(command.order_id)
    match command:
        case PayOrder():
            _require_transition(order, Status.PAID)
            return [OrderPaid(order_id=order.order_id, paid_at=command.at)]
        case ShipOrder():
            _require_transition(order, Status.SHIPPED)
            return [OrderShipped(order_id=order.order_id, tracking_code=command.tracking_code, shipped_at=command.at)]
        case DeliverOrder():
            _require_transition(order, Status.DELIVERED)
            return [OrderDelivered(order_id=order.order_id, delivered_at=command.at)]
        case CancelOrder():
            _require_transition(order, Status.CANCELLED)
            return [_cancelled(order, command.reason, command.at)]
        case ExpireOrder():
            _require_pending(order)
            return [_cancelled(order, EXPIRED, command.at)]
        case ReturnItems():
            _require_transition(order, Status.RETURNED)
            return [_returned(order, command, zone)]
        case _:
            assert_never(command)


def _require_transition(order: Order, wanted: Status) -> None:
    if wanted not in ALLOWED[order.status]:
        raise StatusTransitionNotAllowed(status=order.status.value, wanted=wanted.value)


def _require_pending(order: Order) -> None:
    if order.status is not Status.PENDING:
        raise OrderNotPending(status=order.status.value)


def _cancelled(order: Order, reason: str, at: datetime) -> OrderCancelled:
    released = tuple(Pieces(product_id=i.product_id, quantity=i.quantity) for i in order.items)
    return OrderCancelled(order_id=order.order_id, reason=reason, released=released, cancelled_at=at)


def _returned(order: Order, command: ReturnItems, zone: tzinfo) -> ItemsReturned:
    wanted: Counter[int] = Counter()
    for item in command.items:
        wanted[item.line] += item.quantity
    lines = {item.line: item for item in order.items}
    for line, quantity in wanted.items():
        left = lines[line].left if line in lines else 0
        if quantity > left:
            raise LineNotReturnable(line=line, wanted=quantity, left=left)
    return ItemsReturned(
        order_id=order.order_id,
        items=tuple(
            ReturnedItem(
                line=line,
                product_id=lines[line].product_id,
                quantity=quantity,
                unit_price=lines[line].unit_price,
            )
            for line, quantity in sorted(wanted.items())
        ),
        complete=sum(item.left for item in order.items) == wanted.total(),
        returned_at=command.at,
        returned_on=business_day(command.at, zone),
    )
