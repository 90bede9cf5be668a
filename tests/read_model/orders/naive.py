"""Orders as a test thinks of them: a plain look at each says whether a filter lets it through."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.kernel.clock import id_at
from app.kernel.values import Address
from read_model.orders.order_summary import OrderFilter
from write_model.orders.events import (
    Charge,
    OrderCancelled,
    OrderedItem,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    PastOrderRecorded,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
GOODS = (
    ("TEA-001", "Stoneware Teapot"),
    ("TEA-002", "Stoneware Cup"),
    ("85123A", "White T-Light Holder"),
    ("85123B", "Crème Brûlée Dish"),
    ("HOM-001", "Wool Blanket"),
)
PRODUCTS = [id_at(0, number) for number in range(len(GOODS))]
CUSTOMERS = {id_at(1, 1): "Ada Byrne", id_at(1, 2): "Grace O'Neill", id_at(1, 3): "Linus Meyer"}
PLACES = [
    ("London", "United Kingdom"),
    ("LONDON", "united kingdom"),
    ("Évry", "France"),
    ("évry", "FRANCE"),
    (None, "EIRE"),
]
TEXTS = [
    "stone",
    "TEA",
    "tea-00",
    "85123",
    "85123a",
    "white t",
    "CRÈME",
    "ada",
    "o'neill",
    "light stone",
    "R7",
    "x",
    "'",
    "-",
]


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An order as the test thinks of it."""

    order_id: UUID
    customer_id: UUID | None
    goods: tuple[int, ...]
    place: tuple[str | None, str]
    day: int
    postage: int
    status: str
    reference: str | None

    @property
    def at(self) -> datetime:
        return START + timedelta(days=self.day)

    @property
    def customer(self) -> str:
        return CUSTOMERS[self.customer_id] if self.customer_id else "Guest"

    @property
    def total(self) -> Decimal:
        return Decimal("2.50") * len(self.goods) + self.postage

    @property
    def words(self) -> list[str]:
        texts = [text for number in self.goods for text in GOODS[number]]
        return plain(" ".join([*texts, self.customer, self.reference or ""]))

    def passes(self, wanted: OrderFilter) -> bool:
        """Whether the filter lets it through, condition by condition."""
        city, country = self.place
        tests: list[tuple[Any, Callable[[Any], bool]]] = [
            (wanted.owner, lambda owner: self.customer_id == owner),
            (wanted.customer_id, lambda customer: self.customer_id == customer),
            (wanted.status, lambda statuses: self.status in statuses),
            (wanted.city, lambda asked: city is not None and city.lower() == squeezed(asked)),
            (wanted.country, lambda asked: country.lower() == squeezed(asked)),
            (wanted.product_id, lambda product: product in [PRODUCTS[number] for number in self.goods]),
            (wanted.text, self.has_words),
            (wanted.placed_from, lambda moment: self.at >= moment),
            (wanted.placed_to, lambda moment: self.at < moment),
            (wanted.min_total, lambda least: self.total >= least),
            (wanted.max_total, lambda most: self.total <= most),
        ]
        return all(test(asked) for asked, test in tests if asked is not None)

    def has_words(self, text: str) -> bool:
        wanted = plain(text)
        return bool(wanted) and all(any(word.startswith(each) for word in self.words) for each in wanted)

    def events(self) -> list[OrderEvent]:
        """What happened to it."""
        paid = OrderPaid(order_id=self.order_id, paid_at=self.at)
        shipped = OrderShipped(order_id=self.order_id, tracking_code=None, shipped_at=self.at)
        cancelled = OrderCancelled(order_id=self.order_id, reason="", released=(), cancelled_at=self.at)
        later: dict[str, list[OrderEvent]] = {"PAID": [paid], "SHIPPED": [paid, shipped], "CANCELLED": [cancelled]}
        return [self._placed(), *later.get(self.status, [])]

    def _placed(self) -> OrderPlaced:
        city, country = self.place
        kind = PastOrderRecorded if self.status == "DELIVERED" else OrderPlaced
        address = Address(street=None, city=city, postal_code=None, country=country)
        return kind(
            order_id=self.order_id,
            reference=self.reference,
            customer_id=self.customer_id,
            customer_name=self.customer,
            customer_email=None,
            items=tuple(item(line, number) for line, number in enumerate(self.goods, 1)),
            charges=(Charge(code="POST", description="Postage", amount=Decimal(self.postage)),),
            currency="GBP",
            shipping_address=address,
            billing_address=Address(street=None, city="Elsewhere", postal_code=None, country="Nowhere"),
            payment_method="CARD",
            placed_at=self.at,
            placed_on=self.at.date(),
        )


def squeezed(text: str) -> str:
    return " ".join(text.lower().split())


def item(line: int, number: int) -> OrderedItem:
    sku, name = GOODS[number]
    return OrderedItem(
        line=line, product_id=PRODUCTS[number], sku=sku, name=name, quantity=1, unit_price=Decimal("2.50")
    )


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z0-9èéû]+", text.lower())
