"""Placing an order: at the catalog's prices, from stock that is there, to an address that is whole."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.kernel import structs
from app.kernel.clock import new_id
from app.kernel.errors import CurrencyMismatch, InvalidValue
from app.kernel.values import Address
from tests.write_model.scenario import Scenario
from write_model.orders.aggregate import Order, evolve, place, record
from write_model.orders.commands import (
    MAX_LINES,
    PastCharge,
    PastItem,
    PaymentMethod,
    PlaceOrder,
    RecordPastOrder,
    WantedItem,
)
from write_model.orders.errors import (
    EmptyOrder,
    InsufficientStock,
    OrderAlreadyPlaced,
    ProductNotForSale,
    ShippingAddressMissing,
    Shortage,
    TooManyLines,
)
from write_model.orders.events import Charge, OrderedItem, OrderPlaced, PastOrderRecorded

AUCKLAND = ZoneInfo("Pacific/Auckland")
AT, THERE = datetime(2026, 3, 1, 12, tzinfo=UTC), date(2026, 3, 2)
ID, ADA, TEA, CUP, LAMP = (new_id() for _ in range(5))
LEEDS = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")
LYON = Address(street="27 rue des Écoles", city="Lyon", postal_code="69002", country="France")


@dataclass(frozen=True)
class Known:
    name: str = "Ada Byrne"
    email: str | None = "ada@example.com"
    address: Address = LEEDS


@dataclass(frozen=True)
class OnShelf:
    sku: str
    name: str
    price: Decimal
    on_hand: int
    currency: str = "GBP"
    category: str | None = None
    vendor: str | None = None
    discontinued: bool = False


SHELF: Mapping[UUID, OnShelf] = {
    TEA: OnShelf("TEA-1", "Teapot", Decimal("24.50"), 2, category="Tea", vendor="Potters"),
    CUP: OnShelf("TEA-2", "Cup", Decimal("6.75"), 4),
}


def placing(shelf: Mapping[UUID, OnShelf] = SHELF, buyer: Known | None = None) -> Scenario[Order]:
    return Scenario(lambda order, command: place(order, command, buyer or Known(), shelf, zone=AUCKLAND), evolve)


def wanted(**pieces: int) -> PlaceOrder:
    ids = {"tea": TEA, "cup": CUP, "lamp": LAMP}
    items = tuple(WantedItem(product_id=ids[name], quantity=quantity) for name, quantity in pieces.items())
    return PlaceOrder(at=AT, order_id=ID, customer_id=ADA, items=items)


def line(number: int, product_id: UUID, quantity: int, price: Decimal | None = None) -> OrderedItem:
    shelf = SHELF[product_id]
    return OrderedItem(
        line=number,
        product_id=product_id,
        sku=shelf.sku,
        name=shelf.name,
        quantity=quantity,
        unit_price=shelf.price if price is None else price,
        category=shelf.category,
        vendor=shelf.vendor,
    )


PLACED = OrderPlaced(
    order_id=ID,
    customer_id=ADA,
    customer_name="Ada Byrne",
    customer_email="ada@example.com",
    items=(line(1, TEA, 1), line(2, CUP, 4)),
    currency="GBP",
    shipping_address=LEEDS,
    billing_address=LEEDS,
    payment_method="CARD",
    placed_at=AT,
    placed_on=THERE,
)


def test_an_order_is_placed_at_the_catalogs_prices_and_to_the_customers_address() -> None:
    placing().when(wanted(tea=1, cup=4)).then(PLACED)
    assert PLACED.total == Decimal("51.50")


def test_addresses_can_be_given() -> None:
    command = replace(wanted(tea=1, cup=4), shipping_address=LYON, payment_method=PaymentMethod.INVOICE)
    shipped = structs.replace(PLACED, shipping_address=LYON, billing_address=LYON, payment_method="INVOICE")
    placing().when(command).then(shipped)
    placing().when(replace(command, billing_address=LEEDS)).then(structs.replace(shipped, billing_address=LEEDS))


def test_an_id_is_placed_once() -> None:
    placing().given(PLACED).when(wanted(tea=1)).then_refused(OrderAlreadyPlaced, order_id=ID)


def test_every_product_that_is_short_is_named() -> None:
    short = (
        Shortage(product_id=TEA, sku="TEA-1", wanted=3, on_hand=2),
        Shortage(product_id=CUP, sku="TEA-2", wanted=5, on_hand=4),
    )
    placing().when(wanted(tea=3, cup=5)).then_refused(
        InsufficientStock,
        shortages=short,
        message="Not enough in stock: TEA-1: wanted 3, on hand 2; TEA-2: wanted 5, on hand 4.",
    )
    placing().when(wanted(tea=2, cup=5)).then_refused(InsufficientStock, shortages=short[1:])


def test_lines_of_one_product_count_together() -> None:
    twice = replace(wanted(tea=1), items=wanted(tea=1).items + wanted(tea=2).items)
    placing().when(twice).then_refused(
        InsufficientStock, shortages=(Shortage(product_id=TEA, sku="TEA-1", wanted=3, on_hand=2),)
    )


def test_what_is_unknown_or_discontinued_is_not_for_sale() -> None:
    placing().when(wanted(tea=1, lamp=1)).then_refused(ProductNotForSale, product_id=LAMP)
    gone = {**SHELF, CUP: replace(SHELF[CUP], discontinued=True)}
    placing(gone).when(wanted(tea=1, cup=1)).then_refused(ProductNotForSale, product_id=CUP)


def test_one_order_has_one_currency() -> None:
    mixed = {**SHELF, CUP: replace(SHELF[CUP], currency="EUR")}
    placing(mixed).when(wanted(tea=1, cup=1)).then_refused(CurrencyMismatch)


def test_a_customer_known_by_country_alone_must_say_where_to_ship() -> None:
    vague = Known(address=Address(street=None, city=None, postal_code=None, country="France"))
    placing(buyer=vague).when(wanted(tea=1)).then_refused(ShippingAddressMissing, field="shippingAddress")
    given = replace(wanted(tea=1, cup=4), shipping_address=LEEDS)
    placing(buyer=vague).when(given).then(PLACED)


@pytest.mark.parametrize("quantity", [0, -1, 10**9 + 1])
def test_pieces_are_counted_from_one(quantity: int) -> None:
    with pytest.raises(InvalidValue, match="quantity"):
        wanted(tea=quantity)


def test_an_order_has_lines_but_not_without_end() -> None:
    with pytest.raises(EmptyOrder):
        wanted()
    with pytest.raises(TooManyLines):
        replace(wanted(tea=1), items=wanted(tea=1).items * (MAX_LINES + 1))
    with pytest.raises(InvalidValue):
        replace(wanted(tea=1), payment_method=PaymentMethod.UNKNOWN)


class TestOlderBooks:
    RECORD = RecordPastOrder(
        at=AT,
        order_id=ID,
        reference="536365",
        customer_id=ADA,
        items=(PastItem(product_id=TEA, quantity=2, unit_price=Decimal("19.95")),),
        charges=(PastCharge(code="POST", description="Postage", amount=Decimal("4.00")),),
        currency="GBP",
        address=LEEDS,
    )
    FACTS: ClassVar[dict[str, Any]] = {
        "order_id": ID,
        "reference": "536365",
        "items": (line(1, TEA, 2, Decimal("19.95")),),
        "charges": (Charge(code="POST", description="Postage", amount=Decimal("4.00")),),
        "currency": "GBP",
        "shipping_address": LEEDS,
        "billing_address": LEEDS,
        "payment_method": "UNKNOWN",
        "placed_at": AT,
        "placed_on": THERE,
    }

    @staticmethod
    def recording(buyer: Known | None) -> Scenario[Order]:
        return Scenario(lambda order, command: record(order, command, buyer, SHELF, zone=AUCKLAND), evolve)

    def test_the_books_say_what_it_cost(self) -> None:
        ada = {"customer_id": ADA, "customer_name": "Ada Byrne", "customer_email": "ada@example.com"}
        event = PastOrderRecorded(**self.FACTS | ada)
        self.recording(Known()).when(self.RECORD).then(event)
        assert event.total == Decimal("43.90")

    def test_a_guest_has_no_customer(self) -> None:
        guest = {"customer_id": None, "customer_name": "Guest", "customer_email": None}
        self.recording(None).when(replace(self.RECORD, customer_id=None)).then(PastOrderRecorded(**self.FACTS | guest))

    def test_pieces_must_be_there_all_the_same(self) -> None:
        greedy = replace(self.RECORD, items=(PastItem(product_id=CUP, quantity=5, unit_price=Decimal(1)),))
        self.recording(Known()).when(greedy).then_refused(InsufficientStock)
        unknown = replace(self.RECORD, items=(PastItem(product_id=LAMP, quantity=1, unit_price=Decimal(1)),))
        self.recording(Known()).when(unknown).then_refused(ProductNotForSale, product_id=LAMP)
