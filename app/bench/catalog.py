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


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is; without `products`, as many as in the real books."""

    orders: int = 5_000
    customers: int = 200
    products: int | None = None


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
