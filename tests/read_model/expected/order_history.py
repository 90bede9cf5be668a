"""What the history of orders must show."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.kernel.messages import Command
from read_model.orders.order_history import Facts, OrderVersion
from tests.read_model.expected.details import details
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import Past, Shop
from write_model.orders.commands import (
    CancelOrder,
    DeliverOrder,
    ExpireOrder,
    PayOrder,
    PlaceOrder,
    RecordPastOrder,
    RecordPastReturn,
    ReturnItems,
    ShipOrder,
)

_EVENTS: Mapping[type[Command], str] = {
    PlaceOrder: "OrderPlaced",
    RecordPastOrder: "PastOrderRecorded",
    PayOrder: "OrderPaid",
    ShipOrder: "OrderShipped",
    DeliverOrder: "OrderDelivered",
    CancelOrder: "OrderCancelled",
    ExpireOrder: "OrderCancelled",
    ReturnItems: "ItemsReturned",
    RecordPastReturn: "ItemsReturned",
}


def order_history(shop: Shop) -> Rows:
    """Every order after each command to it, and what the command was."""
    commands = {(each.aggregate_id, each.version): each for each in shop.accepted}
    return {
        f"{key}/{version}": OrderVersion(
            entry=f"{key}/{version}",
            order_id=key,
            order_version=version,
            recorded_at=commands[key, version].recorded_at,
            event=_EVENTS[type(past.command)],
            facts=Facts(happened_at=past.command.at, **_told(past)),
            currency=past.order.currency,
            actor=commands[key, version].actor,
            command=type(past.command).__name__,
            command_id=commands[key, version].command_id,
            correlation_id=commands[key, version].command_id,
            causation_id=None,
            snapshot=details(past.order),
        )
        for (key, version), past in shop.past.items()
    }


def _told(past: Past) -> dict[str, Any]:
    ordered = sum(line.quantity for line in past.order.lines)
    match past.command:
        case PlaceOrder() | RecordPastOrder():
            return {"pieces": ordered, "amount": past.order.total}
        case ShipOrder(tracking_code=code):
            return {"tracking_code": code}
        case CancelOrder(reason=reason):
            return {"pieces": ordered, "reason": reason or None}
        case ExpireOrder():
            return {"pieces": ordered, "reason": "It was not paid in time."}
        case ReturnItems(items=items):
            worth = (past.order.lines[item.line - 1].unit_price * item.quantity for item in items)
            return {"pieces": sum(item.quantity for item in items), "amount": sum(worth, Decimal(0))}
        case _:
            return {}
