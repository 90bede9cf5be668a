"""Documents over the product's schema and a seeded shop: a plan answers what the library answers."""

from collections.abc import Callable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.plans.drawing import LONG, drawn, least
from tests.plans.product import ASKERS, Product

PLANNED_AT_LEAST = 0.95
"""Of valid operations without introspection."""


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
