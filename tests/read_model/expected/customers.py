"""What the customers' views must show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from app.kernel.view import Key
from read_model.customers.customer_analytics import CustomerAnalytics
from read_model.customers.customer_profile import CustomerProfile
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import Line, Order, Shop


def customer_profile(shop: Shop) -> Rows:
    """Every customer as they are."""
    shown: dict[Key, CustomerProfile] = {}
    for key, each in shop.customers.items():
        town = " ".join(filter(None, (each.address.postal_code, each.address.city)))
        shown[key] = CustomerProfile(
            customer_id=key,
            name=each.name,
            email=each.email,
            tier=each.tier,
            address=each.address,
            display_address=", ".join(filter(None, (each.address.street, town, each.address.country))),
            registered_at=each.registered_at,
        )
    return shown


def customer_analytics(shop: Shop) -> Rows:
    """Of each customer and currency, what they ordered and did not cancel, and what they gave back or were credited."""
    buyers = {(order.customer_id, order.currency) for order in shop.orders.values() if order.customer_id}
    buyers |= {(note.customer_id, note.currency) for note in shop.notes.values() if note.customer_id}
    rows = [_analytics(shop, customer_id, currency) for customer_id, currency in buyers]
    return {row.key: row for row in rows}


def _analytics(shop: Shop, customer_id: UUID, currency: str) -> CustomerAnalytics:
    mine = [each for each in shop.orders.values() if (each.customer_id, each.currency) == (customer_id, currency)]
    notes = [each for each in shop.notes.values() if (each.customer_id, each.currency) == (customer_id, currency)]
    orders = [order for order in mine if order.status != "CANCELLED"]
    gross = sum((order.total for order in orders), Decimal(0))
    credited = [line for note in notes for line in note.lines]
    returned = sum((order.refunded for order in orders), _cost(credited))
    days, countries = [shop.day(order.placed_at) for order in orders], [o.shipping_address.country for o in orders]
    amounts = _by_category(orders, credited)
    return CustomerAnalytics(
        key=f"{customer_id}|{currency}",
        customer_id=customer_id,
        currency=currency,
        orders=len(orders),
        gross=gross,
        returned=returned,
        orders_on=dict(Counter(str(day) for day in days)),
        orders_to=dict(Counter(countries)),
        amounts=amounts,
        spent=gross - returned,
        first_order_on=min(days, default=None),
        last_order_on=max(days, default=None),
        favourite_category=_favourite({name: amount for name, amount in amounts.items() if amount > 0}),
        country=_favourite(Counter(countries)),
        segment=_segment(len(orders), gross - returned),
    )


def _cost(lines: Iterable[Line]) -> Decimal:
    return sum((line.quantity * line.unit_price for line in lines), Decimal(0))


def _by_category(orders: list[Order], credited: list[Line]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        for line in order.lines:
            amounts[line.category or ""] += (line.quantity - line.returned) * line.unit_price
    for line in credited:
        amounts[line.category or ""] -= line.quantity * line.unit_price
    return {name: amount for name, amount in amounts.items() if name and amount}


def _favourite(counted: Mapping[str, Decimal] | Mapping[str, int]) -> str | None:
    """The highest, of equals the first by name."""
    best = max(counted.values(), default=0)
    return min((name for name, amount in counted.items() if amount == best), default=None)


def _segment(orders: int, spent: Decimal) -> str:
    if orders >= 5 and spent >= 2_000:
        return "VIP"
    return ["NONE", "NEW", "REGULAR", "REGULAR", "REGULAR", "LOYAL"][min(orders, 5)]
