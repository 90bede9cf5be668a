"""Whatever is asked of the shop, and however its log is delivered: every view shows what is written."""

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from app import registry
from app.kernel.rollup import rollup
from app.kernel.structs import names, replace
from app.kernel.view import View
from read_model.catalog import bought_together, recently_viewed, recommendations
from read_model.catalog.hot_products import HotProduct
from read_model.orders import customer_orders
from tests.read_model.expected import EXPECTATIONS, PLACES, Rows
from tests.read_model.world.delivery import Delivery, Projection, deliveries
from tests.read_model.world.facts import shows_the_shop

VIEWS = [view for view in registry.VIEWS if shows_the_shop(view)]

EXAMPLES = int(os.environ.get("COUNTERFOIL_TEST_HISTORIES", "300"))
"""How many histories are tried; more of them find rarer things."""

BY_ID = (
    "product",
    "customer_profile",
    "order_details",
    "order_summary",
    "account_balance",
    "device",
    "alarm_rules",
)
"""Views with a row for each aggregate, whose version is the aggregate's."""

LIMITS = (
    (bought_together, "COUNTED"),
    (customer_orders, "READY_MADE"),
    (recently_viewed, "MOST"),
    (recommendations, "ORDERS_KEPT"),
    (recommendations, "PRODUCTS_KEPT"),
)
"""How much of something a view looks at; here it is 2, so that small histories go beyond."""


@pytest.fixture(scope="module", autouse=True)
def _small_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name in LIMITS:
            patch.setattr(module, name, 2)
        yield


@given(delivery=deliveries())
@settings(max_examples=EXAMPLES, deadline=None, phases=set(Phase) - {Phase.explain})
def test_every_view_shows_what_is_written(delivery: Delivery) -> None:
    for view in VIEWS:
        shown, expected = Projection(view), EXPECTATIONS[view.name](delivery.shop)
        for part in delivery.parts:
            shown.deliver(part)
        rows = {key: stored.row for key, stored in shown.rows.items()}
        assert _telling(view, rows) == _nearly(_telling(view, expected)), view.name
        if view.rankings:
            assert shown.rankings == _nearly(PLACES[view.name](expected)), view.name
        if view.name in BY_ID:
            versions = delivery.shop.versions
            assert {key: stored.version for key, stored in shown.rows.items()} == {
                key: version for key, version in versions.items() if key in rows
            }


def _telling(view: View[Any], rows: Rows) -> Rows:
    """Of a rollup, without rows that sum to nothing: it keeps those that once did not."""
    if view.evolve.__module__ != rollup.__module__:
        return rows
    return {key: row for key, row in rows.items() if any(_sums(row))}


def _sums(row: Any) -> list[Any]:
    values = [getattr(row, name) for name in names(type(row))]
    return [each for each in values if isinstance(each, (int, Decimal, Mapping))]


def _nearly(expected: Any) -> Any:
    """The same, but that floats may differ by what comes of adding them up in another order."""
    if isinstance(expected, float):
        return pytest.approx(expected, rel=0, abs=1e-6)
    if isinstance(expected, dict):
        return {key: _nearly(each) for key, each in expected.items()}
    if isinstance(expected, HotProduct):
        return replace(expected, heat=_nearly(expected.heat))
    return expected


def test_every_view_has_an_expectation() -> None:
    assert EXPECTATIONS.keys() == {view.name for view in VIEWS}
    assert PLACES.keys() == {view.name for view in VIEWS if view.rankings}
