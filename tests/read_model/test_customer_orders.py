"""A customer's orders: the ready-made page against a plain recomputation, whatever is late, cancelled or sent back."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings

from app.infra.tables import Stored
from app.kernel.messages import Recorded
from read_model.orders.customer_orders import READY_MADE, VIEW, CustomerOrders
from read_model.orders.order_summary import OrderSummary
from tests.read_model.order_logs import CUSTOMERS, logs
from tests.support.replay import replayed
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    PastOrderRecorded,
)

STATUSES: dict[type[Any], str] = {
    OrderPlaced: "PENDING",
    PastOrderRecorded: "DELIVERED",
    OrderPaid: "PAID",
    OrderShipped: "SHIPPED",
    OrderDelivered: "DELIVERED",
    OrderCancelled: "CANCELLED",
}

SLOWLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.data_too_large])


@SLOWLY
@given(log=logs(most=10, days=2))
def test_the_rows_are_what_a_plain_recomputation_says(log: list[Recorded[Any]]) -> None:
    assert shown(log) == recomputed(log)


@SLOWLY
@given(log=logs(most=READY_MADE + 12, least=READY_MADE - 1, days=4, customers=CUSTOMERS[1:2]))
def test_the_page_is_the_newest_of_many(log: list[Recorded[Any]]) -> None:
    """Days are few, so that several orders share a moment, also where the page ends."""
    assert shown(log) == recomputed(log)


def shown(log: list[Recorded[Any]]) -> dict[UUID, tuple[int, list[tuple[Any, ...]]]]:
    rows: list[CustomerOrders] = [stored.row for stored in replayed(VIEW, log).values()]
    return {row.customer_id: (row.total, [_listed(each) for each in row.newest]) for row in rows}


def _listed(stored: Stored[OrderSummary]) -> tuple[Any, ...]:
    row = stored.row
    return row.placed_at, row.order_id, row.status, row.refunded, row.total, stored.version, stored.position


def recomputed(log: list[Recorded[Any]]) -> dict[UUID, tuple[int, list[tuple[Any, ...]]]]:
    """How many orders everyone has, and the newest of them, from the list of what happened."""
    told: dict[UUID, list[Recorded[Any]]] = defaultdict(list)
    for each in log:
        told[each.aggregate_id].append(each)
    listed: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for order_id, events in told.items():
        placed = events[0].event
        if isinstance(placed, OrderPlaced) and placed.customer_id:
            listed[placed.customer_id].append((placed.placed_at, order_id, *_as_it_is(placed, events)))
    return {who: (len(orders), sorted(orders, reverse=True)[:READY_MADE]) for who, orders in listed.items()}


def _as_it_is(placed: OrderPlaced, events: list[Recorded[Any]]) -> tuple[Any, ...]:
    happened = [each.event for each in events]
    back = [event for event in happened if isinstance(event, ItemsReturned)]
    reached = [STATUSES[type(event)] for event in happened if not isinstance(event, ItemsReturned)]
    status = "RETURNED" if any(event.complete for event in back) else reached[-1]
    refunded = sum((event.refund for event in back), Decimal(0))
    return status, refunded, placed.total, len(events), events[-1].position
