"""What a list of products could be narrowed to: how many products each choice would leave.

Each facet counts the products that pass all conditions but its own, so that it shows what else could be chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import asyncpg

from app.infra.freshness import ReadModels
from read_model.catalog.product_listing import Search, where
from read_model.catalog.product_search import VIEW
from read_model.catalog.product_text import Parameters

PRICE_BOUNDS: Final = tuple(map(Decimal, (1, 2, 5, 10, 20, 50)))
"""Where one price band ends and the next begins, in the shop's currency; each belongs to the band above it."""

MOST_VALUES: Final = 100
_FINEST = Decimal("0.0001")

_FACETS = """
with found as materialized (
    select product_id, categories, vendor, price, on_hand,
           {by_category} as category, {by_vendor} as by_vendor, {by_price} as by_price, {by_stock} as by_stock
    from {table}{among}
)
(select 'category' as facet, value, count(distinct product_id) as products
 from found, jsonb_array_elements_text(categories) as value
 where by_vendor and by_price and by_stock group by value order by products desc, value collate "C" limit {most})
union all
(select 'vendor', vendor, count(*) as products from found
 where category and by_price and by_stock and vendor is not null
 group by vendor order by products desc, vendor collate "C" limit {most})
union all
(select 'price', width_bucket(price, {bounds}::numeric[])::text, count(*) from found
 where category and by_vendor and by_stock group by 2)
union all
(select 'stock', (on_hand > 0)::text, count(*) from found where category and by_vendor and by_price group by 2)
"""


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


async def facets(reads: ReadModels, search: Search) -> Facets:
    """What the search could be narrowed to."""
    parameters = Parameters()
    statement = _FACETS.format(
        by_category=_all(search.by_category(parameters)),
        by_vendor=_all(search.by_vendor(parameters)),
        by_price=_all(search.by_price(parameters)),
        by_stock=_all(search.by_stock()),
        table=reads.table(VIEW).table,
        among=where(search.among(parameters)),
        bounds=parameters.place(list(PRICE_BOUNDS)),
        most=MOST_VALUES,
    )
    return _facets(await reads.fetch(statement, *parameters))


def _all(conditions: Sequence[str]) -> str:
    return f"({' and '.join(conditions)})" if conditions else "true"


def _facets(rows: Sequence[asyncpg.Record]) -> Facets:
    prices, stock = (
        {row["value"]: row["products"] for row in rows if row["facet"] == facet} for facet in ("price", "stock")
    )
    return Facets(
        categories=_choices(rows, "category"),
        vendors=_choices(rows, "vendor"),
        price_bands=[
            PriceBand(lowest, highest, prices.get(str(n), 0)) for n, (lowest, highest) in enumerate(price_bands())
        ],
        in_stock=stock.get("true", 0),
        out_of_stock=stock.get("false", 0),
    )


def _choices(rows: Sequence[asyncpg.Record], facet: str) -> list[Choice]:
    return [Choice(row["value"], row["products"]) for row in rows if row["facet"] == facet]


def price_bands() -> list[tuple[Decimal, Decimal | None]]:
    """The lowest and the highest price of every band; amounts have four decimals at most."""
    highest = [*(bound - _FINEST for bound in PRICE_BOUNDS), None]
    return list(zip((Decimal(0), *PRICE_BOUNDS), highest, strict=True))
