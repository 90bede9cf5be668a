"""The figures that the shop's views show, straight from the file, and as the views show them.

The way from the file is plain Python over its lines; it uses none of the importer's code and no view's.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import asyncpg

from app.infra.freshness import ReadModels
from app.infra.wanted import Wanted
from read_model.catalog import product_popularity
from read_model.catalog.product_popularity import Measure, Window
from tests.app.online_retail.figures import GUEST, Row, is_order, keeps_in_stock, papers

LAST_DAY = date(2011, 7, 31)
"""The window of a year that ends then holds every paper of the file."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day's sales."""

    orders: int = 0
    items: int = 0
    gross: Decimal = Decimal(0)
    returned_items: int = 0
    returned: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Sold:
    """What a product sold in all, less what came back."""

    pieces: int
    orders: int
    revenue: Decimal


@dataclass(frozen=True, kw_only=True)
class ViewFigures:
    """Days as `2010-12-01`; products by sku; `best` are the 50 best by each measure, those of equal score together.

    Customers by number: how many orders, what they spent less what came back, and the day of the last order.
    """

    sales: Mapping[str, Day]
    customers: Mapping[str, tuple[int, Decimal, str | None]]
    sold: Mapping[str, Sold]
    best: Mapping[str, list[tuple[Decimal, frozenset[str]]]]


def from_file(file: Path) -> ViewFigures:
    """The figures straight from the CSV file."""
    notes, others = papers(file)
    orders = [rows for rows in others if is_order(rows)]
    sold = _sold(orders, notes)
    return ViewFigures(sales=_sales(orders, notes), customers=_customers(orders, notes), sold=sold, best=_best(sold))


def _customers(orders: list[list[Row]], notes: list[list[Row]]) -> Mapping[str, tuple[int, Decimal, str | None]]:
    days: dict[str, list[str]] = defaultdict(list)
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for sign, papers_ in ((1, orders), (-1, notes)):
        for rows in papers_:
            number = rows[0]["CustomerID"]
            spent[number] += sign * _amount(rows)
            days[number] += [_day(rows)] if sign == 1 else []
    return {n: (len(days[n]), spent[n], max(days[n], default=None)) for n in sorted(spent) if n != GUEST}


def _sales(orders: list[list[Row]], notes: list[list[Row]]) -> Mapping[str, Day]:
    days: dict[str, Day] = defaultdict(Day)
    for rows in orders:
        before, day = days[_day(rows)], _day(rows)
        days[day] = Day(
            orders=before.orders + 1,
            items=before.items + _pieces(rows),
            gross=before.gross + _amount(rows),
            returned_items=before.returned_items,
            returned=before.returned,
        )
    for rows in notes:
        before, day = days[_day(rows)], _day(rows)
        days[day] = Day(
            orders=before.orders,
            items=before.items,
            gross=before.gross,
            returned_items=before.returned_items + _pieces(rows),
            returned=before.returned + _amount(rows),
        )
    return dict(days)


def _day(rows: list[Row]) -> str:
    return min(row["InvoiceDate"] for row in rows)[:10]


def _pieces(rows: Iterable[Row]) -> int:
    return sum(abs(int(row["Quantity"])) for row in rows if keeps_in_stock(row["StockCode"].upper()))


def _amount(rows: Iterable[Row]) -> Decimal:
    return sum((abs(int(row["Quantity"])) * Decimal(row["UnitPrice"]) for row in rows), Decimal(0))


def _sold(orders: list[list[Row]], notes: list[list[Row]]) -> Mapping[str, Sold]:
    pieces: dict[str, int] = defaultdict(int)
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    counted: dict[str, int] = defaultdict(int)
    for sign, papers_ in ((1, orders), (-1, notes)):
        for rows in papers_:
            for sku, mine in _by_sku(rows).items():
                pieces[sku] += sign * _pieces(mine)
                revenue[sku] += sign * _amount(mine)
                counted[sku] += 1 if sign == 1 else 0
    return {sku: Sold(pieces=pieces[sku], orders=counted[sku], revenue=revenue[sku]) for sku in sorted(pieces)}


def _by_sku(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    products: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if keeps_in_stock(row["StockCode"].upper()):
            products[row["StockCode"].upper()].append(row)
    return products


def _best(sold: Mapping[str, Sold]) -> Mapping[str, list[tuple[Decimal, frozenset[str]]]]:
    return {measure.value: _fifty(sold, measure) for measure in Measure}


def _fifty(sold: Mapping[str, Sold], measure: Measure) -> list[tuple[Decimal, frozenset[str]]]:
    """By score: the order of equals is the view's own affair, so only whole groups of them are compared."""
    groups: dict[Decimal, set[str]] = defaultdict(set)
    for sku, figures in sold.items():
        groups[Decimal(getattr(figures, measure.value))].add(sku)
    best, places = list[tuple[Decimal, frozenset[str]]](), 0
    for score in sorted(groups, reverse=True):
        places += len(groups[score])
        if places > 50:
            break
        best.append((score, frozenset(groups[score])))
    return best


async def from_views(connection: asyncpg.Connection, reads: ReadModels) -> ViewFigures:
    """The figures as clients are shown them: sales and products of the flat tables, the best of Redis."""
    skus = {
        row["product_id"]: row["sku"] for row in await connection.fetch("select product_id, sku from read.product__1")
    }
    sold = {
        skus[row["product_id"]]: Sold(pieces=row["pieces"], orders=row["orders"], revenue=row["revenue"])
        for row in await connection.fetch(_SOLD)
    }
    return ViewFigures(
        sales={row["day"]: Day(**{name: row[name] for name in _DAY}) for row in await connection.fetch(_SALES)},
        customers={row["number"]: tuple(row)[1:] for row in await connection.fetch(_CUSTOMERS)},
        sold=dict(sorted(sold.items())),
        best={measure.value: await _shown(reads, measure, skus.__getitem__) for measure in Measure},
    )


async def _shown(reads: ReadModels, measure: Measure, sku: Callable[..., str]) -> list[tuple[Decimal, frozenset[str]]]:
    window = Window(days=365, until=LAST_DAY, measure=measure, currency="GBP")
    top = await product_popularity.top(reads, window, 51, Wanted())
    assert isinstance(top, product_popularity.Best)
    sold = {
        sku(each.product_id): Sold(pieces=each.pieces, orders=each.orders, revenue=each.revenue)
        for each in top.products
    }
    return _fifty(sold, measure)


_DAY = ("orders", "items", "gross", "returned_items", "returned")
_SALES = f"select day::text, {', '.join(_DAY)} from read.sales__1 where breakdown = 'TOTAL' and currency = 'GBP'"
_CUSTOMERS = """
select substr(name, 10) as number, orders, spent, last_order_on::text
from read.customer_analytics__1 join write.customers using (customer_id) where currency = 'GBP' order by 1
"""
_SOLD = """
select product_id, sum(pieces)::bigint as pieces, sum(orders)::bigint as orders, sum(revenue) as revenue
from read.product_popularity__1 where currency = 'GBP' group by product_id
"""


async def assert_countries_agree(connection: asyncpg.Connection) -> None:
    """By country: orders, and what they brought less what came back, as `orders_by_city` and the write model say."""
    shown = [tuple(row) for row in await connection.fetch(_SHOWN_BY_COUNTRY)]
    assert len(shown) > 30
    assert shown == [tuple(row) for row in await connection.fetch(_WRITTEN_BY_COUNTRY)]


_SHOWN_BY_COUNTRY = """
select country, sum(orders)::bigint, sum(revenue) from read.orders_by_city__1 group by country order by country
"""
_WRITTEN_BY_COUNTRY = """
with ordered as (
    select country, order_id, coalesce(goods, 0) + coalesce(charges, 0) as amount
    from write.order_addresses
    left join (
        select order_id, sum((quantity - returned) * unit_price) as goods from write.order_items group by order_id
    ) as items using (order_id)
    left join (
        select order_id, sum(amount) as charges from write.order_charges group by order_id
    ) as extra using (order_id)
    where kind = 'SHIPPING'
    union all
    select country, null, -sum(quantity * unit_price)
    from write.credit_notes join write.credit_note_items using (credit_note_id) group by country, credit_note_id
)
select country, count(order_id), sum(amount) from ordered group by country order by country
"""
