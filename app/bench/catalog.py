"""What the shop is filled with: a catalog of the real size, from the real books or made up, customers and orders."""

import csv
import gzip
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from app.kernel.clock import new_id
from app.kernel.values import Address

_REAL = Path(__file__).resolve().parents[2] / "tests" / "data" / "online-retail" / "transactions.csv.gz"
_REAL_SIZE = 3_600

_COUNTRIES = ("France", "Germany", "Norway", "Spain", "Italy", "Portugal", "Poland", "Denmark", "Belgium", "Austria")

Sold = Mapping[str, int]
"""The pieces that were sold of each product, by its name."""


@dataclass(frozen=True, slots=True)
class Article:
    """A product of the catalog, and how many pieces of it are sold before anything is measured."""

    product_id: UUID
    name: str
    sold: int
    price: Decimal

    @property
    def sku(self) -> str:
        """Its number in the shop."""
        return str(self.product_id)

    @property
    def categories(self) -> tuple[str, ...]:
        """What it is: the last word of its name."""
        return (self.name.rsplit(maxsplit=1)[-1],)

    @property
    def vendor(self) -> str:
        """Whose it is: the first word of its name."""
        return self.name.split(maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is; without `products`, as many as in the real books. A new view catches up with `caught_up`."""

    orders: int = 5_000
    buyers: int = 200
    products: int | None = None
    caught_up: int = 100_000


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer of the filled shop."""

    customer_id: UUID
    name: str
    email: str
    address: Address


@dataclass(frozen=True, slots=True)
class Placed:
    """An order of the filled shop, and the pieces of each article on it."""

    order_id: UUID
    at: datetime
    buyer: Buyer
    items: Sequence[tuple[Article, int]]
    paid: bool

    @property
    def status(self) -> str:
        """Where it stands."""
        return "PAID" if self.paid else "PENDING"

    @property
    def total(self) -> Decimal:
        """What it costs."""
        return sum((article.price * pieces for article, pieces in self.items), Decimal(0))


@dataclass(frozen=True, slots=True)
class Filled:
    """What the shop was filled with."""

    articles: Sequence[Article]
    buyers: Sequence[Buyer]
    orders: Sequence[Placed]


def articles(most: int | None = None) -> list[Article]:
    """The catalog, or the first `most` products of it."""
    sold = _real() if _REAL.exists() else _made_up()
    return [Article(new_id(), name, pieces, Decimal(pieces % 97 + 1) / 4) for name, pieces in list(sold.items())[:most]]


def plain_articles(number: int) -> list[Article]:
    """Products to order whose names do not matter."""
    return [Article(new_id(), f"Product {n}", 0, Decimal("2.50")) for n in range(number)]


def _real() -> Sold:
    """What the real books sold."""
    names: dict[str, str] = {}
    sold: Counter[str] = Counter()
    with gzip.open(_REAL, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            code, pieces = line["StockCode"].upper(), int(line["Quantity"])
            if code[:5].isdigit() and line["Description"].strip() and Decimal(line["UnitPrice"]) > 0:
                sold[names.setdefault(code, line["Description"])] += max(0, pieces)
    return sold


def _made_up() -> Sold:
    """As many as in the real books, with as many words each: a few sell much, many little."""
    rng = random.Random(2)
    words = ["".join(rng.choices("aeioulnrst", k=rng.randint(3, 9))) for _ in range(2_000)]
    return {" ".join(rng.sample(words, 5)).upper(): int(100 * rng.paretovariate(1)) for _ in range(_REAL_SIZE)}


def foreigner(number: int) -> Buyer:
    """A customer whose country nobody at home lives in; successive numbers are from successive countries."""
    return _buyer(f"Customer {number}", f"City {number % 40}", _COUNTRIES[number % len(_COUNTRIES)])


def neighbour(number: int) -> Buyer:
    """A customer at home."""
    return _buyer(f"Neighbour {number}", "Leeds", "United Kingdom")


def _buyer(name: str, city: str, country: str) -> Buyer:
    customer_id = new_id()
    home = Address(street="1 High Street", city=city, postal_code="1000", country=country)
    return Buyer(customer_id, name, f"{customer_id}@example.com", home)
