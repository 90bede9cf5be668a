from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.kernel.values import Address, Money
from app.online_retail.kinds import Kind
from app.online_retail.plan import Plan, Refused
from app.online_retail.steps import Step, aggregate_id, command_id
from tests.app.online_retail.book import Entry
from write_model.catalog.commands import ReceiveStock, RecordPastProduct, RecordPastStockCorrection
from write_model.customers.commands import RecordPastCustomer
from write_model.orders.commands import (
    CreditLine,
    PastCharge,
    PastItem,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnedPieces,
)

Planned = Callable[..., Plan]

AT = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
LATER = "2010-12-02 09:00"
LATER_AT = datetime(2010, 12, 2, 9, 0, tzinfo=UTC)
UK = Address(street=None, city=None, postal_code=None, country="United Kingdom")
CAKESTAND = aggregate_id("product/22423", AT)
CUSTOMER = aggregate_id("customer/17850", AT)
ORDER = aggregate_id("order/536365", AT)


def commands(plan: Plan, *kinds: type) -> list[Any]:
    return [step.command for step in plan.steps if isinstance(step.command, kinds)]


def step(plan: Plan, key: str) -> Step:
    return next(step for step in plan.steps if step.key == key)


def past_order(items: tuple[PastItem, ...], charges: tuple[PastCharge, ...] = ()) -> RecordPastOrder:
    return RecordPastOrder(
        at=AT,
        order_id=ORDER,
        reference="536365",
        customer_id=CUSTOMER,
        items=items,
        charges=charges,
        currency="GBP",
        address=UK,
    )


def item(quantity: int, price: str = "2.5") -> PastItem:
    return PastItem(product_id=CAKESTAND, quantity=quantity, unit_price=Decimal(price))


def test_an_invoice_is_an_order_after_its_customer_product_and_opening_stock(planned: Planned) -> None:
    plan = planned(Entry("536365", quantity=6))
    customer, product, stock = (command_id(key) for key in ("customer/17850", "product/22423", "stock/22423"))
    assert plan == Plan(
        steps=(
            Step(
                "customer/17850",
                customer,
                RecordPastCustomer(at=AT, customer_id=CUSTOMER, name="Customer 17850", address=UK),
            ),
            Step(
                "product/22423",
                product,
                RecordPastProduct(
                    at=AT,
                    product_id=CAKESTAND,
                    sku="22423",
                    name="REGENCY CAKESTAND 3 TIER",
                    price=Money(Decimal("2.5"), "GBP"),
                ),
            ),
            Step("stock/22423", stock, ReceiveStock(at=AT, product_id=CAKESTAND, pieces=8), (product,)),
            Step(
                "order/536365",
                command_id("order/536365"),
                past_order((item(6),)),
                (customer, stock),
                (2,),
            ),
        ),
        kinds={2: Kind.ORDERED},
        refused=(),
    )


def test_charges_stand_beside_the_goods_and_have_no_product(planned: Planned) -> None:
    plan = planned(
        Entry("536365"),
        Entry("536365", code="POST", description="POSTAGE", quantity=3, price="18"),
        Entry("536365", code="23444", description="Next Day Carriage", price="15"),
        Entry("536365", code="m", description="Manual", price="0.5"),
    )
    charges = (
        PastCharge(code="POST", description="POSTAGE", amount=Decimal(54)),
        PastCharge(code="23444", description="Next Day Carriage", amount=Decimal(15)),
        PastCharge(code="M", description="Manual", amount=Decimal("0.5")),
    )
    assert commands(plan, RecordPastOrder) == [past_order((item(1),), charges)]
    assert len(commands(plan, RecordPastProduct)) == 1
    assert plan.lines() == {Kind.ORDERED: (2,), Kind.CHARGED: (3, 4, 5)}


def test_an_invoice_of_charges_alone_is_an_order_without_items(planned: Planned) -> None:
    plan = planned(Entry("536365", code="POST", description="POSTAGE", price="18"))
    charges = (PastCharge(code="POST", description="POSTAGE", amount=Decimal(18)),)
    assert commands(plan, RecordPastOrder) == [past_order((), charges)]


def test_exact_repeats_are_kept_as_further_lines(planned: Planned) -> None:
    plan = planned(Entry("536365"), Entry("536365"), Entry("536365", quantity=2))
    assert commands(plan, RecordPastOrder) == [past_order((item(1), item(1), item(2)))]
    assert plan.lines() == {Kind.ORDERED: (2, 4), Kind.REPEATED: (3,)}


def test_a_guest_order_has_no_customer(planned: Planned) -> None:
    plan = planned(Entry("536365", customer=""))
    [order] = commands(plan, RecordPastOrder)
    assert order.customer_id is None
    assert commands(plan, RecordPastCustomer) == []
    assert plan.lines() == {Kind.GUEST_ORDERED: (2,)}


def test_an_order_is_placed_in_its_earliest_minute_even_when_its_lines_are_scattered(
    planned: Planned,
) -> None:
    plan = planned(
        Entry("536365", date="2011-07-01 11:21"),
        Entry("536366", date="2011-07-01 11:20", customer=""),
        Entry("536365", date="2011-07-01 11:20"),
    )
    first, _ = commands(plan, RecordPastOrder)
    assert first.at == datetime(2011, 7, 1, 10, 20, tzinfo=UTC)
    assert step(plan, "order/536365").lines == (2, 4)


def test_stock_codes_that_differ_in_case_are_one_product(planned: Planned) -> None:
    plan = planned(Entry("536365", code="85123a"), Entry("536366", code="85123A"))
    assert [command.sku for command in commands(plan, RecordPastProduct)] == ["85123A"]
    assert [command.pieces for command in commands(plan, ReceiveStock)] == [3]


def test_a_product_has_its_most_frequent_name_and_price_and_the_latest_of_equals(planned: Planned) -> None:
    plan = planned(
        Entry("536365", price="2", description="OLD NAME"),
        Entry("536366", price="2", description="OLD NAME"),
        Entry("536367", price="3", description="NEW NAME"),
        Entry("536368", price="3", description="NEW NAME"),
        Entry("536369", price="9", description="MISTAKE"),
        Entry("536370", price="0", customer="", description="damaged", quantity=-9),
    )
    [product] = commands(plan, RecordPastProduct)
    assert (product.name, product.price) == ("NEW NAME", Money(Decimal(3), "GBP"))


def test_a_product_that_never_had_a_price_is_named_by_its_code(planned: Planned) -> None:
    plan = planned(Entry("536365", price="0", customer="", description="damaged", quantity=-9))
    [product] = commands(plan, RecordPastProduct)
    assert (product.name, product.price) == ("Stock code 22423", Money(Decimal(0), "GBP"))


def test_lines_without_a_price_are_free_when_the_invoice_has_a_customer_or_a_price(planned: Planned) -> None:
    plan = planned(
        Entry("536365"),
        Entry("536365", price="0", quantity=4),
        Entry("536366", price="0"),
        Entry("536367", customer="", code="M", price="924.59"),
        Entry("536367", customer="", price="0", quantity=2),
    )
    orders = [order.items for order in commands(plan, RecordPastOrder)]
    assert orders == [(item(1), item(4, "0")), (item(1, "0"),), (item(2, "0"),)]
    assert plan.lines() == {Kind.ORDERED: (2,), Kind.FREE: (3, 4, 6), Kind.CHARGED: (5,)}


def test_a_guest_invoice_without_any_price_is_an_order_when_it_bears_the_name_of_the_goods(
    planned: Planned,
) -> None:
    plan = planned(Entry("536365"), Entry("536366", customer="", price="0"))
    assert plan.lines() == {Kind.ORDERED: (2,), Kind.FREE: (3,)}


def test_a_clerks_remark_without_a_price_is_a_stock_correction(planned: Planned) -> None:
    plan = planned(
        Entry("536365"),
        Entry("536366", customer="", price="0", quantity=7, description="found"),
        Entry("536367", customer="", price="0", quantity=-3, description=""),
    )
    assert commands(plan, RecordPastStockCorrection) == [
        RecordPastStockCorrection(at=AT, product_id=CAKESTAND, change=7, reason="found"),
        RecordPastStockCorrection(at=AT, product_id=CAKESTAND, change=-3, reason="No remark"),
    ]
    assert [command.pieces for command in commands(plan, ReceiveStock)] == [5]
    assert step(plan, "correction/536367/1").needs == (command_id("stock/22423"),)
    assert plan.lines() == {Kind.ORDERED: (2,), Kind.FOUND: (3,), Kind.LOST: (4,)}


def test_what_has_neither_price_nor_pieces_of_goods_is_without_effect(planned: Planned) -> None:
    plan = planned(
        Entry("536365", customer="", price="0", quantity=1000, code="POST", description="Unknown"),
        Entry("536366", customer="", price="0", quantity=0, description="check"),
    )
    assert plan == Plan(steps=(), kinds={2: Kind.NO_EFFECT, 3: Kind.NO_EFFECT}, refused=())


def test_a_credit_note_returns_pieces_of_the_latest_orders_first(planned: Planned) -> None:
    plan = planned(
        Entry("536365", quantity=6),
        Entry("536366", quantity=6),
        Entry("C536367", quantity=-8, date=LATER),
    )
    second = aggregate_id("order/536366", AT)
    assert commands(plan, RecordPastReturn, RecordCreditNote) == [
        RecordPastReturn(at=LATER_AT, order_id=second, items=(ReturnedPieces(line=1, quantity=6),)),
        RecordPastReturn(at=LATER_AT, order_id=ORDER, items=(ReturnedPieces(line=1, quantity=2),)),
    ]
    assert [step(plan, f"return/C536367/{order}").lines for order in ("536365", "536366")] == [(4,), (4,)]
    assert plan.kinds[4] is Kind.RETURNED


def test_a_return_waits_for_the_return_before_it(planned: Planned) -> None:
    plan = planned(Entry("536365", quantity=6), Entry("C536366", quantity=-1), Entry("C536367", quantity=-1))
    assert step(plan, "return/C536366/536365").needs == (command_id("order/536365"),)
    assert step(plan, "return/C536367/536365").needs == (command_id("return/C536366/536365"),)


def test_what_no_order_holds_goes_on_a_credit_note(planned: Planned) -> None:
    plan = planned(
        Entry("536365", quantity=2),
        Entry("C536366", quantity=-5, date=LATER),
        Entry("C536366", quantity=-1, date=LATER, price="9.5"),
        Entry("C536366", quantity=-1, date=LATER, price="7", code="D", description="Discount"),
    )
    assert commands(plan, RecordCreditNote) == [
        RecordCreditNote(
            at=LATER_AT,
            credit_note_id=aggregate_id("credit/C536366", LATER_AT),
            reference="C536366",
            customer_id=CUSTOMER,
            country="United Kingdom",
            currency="GBP",
            items=(
                credit_line(CAKESTAND, 3, "2.5"),
                credit_line(CAKESTAND, 1, "9.5"),
                CreditLine(product_id=None, description="Discount", quantity=1, unit_price=Decimal(7)),
            ),
        )
    ]
    assert plan.lines() == {
        Kind.ORDERED: (2,),
        Kind.PARTLY_RETURNED: (3,),
        Kind.CREDITED: (4,),
        Kind.CHARGE_CREDITED: (5,),
    }


def credit_line(product_id: UUID, quantity: int, price: str) -> CreditLine:
    return CreditLine(
        product_id=product_id,
        description="REGENCY CAKESTAND 3 TIER",
        quantity=quantity,
        unit_price=Decimal(price),
    )


def test_only_the_same_customer_code_and_price_and_an_earlier_sale_match(planned: Planned) -> None:
    plan = planned(
        Entry("C536364", quantity=-1),
        Entry("536365"),
        Entry("C536366", quantity=-1, customer="12345"),
        Entry("C536367", quantity=-1, price="2.4"),
        Entry("C536368", quantity=-1, code="22424"),
    )
    assert commands(plan, RecordPastReturn) == []
    assert len(plan.lines()[Kind.CREDITED]) == 4


def test_guests_have_no_earlier_orders_to_return(planned: Planned) -> None:
    plan = planned(Entry("536365", customer=""), Entry("C536366", customer="", quantity=-1))
    assert commands(plan, RecordPastReturn) == []
    assert plan.lines() == {Kind.GUEST_ORDERED: (2,), Kind.GUEST_CREDITED: (3,)}


def test_lines_that_no_command_can_mean_are_refused_with_the_reason(planned: Planned) -> None:
    plan = planned(
        Entry("A536365", price="11062.06"),
        Entry("536366", price="-1"),
        Entry("536367", quantity=-1),
        Entry("C536368", quantity=1),
        Entry("536369"),
        Entry("536369", country="France"),
    )
    reasons = [(entry.key, entry.message, entry.lines) for entry in plan.refused]
    assert reasons == [
        ("paper/A536365", "neither an invoice nor a credit note: an unknown kind of number", (2,)),
        ("paper/536366", "a price below zero", (3,)),
        ("paper/536367", "a price on pieces that nobody bought", (4,)),
        ("paper/C536368", "a credit note takes back, so its pieces must be below zero", (5,)),
        ("paper/536369", "another customer or country than on the first line of its invoice", (7,)),
    ]
    assert plan.lines() == {Kind.ORDERED: (6,), Kind.REFUSED: (2, 3, 4, 5, 7)}


def test_what_the_commands_cannot_hold_is_refused_before_it_is_sent(planned: Planned) -> None:
    plan = planned(Entry("5" * 65, code="POST", description="POSTAGE"))
    assert plan.refused == (
        Refused(f"order/{'5' * 65}", "INVALID_VALUE", "reference has 65 characters; at most 64 are allowed.", (2,)),
    )
    assert plan.kinds == {2: Kind.REFUSED}


def test_the_same_books_make_the_same_plan(planned: Planned) -> None:
    entries = (Entry("536365"), Entry("C536366", quantity=-1))
    assert planned(*entries) == planned(*entries)
