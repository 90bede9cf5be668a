"""The rules of orders: the allowed ways of a status, and never more back than was bought."""

import itertools
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import new_id
from app.kernel.errors import Refusal
from app.kernel.structs import replace
from app.kernel.values import Address
from tests.write_model.scenario import Scenario
from write_model.orders.aggregate import Order, Status, decide, evolve
from write_model.orders.commands import (
    CancelOrder,
    DeliverOrder,
    ExpireOrder,
    PayOrder,
    RecordPastReturn,
    ReturnedPieces,
    ReturnItems,
    ShipOrder,
)
from write_model.orders.errors import (
    EmptyOrder,
    LineNotReturnable,
    OrderNotFound,
    OrderNotPending,
    StatusTransitionNotAllowed,
)
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderedItem,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    PastOrderRecorded,
    Pieces,
    ReturnedItem,
)

AUCKLAND = ZoneInfo("Pacific/Auckland")
AT, THERE = datetime(2026, 3, 1, 12, tzinfo=UTC), date(2026, 3, 2)
ID, TEA, CUP = new_id(), new_id(), new_id()
LEEDS = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")


def item(line: int, product_id: Any, quantity: int, price: str) -> OrderedItem:
    return OrderedItem(
        line=line, product_id=product_id, sku="S", name="N", quantity=quantity, unit_price=Decimal(price)
    )


BOUGHT = (item(1, TEA, 2, "24.50"), item(2, CUP, 4, "6.75"), item(3, TEA, 1, "24.50"))
FACTS: dict[str, Any] = {
    "order_id": ID,
    "customer_id": new_id(),
    "customer_name": "Ada",
    "customer_email": "ada@example.com",
    "items": BOUGHT,
    "currency": "GBP",
    "shipping_address": LEEDS,
    "billing_address": LEEDS,
    "payment_method": "CARD",
    "placed_at": AT,
    "placed_on": THERE,
}
PLACED, PAST = OrderPlaced(**FACTS), PastOrderRecorded(**FACTS)
PAID = OrderPaid(order_id=ID, paid_at=AT)
SHIPPED = OrderShipped(order_id=ID, tracking_code="RM1", shipped_at=AT)
DELIVERED = OrderDelivered(order_id=ID, delivered_at=AT)
CANCELLED = OrderCancelled(
    order_id=ID,
    reason="too late",
    released=tuple(Pieces(product_id=i.product_id, quantity=i.quantity) for i in BOUGHT),
    cancelled_at=AT,
)


def back(*lines: tuple[int, int]) -> ReturnItems:
    items = tuple(ReturnedPieces(line=line, quantity=quantity) for line, quantity in lines)
    return ReturnItems(at=AT, order_id=ID, items=items)


def came_back(*lines: tuple[int, int], complete: bool) -> ItemsReturned:
    items = tuple(
        ReturnedItem(
            line=line,
            product_id=BOUGHT[line - 1].product_id,
            quantity=quantity,
            unit_price=BOUGHT[line - 1].unit_price,
        )
        for line, quantity in lines
    )
    return ItemsReturned(order_id=ID, items=items, complete=complete, returned_at=AT, returned_on=THERE)


EVERYTHING = ((1, 2), (2, 4), (3, 1))
ALL_BACK = came_back(*EVERYTHING, complete=True)

COMMANDS: Final[dict[Status, tuple[Any, Any]]] = {
    Status.PAID: (PayOrder(at=AT, order_id=ID), PAID),
    Status.SHIPPED: (ShipOrder(at=AT, order_id=ID, tracking_code="RM1"), SHIPPED),
    Status.DELIVERED: (DeliverOrder(at=AT, order_id=ID), DELIVERED),
    Status.CANCELLED: (CancelOrder(at=AT, order_id=ID, reason="too late"), CANCELLED),
    Status.RETURNED: (back(*EVERYTHING), ALL_BACK),
}
EXPIRE = ExpireOrder(at=AT, order_id=ID)
PASTS: Final[dict[Status, tuple[Any, ...]]] = {
    Status.PENDING: (PLACED,),
    Status.PAID: (PLACED, PAID),
    Status.SHIPPED: (PLACED, PAID, SHIPPED),
    Status.DELIVERED: (PLACED, PAID, SHIPPED, DELIVERED),
    Status.CANCELLED: (PLACED, CANCELLED),
    Status.RETURNED: (PLACED, PAID, SHIPPED, DELIVERED, ALL_BACK),
}
WAYS = {
    ("PENDING", "PAID"),
    ("PENDING", "CANCELLED"),
    ("PAID", "SHIPPED"),
    ("PAID", "CANCELLED"),
    ("SHIPPED", "DELIVERED"),
    ("DELIVERED", "RETURNED"),
}

order = Scenario[Order](partial(decide, zone=AUCKLAND), evolve)
delivered = order.given(*PASTS[Status.DELIVERED])


@pytest.mark.parametrize(("had", "wanted"), list(itertools.product(Status, COMMANDS)))
def test_a_status_moves_along_the_allowed_ways_only(had: Status, wanted: Status) -> None:
    command, event = COMMANDS[wanted]
    asked = order.given(*PASTS[had]).when(command)
    if (had, wanted) in WAYS:
        asked.then(event)
    else:
        asked.then_refused(StatusTransitionNotAllowed, status=had.value, wanted=wanted.value)


@pytest.mark.parametrize("status", Status)
def test_only_an_order_that_waits_for_its_money_expires(status: Status) -> None:
    """One that is paid can be cancelled by people, and does not expire."""
    asked = order.given(*PASTS[status]).when(EXPIRE)
    if status is Status.PENDING:
        asked.then(replace(CANCELLED, reason="It was not paid in time."))
    else:
        asked.then_refused(OrderNotPending, status=status.value)


@pytest.mark.parametrize("status", Status)
def test_the_past_folds_to_its_status_and_version(status: Status) -> None:
    state = order.given(*PASTS[status]).state
    assert state is not None
    assert (state.status, state.version) == (status, len(PASTS[status]))


@pytest.mark.parametrize("command", [EXPIRE, *(command for command, _ in COMMANDS.values())])
def test_nothing_happens_to_an_order_that_was_never_placed(command: Any) -> None:
    order.when(command).then_refused(OrderNotFound, order_id=ID)


def test_a_past_order_is_delivered_and_can_be_returned() -> None:
    order.given(PAST).when(COMMANDS[Status.PAID][0]).then_refused(StatusTransitionNotAllowed, status="DELIVERED")
    past_return = RecordPastReturn(at=AT, order_id=ID, items=(ReturnedPieces(line=2, quantity=4),))
    order.given(PAST).when(past_return).then(came_back((2, 4), complete=False))


class TestReturns:
    def test_a_part_leaves_the_order_delivered_and_the_rest_completes_it(self) -> None:
        part = came_back((2, 3), complete=False)
        delivered.when(back((2, 3))).then(part)
        after = delivered.given(part)
        assert after.state is not None
        assert after.state.status is Status.DELIVERED
        after.when(back((1, 2), (2, 1), (3, 1))).then(came_back((1, 2), (2, 1), (3, 1), complete=True))

    def test_a_line_named_twice_is_one_line(self) -> None:
        delivered.when(back((2, 1), (1, 1), (2, 2))).then(came_back((1, 1), (2, 3), complete=False))
        delivered.when(back((1, 1), (1, 2))).then_refused(LineNotReturnable, line=1, wanted=3, left=2)

    @pytest.mark.parametrize("line", [0, -1, 4, 2**70])
    def test_a_line_that_the_order_has_not(self, line: int) -> None:
        delivered.when(back((line, 1))).then_refused(LineNotReturnable, line=line, left=0)

    def test_more_than_is_left_of_a_line_is_refused_even_if_another_line_has_it(self) -> None:
        delivered.given(came_back((1, 1), complete=False)).when(back((1, 2))).then_refused(
            LineNotReturnable, line=1, wanted=2, left=1
        )

    def test_a_return_needs_a_line(self) -> None:
        with pytest.raises(EmptyOrder):
            back()

    @given(st.lists(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4), max_size=12))
    def test_never_more_than_was_bought(self, asked: list[list[tuple[int, int]]]) -> None:
        scenario, returned = delivered, Counter[int]()
        for lines in asked:
            try:
                (event,) = decide(scenario.state, back(*lines), zone=AUCKLAND)
            except Refusal:
                continue
            assert isinstance(event, ItemsReturned)
            scenario = scenario.given(event)
            returned.update({each.line: each.quantity for each in event.items})
        bought = {each.line: each.quantity for each in BOUGHT}
        assert all(returned[line] <= quantity for line, quantity in bought.items())
        assert scenario.state is not None
        assert (scenario.state.status is Status.RETURNED) == (returned.total() == sum(bought.values()))


def test_a_refund_is_what_was_paid_for_the_pieces() -> None:
    assert came_back((1, 1), (2, 3), complete=False).refund == Decimal("44.75")
    assert replace(ALL_BACK).refund == PLACED.total
