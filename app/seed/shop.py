"""Customers, products, orders in every status, and who looked at what."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from app.kernel.clock import now
from app.kernel.messages import Command
from app.kernel.values import Address, Money
from app.seed.names import seeded_id
from write_model.catalog.commands import AddProduct, ReceiveStock, ViewProduct
from write_model.customers.commands import RegisterCustomer, Tier, UpgradeCustomer
from write_model.orders.commands import (
    CancelOrder,
    DeliverOrder,
    PayOrder,
    PlaceOrder,
    ReturnedPieces,
    ReturnItems,
    ShipOrder,
    WantedItem,
)


@dataclass(frozen=True, slots=True)
class _Customer:
    name: str
    street: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class _Product:
    sku: str
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str
    price: str
    pieces: int


@dataclass(frozen=True, slots=True)
class _Order:
    customer: str
    items: Mapping[str, int]
    days_ago: int
    steps: tuple[str, ...] = field(default=())


CUSTOMERS: Final[Mapping[str, _Customer]] = {
    "ada": _Customer("Ada Byrne", "12 Analytical Row", "London", "EC1A 1BB", "United Kingdom"),
    "grace": _Customer("Grace Okafor", "3 Harbour Street", "Bristol", "BS1 4DJ", "United Kingdom"),
    "linus": _Customer("Linus Meyer", "Lindenweg 8", "Hamburg", "20095", "Germany"),
    "margaret": _Customer("Margaret Duval", "27 rue des Écoles", "Lyon", "69002", "France"),
}

PRODUCTS: Final[Mapping[str, _Product]] = {
    "teapot": _Product(
        "TEA-001",
        "Stoneware Teapot",
        "Holds one litre and never drips.",
        ("Kitchen", "Tea"),
        "Potters & Co",
        "24.50",
        120,
    ),
    "cup": _Product("TEA-002", "Stoneware Cup", "Matches the teapot.", ("Kitchen", "Tea"), "Potters & Co", "6.75", 600),
    "cakestand": _Product(
        "TEA-003", "Three-tier Cakestand", "For a proper afternoon.", ("Kitchen", "Tea"), "Potters & Co", "18.00", 45
    ),
    "lantern": _Product(
        "LGT-001", "White Metal Lantern", "For garden and balcony.", ("Garden", "Light"), "Brightside", "9.95", 200
    ),
    "candle": _Product("LGT-002", "Beeswax Candle", "Burns for twelve hours.", ("Light",), "Brightside", "4.20", 900),
    "blanket": _Product("HOM-001", "Wool Blanket", "Woven in the Hebrides.", ("Home",), "Northern Loom", "79.00", 30),
    "cushion": _Product(
        "HOM-002", "Linen Cushion", "Washed linen, feather filling.", ("Home",), "Northern Loom", "22.00", 80
    ),
    "clock": _Product("HOM-003", "Station Clock", "Loud on purpose.", ("Home",), "Brightside", "54.90", 12),
    "basket": _Product("GDN-001", "Picnic Basket", "Wicker, for four.", ("Garden",), "Willow Works", "39.00", 25),
    "trowel": _Product(
        "GDN-002", "Garden Trowel", "Forged in one piece.", ("Garden", "Tools"), "Willow Works", "11.25", 150
    ),
}

ORDERS: Final[Mapping[str, _Order]] = {
    "pending": _Order("ada", {"teapot": 1, "cup": 4}, 0),
    "paid": _Order("ada", {"lantern": 2}, 1, ("pay",)),
    "shipped": _Order("grace", {"blanket": 1, "cushion": 2}, 2, ("pay", "ship")),
    "delivered": _Order("ada", {"cakestand": 1, "cup": 6, "candle": 10}, 6, ("pay", "ship", "deliver")),
    "cancelled": _Order("linus", {"clock": 1}, 4, ("cancel",)),
    "returned": _Order("margaret", {"basket": 1}, 9, ("pay", "ship", "deliver", "return")),
    "garden": _Order("linus", {"trowel": 3, "basket": 1}, 3, ("pay",)),
    "candles": _Order("margaret", {"candle": 24}, 5, ("pay", "ship", "deliver")),
    "gifts": _Order("grace", {"cup": 2, "candle": 6, "lantern": 1}, 7, ("pay", "ship", "deliver")),
    "home": _Order("grace", {"clock": 1, "cushion": 4}, 11, ("pay", "ship", "deliver")),
    "tea": _Order("linus", {"teapot": 1, "cup": 2}, 13, ("pay", "ship", "deliver")),
    "winter": _Order("margaret", {"blanket": 2}, 14, ("pay", "ship")),
}


VIEWS: Final[tuple[tuple[str | None, str], ...]] = (
    ("ada", "teapot"),
    ("grace", "blanket"),
    (None, "candle"),
    ("linus", "trowel"),
    ("ada", "clock"),
    ("margaret", "basket"),
    (None, "teapot"),
    ("linus", "basket"),
    ("ada", "cup"),
    ("grace", "lantern"),
    ("ada", "teapot"),
)
"""Who looked at what, an hour apart, the last one just now; None for a visitor who is not signed in."""


def steps(currency: str) -> Iterator[tuple[str, Command]]:
    """The commands, each with a name that no other has."""
    for name, customer in CUSTOMERS.items():
        yield f"register/{name}", _registration(name, customer)
    for name, product in PRODUCTS.items():
        yield f"add/{name}", _addition(name, product, currency)
        product_id = seeded_id("product", name)
        yield f"receive/{name}", ReceiveStock(at=now(), product_id=product_id, pieces=product.pieces)
    for name, order in sorted(ORDERS.items(), key=lambda each: -each[1].days_ago):
        for step, command in _order(name, order):
            yield f"{step}/{name}", command
    for number, (customer_name, product_name) in enumerate(VIEWS, 1):
        yield f"view/{number}", _view(number, customer_name, product_name)
    yield "upgrade/grace", UpgradeCustomer(at=now(), customer_id=seeded_id("customer", "grace"), tier=Tier.SILVER)


def _registration(name: str, customer: _Customer) -> RegisterCustomer:
    return RegisterCustomer(
        at=now() - timedelta(days=30),
        customer_id=seeded_id("customer", name),
        name=customer.name,
        email=f"{name}@example.com",
        address=Address(
            street=customer.street,
            city=customer.city,
            postal_code=customer.postal_code,
            country=customer.country,
        ),
    )


def _addition(name: str, product: _Product, currency: str) -> AddProduct:
    return AddProduct(
        at=now() - timedelta(days=30),
        product_id=seeded_id("product", name),
        sku=product.sku,
        name=product.name,
        description=product.description,
        categories=product.categories,
        vendor=product.vendor,
        price=Money(Decimal(product.price), currency),
    )


def _order(name: str, order: _Order) -> list[tuple[str, Command]]:
    order_id, at = seeded_id("order", name), now() - timedelta(days=order.days_ago)
    placed = PlaceOrder(
        at=at,
        order_id=order_id,
        customer_id=seeded_id("customer", order.customer),
        items=tuple(
            WantedItem(product_id=seeded_id("product", product), quantity=quantity)
            for product, quantity in order.items.items()
        ),
    )
    later = [at + timedelta(hours=hours) for hours in range(1, len(order.steps) + 1)]
    return [("place", placed), *((s, _step(s, order_id, at)) for s, at in zip(order.steps, later, strict=True))]


def _view(number: int, customer: str | None, product: str) -> ViewProduct:
    return ViewProduct(
        at=now() - timedelta(hours=len(VIEWS) - number),
        view_id=seeded_id("view", str(number)),
        product_id=seeded_id("product", product),
        customer_id=seeded_id("customer", customer) if customer else None,
    )


def _step(step: str, order_id: UUID, at: datetime) -> Command:
    made: dict[str, Callable[[], Command]] = {
        "pay": lambda: PayOrder(at=at, order_id=order_id),
        "ship": lambda: ShipOrder(at=at, order_id=order_id, tracking_code="RM123456785GB"),
        "deliver": lambda: DeliverOrder(at=at, order_id=order_id),
        "cancel": lambda: CancelOrder(at=at, order_id=order_id, reason="Found it cheaper elsewhere"),
        "return": lambda: ReturnItems(at=at, order_id=order_id, items=(ReturnedPieces(line=1, quantity=1),)),
    }
    return made[step]()
