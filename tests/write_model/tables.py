"""The write model's tables must equal the fold of its events: this folds, and compares row by row."""

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

import asyncpg

from app.kernel.messages import Recorded
from tests.support.installation import Installation
from tests.support.replay import whole_log
from write_model.catalog import aggregate as catalog
from write_model.customers import aggregate as customers
from write_model.orders import aggregate as orders
from write_model.orders.events import ItemsReturned, OrderCancelled, OrderPlaced

_EVOLVE: dict[str, Any] = {"customer": customers.evolve, "product": catalog.evolve, "order": orders.evolve}

_CUSTOMERS = """
select customer_id, name, email, tier, version, street, city, postal_code, country
from write.customers join write.customer_addresses using (customer_id)
"""
_PRODUCTS = """
select product_id, name, description, vendor, price, currency, discontinued, version, on_hand,
       array(select category from write.product_categories c where c.product_id = p.product_id order by ordinal)
from write.products p join write.stock using (product_id)
"""
_ORDERS = """
select order_id, customer_id, status, version,
       array(select (line, product_id, quantity, returned, unit_price) from write.order_items i
             where i.order_id = o.order_id order by line)
from write.orders o
"""


async def assert_tables_equal_the_fold(made: Installation, db: asyncpg.Pool) -> int:
    """Compares customers, products with their stock, and orders with their lines. Returns the number of rows."""
    log = await whole_log(made.database_url)
    folded, moved = _folded(log), _moved(log)
    expected = {
        _CUSTOMERS: [_customer(state) for state in folded["customer"].values()],
        _PRODUCTS: [_product(key, state, moved[key]) for key, state in folded["product"].items()],
        _ORDERS: [_order(state) for state in folded["order"].values()],
    }
    for query, rows in expected.items():
        assert sorted(map(tuple, await db.fetch(query))) == sorted(rows)
    await _assert_versions_have_no_gaps(db)
    return sum(map(len, expected.values()))


def _folded(log: list[Recorded[Any]]) -> dict[str, dict[UUID, Any]]:
    states: defaultdict[str, dict[UUID, Any]] = defaultdict(dict)
    for each in log:
        if evolve := _EVOLVE.get(each.aggregate_type):
            mine = states[each.aggregate_type]
            mine[each.aggregate_id] = evolve(mine.get(each.aggregate_id), each.event)
    return states


def _moved(log: list[Recorded[Any]]) -> Counter[UUID]:
    """What orders took from each product's stock and brought back."""
    moved: Counter[UUID] = Counter()
    for event in (each.event for each in log):
        sign, pieces = _pieces(event)
        for piece in pieces:
            moved[piece.product_id] += sign * piece.quantity
    return moved


def _pieces(event: Any) -> tuple[int, Any]:
    match event:
        case OrderPlaced():
            return -1, event.items
        case OrderCancelled():
            return 1, event.released
        case ItemsReturned():
            return 1, event.items
        case _:
            return 0, ()


def _customer(state: customers.Customer) -> tuple[Any, ...]:
    address = state.address
    place = (address.street, address.city, address.postal_code, address.country)
    return (state.customer_id, state.name, state.email, state.tier.value, state.version, *place)


def _product(key: UUID, state: catalog.Product, moved: int) -> tuple[Any, ...]:
    said = (state.name, state.description, state.vendor, state.price, state.currency, state.discontinued)
    return (key, *said, state.version, state.on_hand + moved, list(state.categories))


def _order(state: orders.Order) -> tuple[Any, ...]:
    lines = [(i.line, i.product_id, i.quantity, i.returned, i.unit_price) for i in state.items]
    return state.order_id, state.customer_id, state.status.value, state.version, lines


async def _assert_versions_have_no_gaps(db: asyncpg.Pool) -> None:
    broken = "select aggregate_id from write.events group by 1 having max(version) <> count(*) or min(version) <> 1"
    assert await db.fetch(broken) == []
