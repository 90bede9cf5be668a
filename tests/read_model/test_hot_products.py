"""Heat against the plain sum of decayed views, however the views arrive."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import new_id
from app.kernel.messages import Recorded
from read_model.catalog.hot_products import HotProduct, evolve, rankings, worth
from write_model.catalog.events import ProductDiscontinued, ProductViewed

TEA = new_id()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def folded(seconds_ago: Sequence[int]) -> HotProduct:
    product: HotProduct | None = None
    for position, seconds in enumerate(seconds_ago, 1):
        product = evolve(product, viewed(position, seconds), TEA)
    assert product is not None
    return product


def viewed(position: int, seconds_ago: int) -> Recorded[ProductViewed]:
    at = NOW - timedelta(seconds=seconds_ago)
    event = ProductViewed(view_id=new_id(), product_id=TEA, customer_id=None, viewed_at=at)
    return Recorded(position, "product_view", event.view_id, 1, event, {}, NOW)


@given(st.lists(st.integers(-3_600, 400_000), min_size=1, max_size=60))
def test_heat_is_the_sum_of_views_that_halve_every_hour(seconds_ago: list[int]) -> None:
    product = folded(seconds_ago)
    plain = sum(2 ** (-seconds / 3600) for seconds in seconds_ago)
    assert math.isclose(worth(product.heat, NOW), plain, rel_tol=1e-6)
    assert product.views == len(seconds_ago)
    assert math.isclose(product.heat, folded(sorted(seconds_ago)).heat, rel_tol=1e-12)


def test_what_was_discontinued_before_anybody_looked_is_not_hot() -> None:
    gone = ProductDiscontinued(product_id=TEA, discontinued_at=NOW)
    product = evolve(evolve(None, Recorded(1, "product", TEA, 2, gone, {}, NOW), TEA), viewed(2, 0), TEA)
    assert product == HotProduct(product_id=TEA, heat=folded([0]).heat, views=1, discontinued=True)
    assert [place.score for place in rankings(product)] == [0]


def test_an_hour_later_they_are_worth_half() -> None:
    product = folded([0, 0, 7_200])
    assert math.isclose(worth(product.heat, NOW), 2.25)
    assert math.isclose(worth(product.heat, NOW + timedelta(hours=1)), 1.125)
