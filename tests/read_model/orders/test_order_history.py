"""An order's history: given what happened, and when the next thing does, then there is a version more, and no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.infra.folding import changes, fold
from app.infra.tables import Stored
from app.kernel.clock import id_at
from app.kernel.messages import Recorded
from app.kernel.structs import replace
from app.kernel.values import Address
from app.kernel.view import Key
from read_model.orders import order_details
from read_model.orders.order_history import ORDERS, VIEW, Facts, OrderVersion, key
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderedItem,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    PastOrderRecorded,
    Pieces,
    ReturnedItem,
)

ORDER, OTHER, TEA, COMMAND, CAUSE = (id_at(1_700_000_000_000, number) for number in range(5))
MORNING = datetime(2026, 3, 1, 9, tzinfo=UTC)
LEEDS = Address(street=None, city="Leeds", postal_code=None, country="United Kingdom")
PLACED = OrderPlaced(
    order_id=ORDER,
    customer_id=None,
    customer_name="Guest",
    customer_email=None,
    items=(OrderedItem(line=1, product_id=TEA, sku="T", name="Tea", quantity=3, unit_price=Decimal("2.50")),),
    currency="GBP",
    shipping_address=LEEDS,
    billing_address=LEEDS,
    payment_method="CARD",
    placed_at=MORNING,
    placed_on=MORNING.date(),
)
RECORDED = PastOrderRecorded(**{name: getattr(PLACED, name) for name in PLACED.__struct_fields__})
PAID = OrderPaid(order_id=ORDER, paid_at=MORNING + timedelta(hours=1))
SHIPPED = OrderShipped(order_id=ORDER, tracking_code="RM1", shipped_at=MORNING + timedelta(hours=2))
DELIVERED = OrderDelivered(order_id=ORDER, delivered_at=MORNING + timedelta(hours=3))
RETURNED = ItemsReturned(
    order_id=ORDER,
    items=(ReturnedItem(line=1, product_id=TEA, quantity=2, unit_price=Decimal("2.50")),),
    complete=False,
    returned_at=MORNING + timedelta(hours=4),
    returned_on=MORNING.date(),
)
CANCELLED = OrderCancelled(
    order_id=ORDER,
    reason="Ordered twice",
    released=(Pieces(product_id=TEA, quantity=3),),
    cancelled_at=MORNING + timedelta(hours=5),
)

FACTS = [
    (PLACED, Facts(happened_at=MORNING, pieces=3, amount=Decimal("7.50"))),
    (RECORDED, Facts(happened_at=MORNING, pieces=3, amount=Decimal("7.50"))),
    (PAID, Facts(happened_at=MORNING + timedelta(hours=1))),
    (SHIPPED, Facts(happened_at=MORNING + timedelta(hours=2), tracking_code="RM1")),
    (DELIVERED, Facts(happened_at=MORNING + timedelta(hours=3))),
    (RETURNED, Facts(happened_at=MORNING + timedelta(hours=4), pieces=2, amount=Decimal("5.00"))),
    (CANCELLED, Facts(happened_at=MORNING + timedelta(hours=5), pieces=3, reason="Ordered twice")),
    (replace(CANCELLED, reason=""), Facts(happened_at=MORNING + timedelta(hours=5), pieces=3)),
]


def happened(version: int, event: OrderEvent) -> Recorded[Any]:
    """An event of the order in the log, recorded a day after it happened."""
    recorded_at = MORNING + timedelta(days=1, hours=version)
    said = {"command": "Do", "command_id": str(COMMAND), "correlation_id": str(COMMAND), "actor": f"clerk {version}"}
    return Recorded(version, "order", event.order_id, version, event, said, recorded_at)


@dataclass
class Given:
    """The view's stores, after what happened before."""

    rows: dict[Key, Stored[OrderVersion]]
    entities: dict[Key, Stored[Any]]

    def when(self, *events: Recorded[Any]) -> dict[Key, Stored[OrderVersion]]:
        """The rows that these write; nothing is read of the rows that are there."""
        subjects, changed = changes(ORDERS, events, self.entities)
        written = fold(VIEW, 0, subjects, {})
        self.entities |= changed
        self.rows |= written
        return written


def given(events: Sequence[Recorded[Any]] = ()) -> Given:
    before = Given({}, {})
    before.when(*events)
    return before


def test_every_event_writes_one_version_and_leaves_those_before_it() -> None:
    life: list[OrderEvent] = [PLACED, PAID, SHIPPED, DELIVERED, RETURNED]
    log = [happened(version, event) for version, event in enumerate(life, 1)]
    shop = given()
    for version, recorded in enumerate(log, 1):
        earlier = dict(shop.rows)
        written = shop.when(recorded)
        assert list(written) == [f"{ORDER}/{version}"]
        assert shop.rows == earlier | written
    assert shop.rows == given(log).rows


def test_a_version_shows_the_order_as_the_event_left_it() -> None:
    shop = given([happened(1, PLACED)])
    before = order_details.evolve(None, happened(1, PLACED), ORDER)
    paid = happened(2, PAID)
    after = order_details.evolve(before, paid, ORDER)
    assert after is not None
    assert shop.when(paid)[key(ORDER, 2)].row == OrderVersion(
        entry=f"{ORDER}/2",
        order_id=ORDER,
        order_version=2,
        recorded_at=paid.recorded_at,
        event="OrderPaid",
        facts=Facts(happened_at=PAID.paid_at),
        currency="GBP",
        actor="clerk 2",
        command="Do",
        command_id=COMMAND,
        correlation_id=COMMAND,
        causation_id=None,
        snapshot=after,
    )
    assert shop.rows[key(ORDER, 1)].row.snapshot == before


@pytest.mark.parametrize(("event", "told"), FACTS, ids=lambda each: type(each).__name__)
def test_an_event_tells_its_facts(event: OrderEvent, told: Facts) -> None:
    begins = isinstance(event, OrderPlaced)
    written = given([] if begins else [happened(1, PLACED)]).when(happened(1 if begins else 2, event))
    assert [each.row.facts for each in written.values()] == [told]


def test_every_event_of_an_order_is_told() -> None:
    assert {type(event) for event, _ in FACTS} == set(VIEW.handles)


def test_what_comes_again_changes_nothing() -> None:
    log = [happened(1, PLACED), happened(2, PAID)]
    shop = given(log)
    assert shop.when(*log) == {}
    assert shop.when(log[1]) == {}


def test_what_made_the_command_is_told() -> None:
    placed = happened(1, PLACED)
    caused = replace(placed, metadata={**placed.metadata, "causation_id": str(CAUSE)})
    (written,) = given().when(caused).values()
    assert written.row.causation_id == CAUSE


def test_orders_have_histories_of_their_own() -> None:
    other = replace(happened(1, replace(PLACED, order_id=OTHER)), position=2)
    assert list(given([happened(1, PLACED)]).when(other)) == [f"{OTHER}/1"]
