"""The rules of products and their stock: one currency, prices above zero, counts never below it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel import structs
from app.kernel.clock import new_id
from app.kernel.errors import CurrencyMismatch, InvalidValue, Refusal
from app.kernel.values import Money
from tests.write_model.scenario import Scenario
from write_model.catalog.aggregate import Product, add, decide, evolve
from write_model.catalog.commands import (
    AddProduct,
    ChangePrice,
    CorrectStock,
    DiscontinueProduct,
    ReceiveStock,
    RecordPastProduct,
    RecordPastStockCorrection,
    ReviseProduct,
)
from write_model.catalog.errors import (
    PriceUnchanged,
    ProductAlreadyAdded,
    ProductAlreadyDiscontinued,
    ProductNotFound,
    ProductUnchanged,
    StockWouldGoNegative,
)
from write_model.catalog.events import (
    PriceChanged,
    ProductAdded,
    ProductDiscontinued,
    ProductEvent,
    ProductRevised,
    StockCorrected,
    StockReceived,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEA = new_id()
TEXTS: dict[str, Any] = {
    "name": "Teapot",
    "description": "Holds a litre.",
    "categories": ("Kitchen", "Tea"),
    "vendor": "Potters & Co",
}
ADD = AddProduct(at=AT, product_id=TEA, sku="TEA-1", price=Money(Decimal("24.50"), "GBP"), **TEXTS)
PAST = RecordPastProduct(at=AT, product_id=TEA, sku="TEA-1", price=Money(Decimal(0), "GBP"), **TEXTS)
ADDED = ProductAdded(product_id=TEA, sku="TEA-1", price=Decimal("24.50"), currency="GBP", added_at=AT, **TEXTS)
REVISE = ReviseProduct(at=AT, product_id=TEA, **TEXTS | {"name": "Stoneware Teapot"})
REVISED = ProductRevised(product_id=TEA, revised_at=AT, **TEXTS | {"name": "Stoneware Teapot"})
REPRICE = ChangePrice(at=AT, product_id=TEA, price=Money(Decimal("25.00"), "GBP"))
REPRICED = PriceChanged(product_id=TEA, price=Decimal("25.00"), changed_at=AT)
DISCONTINUE = DiscontinueProduct(at=AT, product_id=TEA)
DISCONTINUED = ProductDiscontinued(product_id=TEA, discontinued_at=AT)
RECEIVE = ReceiveStock(at=AT, product_id=TEA, pieces=10)
RECEIVED = StockReceived(product_id=TEA, pieces=10, received_at=AT)

product = Scenario[Product](decide, evolve)
new_product = Scenario[Product](partial(add, shop_currency="GBP"), evolve)


def correct(change: int) -> CorrectStock:
    return CorrectStock(at=AT, product_id=TEA, change=change, reason="counted")


def corrected(change: int) -> StockCorrected:
    return StockCorrected(product_id=TEA, change=change, reason="counted", corrected_at=AT)


def test_a_product_is_added_with_nothing_in_stock() -> None:
    new_product.when(ADD).then(ADDED)
    assert new_product.given(ADDED).state == Product(price=Decimal("24.50"), currency="GBP", version=1, **TEXTS)


def test_a_past_product_that_was_never_for_sale_is_discontinued_at_once() -> None:
    new_product.when(PAST).then(structs.replace(ADDED, price=Decimal(0)), DISCONTINUED)
    new_product.when(replace(PAST, price=Money(Decimal("24.50"), "GBP"))).then(ADDED)


def test_an_id_is_added_once() -> None:
    new_product.given(ADDED).when(ADD).then_refused(ProductAlreadyAdded, product_id=TEA)


def test_the_shop_has_one_currency() -> None:
    new_product.when(replace(ADD, price=Money(Decimal(1), "EUR"))).then_refused(CurrencyMismatch)
    euros = replace(REPRICE, price=Money(Decimal(1), "EUR"))
    product.given(ADDED).when(euros).then_refused(CurrencyMismatch)


@pytest.mark.parametrize("amount", ["0", "-0.01", "-5"])
def test_a_price_is_above_zero(amount: str) -> None:
    for command in (ADD, REPRICE):
        with pytest.raises(InvalidValue) as refused:
            replace(command, price=Money(Decimal(amount), "GBP"))
        assert refused.value.field == "price"


def test_a_past_price_is_not_below_zero() -> None:
    with pytest.raises(InvalidValue):
        replace(PAST, price=Money(Decimal("-0.01"), "GBP"))


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (REVISE, REVISED),
        (REPRICE, REPRICED),
        (DISCONTINUE, DISCONTINUED),
        (RECEIVE, RECEIVED),
        (correct(5), corrected(5)),
    ],
)
def test_each_command_leads_to_its_event(command: Any, event: ProductEvent) -> None:
    product.given(ADDED).when(command).then(event)
    product.when(command).then_refused(ProductNotFound, product_id=TEA)


def test_what_says_nothing_new_is_refused() -> None:
    product.given(ADDED, REVISED).when(REVISE).then_refused(ProductUnchanged)
    product.given(ADDED, REPRICED).when(REPRICE).then_refused(PriceUnchanged)
    other_order = replace(REVISE, name="Teapot", categories=("Tea", "Kitchen"))
    product.given(ADDED).when(other_order).then(structs.replace(REVISED, name="Teapot", categories=("Tea", "Kitchen")))


@pytest.mark.parametrize("command", [REVISE, REPRICE, DISCONTINUE])
def test_a_discontinued_product_is_left_as_it_is(command: Any) -> None:
    product.given(ADDED, DISCONTINUED).when(command).then_refused(ProductAlreadyDiscontinued, product_id=TEA)


@pytest.mark.parametrize(("command", "event"), [(RECEIVE, RECEIVED), (correct(-3), corrected(-3))])
def test_the_stock_of_a_discontinued_product_still_moves(command: Any, event: ProductEvent) -> None:
    product.given(ADDED, RECEIVED, DISCONTINUED).when(command).then(event)


def test_a_correction_takes_away_what_there_is_and_no_more() -> None:
    product.given(ADDED, RECEIVED).when(correct(-10)).then(corrected(-10))
    product.given(ADDED, RECEIVED).when(correct(-11)).then_refused(StockWouldGoNegative, on_hand=10, change=-11)


def test_a_past_correction_keeps_the_same_rule() -> None:
    past = RecordPastStockCorrection(at=AT, product_id=TEA, change=-11, reason="counted")
    product.given(ADDED, RECEIVED).when(past).then_refused(StockWouldGoNegative)
    product.given(ADDED, RECEIVED).when(replace(past, change=-1)).then(corrected(-1))


@pytest.mark.parametrize("change", [0, 10**9 + 1, -(10**9) - 1])
def test_a_correction_changes_something_within_bounds(change: int) -> None:
    with pytest.raises(InvalidValue) as refused:
        correct(change)
    assert refused.value.field == "change"


@pytest.mark.parametrize("pieces", [0, -1, 10**9 + 1])
def test_stock_comes_in_by_the_piece(pieces: int) -> None:
    with pytest.raises(InvalidValue):
        replace(RECEIVE, pieces=pieces)


@given(st.lists(st.integers(-20, 20).filter(bool), max_size=30))
def test_whatever_is_asked_the_count_stays_at_or_above_zero(changes: list[int]) -> None:
    state, on_hand = evolve(None, ADDED), 0
    for change in changes:
        try:
            for event in decide(state, correct(change)):
                state = evolve(state, event)
            on_hand += change
        except Refusal:
            assert on_hand + change < 0
        assert state.on_hand == on_hand >= 0
