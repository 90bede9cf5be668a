"""Filters, sorts and facets, against the plain list of the real catalog."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from app.infra.keyset import MalformedCursor, PageArguments
from app.infra.sheets import Entry
from read_model.catalog.product_facets import MOST_VALUES, Choice, PriceBand, facets, price_bands
from read_model.catalog.product_listing import ProductSort, count, find
from read_model.catalog.product_search import ListedProduct
from tests.read_model.catalog.filters import EVERY_FILTER, FILTERS, Conditions
from tests.read_model.catalog.shelf import Shelf

TESTS: dict[str, Callable[[ListedProduct, Any], bool]] = {
    "categories": lambda product, wanted: bool(set(product.categories) & set(wanted)),
    "vendors": lambda product, wanted: product.vendor in wanted,
    "min_price": lambda product, least: product.price >= least,
    "max_price": lambda product, most: product.price <= most,
    "in_stock": lambda product, wanted: (product.on_hand > 0) is wanted,
    "include_discontinued": lambda _, __: True,
}
EVERY_TEXT = pytest.mark.parametrize("text", [None, "heart"])


def passing(real: Shelf, text: str | None, conditions: Conditions, *without: str) -> Iterator[ListedProduct]:
    """The products that pass, by a plain filter; conditions named after the others are left out."""
    kept = {name: wanted for name, wanted in conditions.items() if name not in without}
    for product in real.products.values():
        if product.discontinued and not conditions.get("include_discontinued"):
            continue
        if text is not None and place(product) == 0:
            continue
        if all(TESTS[name](product, wanted) for name, wanted in kept.items()):
            yield product


def place(product: ListedProduct) -> int:
    """How well "heart" fits: 2 in the name, 1 in the categories."""
    if {"heart", "hearts"} & set(product.words.split()):
        return 2
    return 1 if "Heart" in product.categories else 0


def ids(hits: list[Entry[ListedProduct]]) -> list[Any]:
    """Which products these are."""
    return [hit.stored.row.product_id for hit in hits]


@EVERY_FILTER
@EVERY_TEXT
async def test_filters(real: Shelf, text: str | None, conditions: Conditions) -> None:
    wanted = {product.product_id for product in passing(real, text, conditions)}
    search = await real.search(text, **conditions)
    assert set(ids(await real.all(search))) == wanted
    assert await count(real.reads, search) == len(wanted)


def test_the_filters_tell_something_apart(real: Shelf) -> None:
    numbers = {name: len(list(passing(real, None, conditions))) for name, conditions in FILTERS.items()}
    assert [name for name, number in numbers.items() if number == 0] == ["no category"]
    assert len(set(numbers.values())) == len(numbers)


ORDERS: dict[ProductSort, tuple[Callable[[ListedProduct], Any], bool]] = {
    ProductSort.RELEVANCE: (lambda product: (place(product), product.popularity), True),
    ProductSort.PRICE_ASC: (lambda product: product.price, False),
    ProductSort.PRICE_DESC: (lambda product: product.price, True),
    ProductSort.POPULARITY: (lambda product: product.popularity, True),
    ProductSort.NOVELTY: (lambda product: product.added_at, True),
}


@pytest.mark.parametrize("size", [7, 100])
@pytest.mark.parametrize("sort", ProductSort)
async def test_pages_of_a_text_are_the_whole_list(real: Shelf, sort: ProductSort, size: int) -> None:
    conditions = FILTERS["at most"]
    by, downwards = ORDERS[sort]
    products = passing(real, "heart", conditions)
    plain = sorted(products, key=lambda product: (by(product), product.product_id), reverse=downwards)
    assert len(plain) > 100
    search = await real.search("heart", **conditions)
    assert ids(await real.all(search, sort, size)) == [product.product_id for product in plain]


@pytest.mark.parametrize("sort", ProductSort)
async def test_pages_of_all_products(real: Shelf, sort: ProductSort) -> None:
    """Without a text, what is popular is relevant."""
    by, downwards = ORDERS[ProductSort.POPULARITY if sort is ProductSort.RELEVANCE else sort]
    products = passing(real, None, {})
    plain = sorted(products, key=lambda product: (by(product), product.product_id), reverse=downwards)
    assert ids(await real.all(await real.search(None), sort)) == [product.product_id for product in plain]


@pytest.mark.parametrize("sort", ProductSort)
@pytest.mark.parametrize("text", ["heart", "whtie hart", None])
async def test_pages_backwards(real: Shelf, sort: ProductSort, text: str | None) -> None:
    search = await real.search(text, max_price=Decimal("0.85"))
    forwards, backwards, before = await real.all(search, sort), list[Entry[ListedProduct]](), None
    while True:
        page = await find(real.reads, search, sort, PageArguments(last=9, before=before))
        backwards = [*page.nodes, *backwards]
        if not page.has_previous:
            break
        before = backwards[0].cursor
    assert ids(backwards) == ids(forwards)
    assert len(forwards) > (0 if text == "whtie hart" else 9)


async def test_a_cursor_belongs_to_its_sort(real: Shelf) -> None:
    search = await real.search("heart")
    made = (await real.all(search, ProductSort.PRICE_ASC))[0].cursor
    with pytest.raises(MalformedCursor):
        await find(real.reads, search, ProductSort.RELEVANCE, PageArguments(first=1, after=made))


def choices(counted: Counter[str]) -> list[Choice]:
    """The most frequent first, equally frequent ones by name."""
    ranked = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [Choice(value, products) for value, products in ranked[:MOST_VALUES]]


@EVERY_FILTER
@EVERY_TEXT
async def test_a_facet_counts_what_passes_all_other_conditions(
    real: Shelf, text: str | None, conditions: Conditions
) -> None:
    def others(*own: str) -> list[ListedProduct]:
        return list(passing(real, text, conditions, *own))

    found = await facets(real.reads, await real.search(text, **conditions))
    assert found.categories == choices(Counter(c for product in others("categories") for c in product.categories))
    assert found.vendors == choices(Counter(product.vendor for product in others("vendors") if product.vendor))
    priced = others("min_price", "max_price")
    assert found.price_bands == [
        PriceBand(
            least, most, sum(product.price >= least and (not most or product.price <= most) for product in priced)
        )
        for least, most in price_bands()
    ]
    stocked = others("in_stock")
    assert found.in_stock == sum(product.on_hand > 0 for product in stocked)
    assert found.in_stock + found.out_of_stock == len(stocked)


async def test_a_price_band_is_the_filter_that_it_counts(real: Shelf) -> None:
    search = await real.search(None)
    bands = (await facets(real.reads, search)).price_bands
    assert sum(band.products for band in bands) == await count(real.reads, search)
    for band in bands:
        narrowed = await real.search(None, min_price=band.min_price, max_price=band.max_price)
        assert await count(real.reads, narrowed) == band.products
    assert bands[1].max_price == Decimal("1.9999")
    assert bands[1].products > 0


def test_price_bands_leave_no_gap() -> None:
    bands = price_bands()
    assert bands[0][0] == 0
    assert bands[-1] == (Decimal(50), None)
    assert all(most and most + Decimal("0.0001") == least for (_, most), (least, _) in pairwise(bands))


def test_every_sort_has_an_order() -> None:
    assert ORDERS.keys() == set(ProductSort)
    assert {sort.value.kind for sort in ProductSort} == {int, Decimal, datetime}
