"""Lists of products: found by a text, filtered, sorted, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import asyncpg

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored, Unread
from app.kernel.view import Key
from read_model.catalog.product_search import VIEW, ListedProduct
from read_model.catalog.product_text import Parameters, Reading, read


class ProductSort(Enum):
    """How a list of products is sorted."""

    RELEVANCE = Ordering("relevance", "rank", "product_id", int, descending=True)
    PRICE_ASC = Ordering("price+", "price", "product_id", Decimal, descending=False)
    PRICE_DESC = Ordering("price-", "price", "product_id", Decimal, descending=True)
    POPULARITY = Ordering("popularity", "popularity", "product_id", int, descending=True)
    NOVELTY = Ordering("novelty", "added_at", "product_id", datetime, descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Which products: every given condition holds; bounds of prices are inclusive."""

    categories: tuple[str, ...] | None = None
    vendors: tuple[str, ...] | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None
    include_discontinued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for: a text as it was read, or all products, and the filter."""

    reading: Reading | None
    filter: ProductFilter

    def sorted_by(self, sort: ProductSort) -> ProductSort:
        """The sort that this search can have: without a text, what is popular is relevant."""
        return ProductSort.POPULARITY if self.reading is None and sort is ProductSort.RELEVANCE else sort

    def among(self, parameters: Parameters) -> list[str]:
        """SQL conditions of what no facet counts by: the text, and whether discontinued products are shown."""
        text = [self.reading.condition(parameters)] if self.reading else []
        return [*text, *([] if self.filter.include_discontinued else ["not discontinued"])]

    def by_category(self, parameters: Parameters) -> list[str]:
        """The SQL condition on categories, if there is one; likewise below."""
        wanted = self.filter.categories
        return [] if wanted is None else [f"categories ?| {parameters.place(list(wanted))}::text[]"]

    def by_vendor(self, parameters: Parameters) -> list[str]:
        """On vendors."""
        wanted = self.filter.vendors
        return [] if wanted is None else [f"vendor = any({parameters.place(list(wanted))}::text[])"]

    def by_price(self, parameters: Parameters) -> list[str]:
        """On prices."""
        bounds = ((">=", self.filter.min_price), ("<=", self.filter.max_price))
        return [f"price {test} {parameters.place(bound)}" for test, bound in bounds if bound is not None]

    def by_stock(self) -> list[str]:
        """On what is in stock."""
        wanted = self.filter.in_stock
        return [] if wanted is None else ["on_hand > 0" if wanted else "on_hand <= 0"]

    def conditions(self, parameters: Parameters) -> list[str]:
        """All of them."""
        found, categories = self.among(parameters), self.by_category(parameters)
        return [*found, *categories, *self.by_vendor(parameters), *self.by_price(parameters), *self.by_stock()]


class Hit:
    """A product, and where it stands in its list; `told` tells it apart from whatever else either was or will be."""

    __slots__ = ("_ordering", "_place", "_row", "told")

    def __init__(self, row: Unread[ListedProduct], ordering: Ordering, place: tuple[Any, Key]) -> None:
        self._row, self._ordering, self._place = row, ordering, place
        self.told = ordering.name, place, row.told

    @property
    def stored(self) -> Stored[ListedProduct]:
        """The product."""
        return self._row.read()

    @property
    def cursor(self) -> str:
        """Its place in the list, for clients."""
        return self._ordering.cursor(*self._place)


async def search(
    reads: ReadModels, text: str | None, wanted: ProductFilter, sort: ProductSort, arguments: PageArguments
) -> tuple[Search, Page[Hit]]:
    """The search for a text, as it is read now, and a page of what it finds."""
    reading = await read(reads, text, discontinued=wanted.include_discontinued) if text else None
    made = Search(reading=reading, filter=wanted)
    return made, await find(reads, made, sort, arguments)


async def find(reads: ReadModels, search: Search, sort: ProductSort, arguments: PageArguments) -> Page[Hit]:
    """A page of what the search finds."""
    table, ordering, parameters = reads.table(VIEW), search.sorted_by(sort).value, Parameters()
    life = reads.life
    rank = search.reading.rank(parameters) if search.reading else "0"
    conditions = search.conditions(parameters)
    query = KeysetQuery(ordering, arguments)
    ranked = f"select present.*, {rank} as rank from {table.table} present{where(conditions)}"
    tail = query.tail([], parameters)
    rows = await reads.fetch(f"select {table.selected}, rank from ({ranked}) as present {tail}", *parameters)

    def hit(row: asyncpg.Record) -> Hit:
        return Hit(Unread(table, row, life), ordering, (row[ordering.column], row[ordering.key]))

    return query.page(rows, hit)


async def count(reads: ReadModels, search: Search) -> int:
    """How many products the search finds."""
    parameters = Parameters()
    conditions = where(search.conditions(parameters))
    found: int = await reads.fetchval(f"select count(*) from {reads.table(VIEW).table}{conditions}", *parameters)
    return found


def where(conditions: Sequence[str]) -> str:
    """The clause in which all conditions hold."""
    return f" where {' and '.join(conditions)}" if conditions else ""
