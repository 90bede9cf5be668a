"""Lists of products: found by a text, filtered, sorted, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.sheets import Entry, Sheet
from read_model.catalog.product_search import VIEW, ListedProduct
from read_model.catalog.product_text import Parameters, Reading


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

    def rank(self, parameters: Parameters) -> str:
        """How well each product fits, as a bigint."""
        return self.reading.rank(parameters) if self.reading else "0::bigint"

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


async def find(
    reads: ReadModels, search: Search, sort: ProductSort, arguments: PageArguments, *, whole: bool = True
) -> Page[Entry[ListedProduct]]:
    """A page of what the search finds."""
    ordering, parameters = search.sorted_by(sort).value, Parameters()
    sheet, query = Sheet(reads, VIEW, ordering, whole=whole), KeysetQuery(ordering, arguments)
    rank = search.rank(parameters)
    ranked = f"select present.*, {rank} as rank from {sheet.table.table} present{where(search.conditions(parameters))}"
    tail = query.tail([], parameters)
    return await sheet.page(query, f"select {sheet.selected} from ({ranked}) as present {tail}", parameters)


async def count(reads: ReadModels, search: Search) -> int:
    """How many products the search finds."""
    parameters = Parameters()
    conditions = where(search.conditions(parameters))
    found: int = await reads.fetchval(f"select count(*) from {reads.table(VIEW).table}{conditions}", *parameters)
    return found


def where(conditions: Sequence[str]) -> str:
    """The clause in which all conditions hold."""
    return f" where {' and '.join(conditions)}" if conditions else ""
