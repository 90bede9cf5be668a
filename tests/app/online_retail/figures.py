"""The shop's figures, straight from the file and from the database; the two ways know nothing of each other.

The way from the file uses none of the importer's code, and other marks where there are any: a correction is a
lone line without price and customer, where the importer looks at the remark; a day is ten letters of a date.
"""

import csv
import gzip
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path

import asyncpg

GUEST = ""
Row = dict[str, str]
Sums = Mapping[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Days as `2010-12-01` in the shop's time zone; customers by number; stock by sku; money in pounds."""

    orders: int
    revenue_per_day: Sums
    revenue_per_country: Sums
    ordered_per_customer: Sums
    credited_per_customer: Sums
    stock: Mapping[str, int]


def from_file(file: Path) -> Figures:
    """The figures straight from the CSV file."""
    notes, others = papers(file)
    orders = [rows for rows in others if is_order(rows)]
    corrections = [rows for rows in others if not is_order(rows)]
    return Figures(
        orders=len(orders),
        revenue_per_day=_sums((min(row["InvoiceDate"] for row in rows)[:10], rows) for rows in orders),
        revenue_per_country=_sums((rows[0]["Country"], rows) for rows in orders),
        ordered_per_customer=_sums((rows[0]["CustomerID"], rows) for rows in orders),
        credited_per_customer=_sums((rows[0]["CustomerID"], rows) for rows in notes),
        stock=_stock(orders, notes, corrections),
    )


def papers(file: Path) -> tuple[list[list[Row]], list[list[Row]]]:
    """The lines of every credit note, and of every other paper."""
    raw = file.read_bytes()
    text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    invoices: dict[str, list[Row]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text.decode(), newline="")):
        invoices[row["InvoiceNo"]].append(row)
    notes = [rows for number, rows in invoices.items() if number.startswith("C")]
    others = [rows for number, rows in invoices.items() if not number.startswith("C")]
    return notes, others


def is_order(rows: list[Row]) -> bool:
    """False for a stock correction."""
    if len(rows) > 1:
        return True
    return rows[0]["CustomerID"] != "" or Decimal(rows[0]["UnitPrice"]) > 0


def _sums(groups: Iterable[tuple[str, list[Row]]]) -> Sums:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for key, rows in groups:
        for row in rows:
            sums[key] += abs(int(row["Quantity"])) * Decimal(row["UnitPrice"])
    return _with_amounts(sums)


def _with_amounts(sums: Sums) -> Sums:
    return {key: amount for key, amount in sorted(sums.items()) if amount}


def _stock(orders: list[list[Row]], notes: list[list[Row]], corrections: list[list[Row]]) -> Mapping[str, int]:
    taken: dict[str, int] = defaultdict(int)
    brought: dict[str, int] = defaultdict(int)
    for sign, papers in ((-1, orders), (-1, notes), (1, corrections)):
        for row in chain.from_iterable(papers):
            change = sign * int(row["Quantity"])
            taken[row["StockCode"].upper()] += max(-change, 0)
            brought[row["StockCode"].upper()] += max(change, 0)
    return {
        code: (taken[code] * 5 + 3) // 4 - taken[code] + brought[code] for code in sorted(taken) if keeps_in_stock(code)
    }


def keeps_in_stock(code: str) -> bool:
    """False for postage, fees and the like."""
    return re.match(r"\d{5}|DCGS|PADS", code) is not None and code != "23444"


async def from_database(connection: asyncpg.Connection, order_summary: str) -> Figures:
    """The figures from the read view `order_summary` (its table's full name) and the write model's tables."""
    return Figures(
        orders=await connection.fetchval(_ORDERS.format(order_summary)),
        revenue_per_day=await _summed(connection, _PER_DAY.format(order_summary)),
        revenue_per_country=await _summed(connection, _PER_COUNTRY.format(order_summary)),
        ordered_per_customer=await _summed(connection, _ORDERED.format(order_summary)),
        credited_per_customer=await _summed(connection, _CREDITED),
        stock={row["sku"]: row["on_hand"] for row in await connection.fetch(_STOCK)},
    )


async def _summed(connection: asyncpg.Connection, query: str) -> Sums:
    return _with_amounts({row["key"]: row["amount"] for row in await connection.fetch(query)})


_ORDERS = "select count(*) from {}"
_PER_DAY = """
select to_char(placed_at at time zone 'Europe/London', 'YYYY-MM-DD') as key, sum(total) as amount
from {} group by 1
"""
_PER_COUNTRY = "select country as key, sum(total) as amount from {} group by 1"
_ORDERED = """
select coalesce(substr(name, 10), '') as key, sum(total) as amount
from {} left join write.customers using (customer_id) group by 1
"""
_CREDITED = """
select coalesce(substr(name, 10), '') as key, sum(amount) as amount
from (
    select customer_id, returned * unit_price as amount
    from write.order_items join write.orders using (order_id)
    union all
    select customer_id, quantity * unit_price
    from write.credit_note_items join write.credit_notes using (credit_note_id)
) as credited left join write.customers using (customer_id) group by 1
"""
_STOCK = "select sku, on_hand from write.stock join write.products using (product_id)"
