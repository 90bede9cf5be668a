"""What a list of products could be narrowed to: how many products each choice would leave.

Each facet counts the products that pass all conditions but its own, so that it shows what else could be chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from app.infra.freshness import ReadModels
from read_model.catalog.product_listing import Search, where
from read_model.catalog.product_search import VIEW
from read_model.catalog.product_text import Parameters

PRICE_BOUNDS: Final = tuple(map(Decimal, (1, 2, 5, 10, 20, 50)))
"""Where one price band ends and the next begins, in the shop's currency; each belongs to the band above it."""

MOST_VALUES: Final = 100
_FINEST = Decimal("0.0001")
_COLUMNS: Final = "product_id, position, categories, vendor, price, on_hand, popularity, added_at, code, words"
"""What facets count by, and what lists are sorted and ranked by."""

PASSES_ALL: Final = "category and by_vendor and by_price and by_stock"
"""What is true of a product of `found` that no condition leaves out."""

_FOUND = """
found as materialized (
    select *, {by_category} as category, {by_vendor} as by_vendor, {by_price} as by_price, {by_stock} as by_stock
    from (select {columns} from {table}{among}) as among
)
"""

COUNTED: Final = """
select json_build_object(
    'categories', (select coalesce(json_agg(c), '[]') from (
        select value, count(distinct product_id) as products from found, jsonb_array_elements_text(categories) as value
        where by_vendor and by_price and by_stock group by value order by products desc, value collate "C" limit {most}
    ) as c),
    'vendors', (select coalesce(json_agg(v), '[]') from (
        select vendor as value, count(*) as products from found
        where category and by_price and by_stock and vendor is not null
        group by vendor order by products desc, vendor collate "C" limit {most}
    ) as v),
    'prices', (select coalesce(json_object_agg(band, products), '{{}}') from (
        select width_bucket(price, array[{bounds}]::numeric[]) as band, count(*) as products from found
        where category and by_vendor and by_stock group by band
    ) as p),
    'in_stock', count(*) filter (where on_hand > 0),
    'out_of_stock', count(*) filter (where on_hand <= 0)
) from found where category and by_vendor and by_price
""".format(bounds=", ".join(map(str, PRICE_BOUNDS)), most=MOST_VALUES)
"""The SQL that counts what is `found`, as JSON."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A category or a vendor, with how many products it has."""

    value: str
    products: int


@dataclass(frozen=True, slots=True)
class PriceBand:
    """How many products cost from `min_price` to `max_price`, both inclusive; the last band has no end."""

    min_price: Decimal
    max_price: Decimal | None
    products: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """Categories and vendors with the most products first, at most 100 of each; all price bands, cheapest first."""

    categories: Sequence[Choice]
    vendors: Sequence[Choice]
    price_bands: Sequence[PriceBand]
    in_stock: int
    out_of_stock: int


class _Counted(msgspec.Struct):
    """As PostgreSQL writes them: prices by the number of their band."""

    categories: list[Choice]
    vendors: list[Choice]
    prices: dict[int, int]
    in_stock: int
    out_of_stock: int


_decode: Final = msgspec.json.Decoder(_Counted).decode


async def facets(reads: ReadModels, search: Search) -> Facets:
    """What the search could be narrowed to."""
    return read(await count(reads, search))


async def count(reads: ReadModels, search: Search) -> str:
    """What the search could be narrowed to, for `read`."""
    parameters = Parameters()
    found_ = found(reads, search, parameters)
    text: str = await reads.fetchval(f"with {found_} select ({COUNTED})::text", *parameters)
    return text


def read(counted: str) -> Facets:
    """The facets that were counted."""
    said = _decode(counted)
    bands = [PriceBand(low, high, said.prices.get(n, 0)) for n, (low, high) in enumerate(price_bands())]
    return Facets(
        categories=said.categories,
        vendors=said.vendors,
        price_bands=bands,
        in_stock=said.in_stock,
        out_of_stock=said.out_of_stock,
    )


def found(reads: ReadModels, search: Search, parameters: Parameters) -> str:
    """The SQL of a common table `found`: what no facet counts by, each with the conditions that it passes."""
    return _FOUND.format(
        by_category=_all(search.by_category(parameters)),
        by_vendor=_all(search.by_vendor(parameters)),
        by_price=_all(search.by_price(parameters)),
        by_stock=_all(search.by_stock()),
        table=reads.table(VIEW).table,
        columns=_COLUMNS,
        among=where(search.among(parameters)),
    )


def _all(conditions: Sequence[str]) -> str:
    return f"({' and '.join(conditions)})" if conditions else "true"


def price_bands() -> list[tuple[Decimal, Decimal | None]]:
    """The lowest and the highest price of every band; amounts have four decimals at most."""
    highest = [*(bound - _FINEST for bound in PRICE_BOUNDS), None]
    return list(zip((Decimal(0), *PRICE_BOUNDS), highest, strict=True))
