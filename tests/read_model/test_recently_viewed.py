"""What a customer looked at lately: the same twenty, in whatever order the reports arrive."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import registry
from app.infra.folding import fold
from app.infra.keyset import MalformedCursor, Ordering, PageArguments
from app.kernel.clock import new_id
from app.kernel.messages import Recorded
from app.kernel.structs import replace
from read_model.catalog import hot_products, recently_viewed
from read_model.catalog.recently_viewed import MOST, VIEW, ViewedProduct, cursor, nothing, page
from write_model.catalog.events import ProductViewed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, GRACE = new_id(), new_id()
PRODUCTS = sorted(new_id() for _ in range(30))

Look = tuple[int, int]
"""Which product, and how many seconds after noon."""

LOOKS = st.lists(st.tuples(st.integers(0, len(PRODUCTS) - 1), st.integers(0, 6)), max_size=90)


def viewed(look: Look) -> ViewedProduct:
    return ViewedProduct(viewed_at=NOON + timedelta(seconds=look[1]), product_id=PRODUCTS[look[0]])


def reports(looks: Sequence[Look], customer: UUID | None = ADA) -> list[Recorded[Any]]:
    """The log of these reports, in the order of their arrival."""
    return [_recorded(position, viewed(look), customer) for position, look in enumerate(looks, 1)]


def _recorded(position: int, look: ViewedProduct, customer: UUID | None) -> Recorded[Any]:
    event = ProductViewed(view_id=new_id(), product_id=look.product_id, customer_id=customer, viewed_at=look.viewed_at)
    return Recorded(position, "product_view", event.view_id, 1, event, {}, NOON)


def listed(log: list[Recorded[Any]], customer: UUID = ADA) -> tuple[ViewedProduct, ...]:
    """The customer's list after the log."""
    rows = fold(VIEW, 0, log, {})
    return rows[customer].row.products if customer in rows else ()


def expected(looks: Sequence[Look]) -> tuple[ViewedProduct, ...]:
    """Every product with its last time, the newest twenty of them; the higher id first within a moment."""
    last = {product: max(second for other, second in looks if other == product) for product, _ in looks}
    newest = sorted(last.items(), key=lambda each: (each[1], PRODUCTS[each[0]]), reverse=True)
    return tuple(viewed(look) for look in newest[:20])


@given(LOOKS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(looks: list[Look], random: Random) -> None:
    arrived = looks.copy()
    random.shuffle(arrived)
    assert listed(reports(arrived)) == listed(reports(looks)) == expected(looks)


@given(st.permutations([(n, second) for n in range(len(PRODUCTS)) for second in (n % 3, n * 7 % 4)]))
def test_of_more_than_twenty_the_newest_stay(looks: list[Look]) -> None:
    """Thirty products within four moments, each viewed twice: the twentieth place is one among equals of time."""
    found = listed(reports(looks))
    assert len(found) == MOST == 20
    assert found == expected(looks)


def test_a_late_report_goes_to_its_place_and_an_older_look_changes_nothing() -> None:
    assert listed(reports([(1, 10), (2, 30), (3, 20)])) == tuple(map(viewed, [(2, 30), (3, 20), (1, 10)]))
    assert listed(reports([(1, 10), (2, 30), (2, 5)])) == tuple(map(viewed, [(2, 30), (1, 10)]))
    full = [(product, 100 + product) for product in range(20)]
    assert listed(reports([*full, (25, 50)])) == listed(reports(full))


def test_looking_again_moves_a_product_to_the_front() -> None:
    assert listed(reports([(1, 10), (2, 20), (1, 30)])) == tuple(map(viewed, [(1, 30), (2, 20)]))


def test_everyone_has_a_list_and_visitors_have_none() -> None:
    looks = [(1, 1), (2, 2)]
    log = [*reports(looks[:1]), *reports(looks, None), *reports(looks[1:], GRACE)]
    numbered = [replace(each, position=position) for position, each in enumerate(log, 1)]
    assert set(fold(VIEW, 0, numbered, {})) == {ADA, GRACE}
    assert listed(numbered) == (viewed((1, 1)),)
    assert listed(numbered, GRACE) == (viewed((2, 2)),)


@given(LOOKS, st.integers(1, 25))
def test_pages_put_together_are_the_list(looks: list[Look], size: int) -> None:
    products, after = listed(reports(looks)), None
    for beginning in range(0, max(1, len(products)), size):
        got = page(products, PageArguments(first=size, after=after))
        assert tuple(got.nodes) == products[beginning : beginning + size]
        assert (got.has_previous, got.has_next) == (beginning > 0, beginning + size < len(products))
        after = cursor(got.nodes[-1]) if got.nodes else None


def test_a_page_begins_where_its_cursor_was_also_when_that_product_has_moved() -> None:
    before = listed(reports([(1, 10), (2, 20), (3, 30)]))
    moved = listed(reports([(1, 10), (2, 20), (3, 30), (2, 40)]))
    got = page(moved, PageArguments(first=5, after=cursor(before[1])))
    assert got.nodes == [viewed((1, 10))]


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", Ordering("name+", "name", "id", str, descending=False).cursor("a", new_id())],
    ids=["empty", "short", "not ASCII", "of another list"],
)
def test_a_text_that_is_no_cursor_of_the_list_is_refused(text: str) -> None:
    for ask in (lambda given: page((), given), nothing):
        with pytest.raises(MalformedCursor) as refused:
            ask(PageArguments(after=text))
        assert refused.value.field == "after"


def test_the_most_frequent_event_is_handled_only_where_it_matters() -> None:
    handling = {view.name for view in registry.VIEWS if ProductViewed in view.handles}
    assert handling == {recently_viewed.VIEW.name, hot_products.VIEW.name, registry.ACCEPTED_COMMANDS.name}
