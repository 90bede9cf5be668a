"""What the orders' views must show."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.infra.tables import Stored
from app.infra.text_search import Words
from app.kernel.structs import replace
from app.kernel.view import Key
from read_model.orders import customer_orders as history
from read_model.orders.customer_orders import CustomerOrders
from read_model.orders.order_contents import OrderContents
from read_model.orders.order_summary import OrderSummary
from read_model.orders.orders_by_city import CityDay
from read_model.orders.sales import DaySales
from tests.read_model.expected.details import details
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import Shop


def order_summary(shop: Shop) -> Rows:
    """Every order in short."""
    return {
        key: OrderSummary(
            order_id=key,
            reference=order.reference,
            customer_id=order.customer_id,
            customer_name=order.customer_name,
            status=order.status,
            currency=order.currency,
            total=order.total,
            refunded=order.refunded,
            item_count=sum(line.quantity for line in order.lines),
            city=order.shipping_address.city,
            country=order.shipping_address.country,
            city_folded=order.shipping_address.city and order.shipping_address.city.lower(),
            country_folded=order.shipping_address.country.lower(),
            placed_at=order.placed_at,
        )
        for key, order in shop.orders.items()
    }


def order_details(shop: Shop) -> Rows:
    """Every order with all that became of it."""
    return {key: details(order) for key, order in shop.orders.items()}


def order_contents(shop: Shop) -> Rows:
    """Every order's products, and the words by which it is found."""
    rows: dict[Key, OrderContents] = {}
    for key, order in shop.orders.items():
        texts = [order.reference or "", order.customer_name, *(f"{line.sku} {line.name}" for line in order.lines)]
        words = {word for word in re.split(r"[^a-z0-9é]+", " ".join(texts).lower()) if word}
        rows[key] = OrderContents(
            order_id=key,
            products=tuple(dict.fromkeys(line.product_id for line in order.lines if line.product_id)),
            words=Words(" ".join(f"'{word}'" for word in sorted(words))),
        )
    return rows


def customer_orders(shop: Shop) -> Rows:
    """Of each customer the number of orders and the newest of them; of one moment the higher id."""
    summaries: dict[UUID, list[Stored[OrderSummary]]] = {}
    for summary in order_summary(shop).values():
        if summary.customer_id:
            order = shop.orders[summary.order_id]
            stored = Stored(summary, order.version, shop.positions[order.order_id, order.version])
            summaries.setdefault(summary.customer_id, []).append(stored)
    rows: dict[Key, CustomerOrders] = {}
    for customer_id, mine in summaries.items():
        mine.sort(key=lambda stored: (stored.row.placed_at, stored.row.order_id), reverse=True)
        newest = tuple(mine[: history.READY_MADE])
        rows[customer_id] = CustomerOrders(customer_id=customer_id, total=len(mine), newest=newest)
    return rows


def sales(shop: Shop) -> Rows:
    """Of each day, and in it of each category and vendor: what was ordered on it, and what came back on it."""
    rows: dict[Key, DaySales] = {}
    orders: dict[str, set[UUID]] = {}
    for day, currency, breakdown, name, order_id, items, gross in _sold(shop):
        row = _row(rows, day, currency, breakdown, name)
        orders.setdefault(row.key, set()).add(order_id)
        counted = len(orders[row.key])
        rows[row.key] = replace(row, orders=counted, items=row.items + items, gross=row.gross + gross)
    for day, currency, breakdown, name, items, amount in _returned(shop):
        row = _row(rows, day, currency, breakdown, name)
        rows[row.key] = replace(row, returned_items=row.returned_items + items, returned=row.returned + amount)
    return rows


def _row(rows: dict[Key, DaySales], day: date, currency: str, breakdown: str, name: str | None) -> DaySales:
    key = f"{day.isoformat()}|{currency}|{breakdown}" + (f"|{name}" if name is not None else "")
    return rows.get(key, DaySales(key=key, day=day, breakdown=breakdown, name=name, currency=currency))


def orders_by_city(shop: Shop) -> Rows:
    """Of each day and city: the orders that stand, and what they brought; notes are told by country alone."""
    orders: Counter[tuple[date, str, str, str | None]] = Counter()
    revenue: dict[tuple[date, str, str, str | None], Decimal] = defaultdict(Decimal)
    for order in shop.orders.values():
        if order.status != "CANCELLED":
            to = order.shipping_address
            place = (shop.day(order.placed_at), order.currency, to.country, to.city)
            orders[place] += 1
            revenue[place] += order.total - order.refunded
    for note in shop.notes.values():
        place = (shop.day(note.credited_at), note.currency, note.country, None)
        revenue[place] -= sum((line.quantity * line.unit_price for line in note.lines), Decimal(0))
    rows = [
        CityDay(
            key=f"{day}|{currency}|{len(country)}|{country}|{city or ''}",
            day=day,
            country=country,
            city=city,
            currency=currency,
            orders=orders[day, currency, country, city],
            revenue=amount,
        )
        for (day, currency, country, city), amount in revenue.items()
    ]
    return {row.key: row for row in rows}


def _sold(shop: Shop) -> Iterator[tuple[date, str, str, str | None, UUID, int, Decimal]]:
    for order in shop.orders.values():
        if order.status == "CANCELLED":
            continue
        day, of = shop.day(order.placed_at), order.order_id
        yield day, order.currency, "TOTAL", None, of, 0, sum((amount for *_, amount in order.charges), Decimal(0))
        for line in order.lines:
            cost = line.quantity * line.unit_price
            for breakdown, name in (("TOTAL", None), ("CATEGORY", line.category), ("VENDOR", line.vendor)):
                yield day, order.currency, breakdown, name, of, line.quantity, cost


def _returned(shop: Shop) -> Iterator[tuple[date, str, str, str | None, int, Decimal]]:
    back = [
        (order.currency, line, at, quantity)
        for order in shop.orders.values()
        for line in order.lines
        for at, quantity in line.back
    ]
    back += [
        (note.currency, line, note.credited_at, line.quantity) for note in shop.notes.values() for line in note.lines
    ]
    for currency, line, at, quantity in back:
        day, worth = shop.day(at), quantity * line.unit_price
        yield day, currency, "TOTAL", None, quantity if line.product_id else 0, worth
        if line.product_id:
            yield day, currency, "CATEGORY", line.category, quantity, worth
            yield day, currency, "VENDOR", line.vendor, quantity, worth
