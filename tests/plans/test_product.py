"""Documents over the product's schema and a seeded shop: a plan answers what the library answers."""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import now
from app.kernel.typeid import encode
from app.seed import seeded_id
from tests.plans.answers import Asked, by_plan
from tests.plans.drawing import LONG, drawn, least
from tests.plans.product import ASKERS, OPERATOR, Product, change
from write_model.catalog.commands import DiscontinueProduct
from write_model.orders.commands import CancelOrder

PLANNED_AT_LEAST = 0.95
"""Of valid operations without introspection."""


CHANGING = (
    '{ order(id: "%(order)s") { ... on Order { version status total { amount } history { status reason } } } }',
    '{ node(id: "%(order)s") { id ... on Order { status items { sku quantity } } } }',
    "{ orders(first: 100) { edges { node { id version status placedAt } } facets { statuses { status count } } } }",
    '{ product(id: "%(product)s") { ... on Product { version name onHand discontinued } } }',
    "{ products(first: 100, filter: {includeDiscontinued: true}) { edges { node { id onHand discontinued } } } }",
    "{ stockReport(first: 100, filter: {includeDiscontinued: true}) { edges { node { sku onHand discontinued } } } }",
)


@LONG
@drawn("product")
@given(data=st.data())
async def test_queries(shop_asked: Product, data: st.DataObject) -> None:
    documents = data.draw(shop_asked.queries)
    askers = Random(str(documents[0]))
    for asked in documents:
        await shop_asked.hold(asked, askers.choice(ASKERS))


async def test_enough_of_it_was_asked(shop_asked: Product, figure: Callable[[str], None]) -> None:
    tally = shop_asked.oracle.tally
    figure(f"{tally}; {shop_asked.oracle.plans.counts}")
    assert len(tally.asked) >= least("product")
    assert tally.planned >= PLANNED_AT_LEAST * tally.expressible


async def test_what_has_changed_is_shown_as_it_is(shop_asked: Product) -> None:
    order, product = seeded_id("order", "pending"), seeded_id("product", "teapot")
    asked = [
        Asked(text % {"order": encode("order", order), "product": encode("product", product)}) for text in CHANGING
    ]
    before = await _told(shop_asked, asked)
    assert before == await _told(shop_asked, asked)
    await change(shop_asked, CancelOrder(at=now(), order_id=order, reason="changed"))
    await change(shop_asked, DiscontinueProduct(at=now(), product_id=product))
    after = await _told(shop_asked, asked)
    assert all(each != other for each, other in zip(before, after, strict=True))


async def _told(shop: Product, asked: list[Asked]) -> list[Any]:
    """The plans' answers, which are the library's."""
    shop.oracle.forget()
    for each in asked:
        await shop.hold(each, OPERATOR)
    return [await by_plan(shop.oracle.plans, each, shop.asks(OPERATOR)()) for each in asked]
