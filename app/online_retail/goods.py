"""Which stock codes are goods, and what the books know of each product."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from app.online_retail.books import Line

_GOODS = re.compile(r"[0-9]{5}|DCGS|PADS$")
# "Next Day Carriage": numbered like goods, but a service.
_NUMBERED_CHARGES = frozenset({"23444"})


def sku_of(code: str) -> str:
    """The sku of a stock code. One till writes the same codes in small letters: case tells nothing apart."""
    return code.upper()


def is_goods(code: str) -> bool:
    """False for postage, fees, vouchers, manual entries: whatever is not kept in stock by the piece."""
    sku = sku_of(code)
    return _GOODS.match(sku) is not None and sku not in _NUMBERED_CHARGES


T = TypeVar("T")


class _Tally(Generic[T]):
    """Counts values; the favourite is the most frequent, of equally frequent ones the latest."""

    def __init__(self) -> None:
        self._counts: Counter[T] = Counter()
        self._order: dict[T, int] = {}
        self._added = 0

    def add(self, value: T) -> None:
        self._counts[value] += 1
        self._order[value] = self._added = self._added + 1

    @property
    def favourite(self) -> T | None:
        return max(self._counts, key=lambda value: (self._counts[value], self._order[value]), default=None)


@dataclass(slots=True)
class Product:
    """What the books know of one product; fed line by line, in their order."""

    sku: str
    first: datetime
    taken: int = 0
    _names: _Tally[str] = field(default_factory=_Tally[str])
    _free_names: _Tally[str] = field(default_factory=_Tally[str])
    _prices: _Tally[Decimal] = field(default_factory=_Tally[Decimal])

    @property
    def name(self) -> str:
        """The most frequent description with a price, or else as a free gift; the rest are remarks."""
        return self._names.favourite or self._free_names.favourite or f"Stock code {self.sku}"

    @property
    def price(self) -> Decimal:
        """The most frequent price, of equally frequent ones the latest; 0 when it never had one."""
        return self._prices.favourite or Decimal(0)

    @property
    def opening(self) -> int:
        """The pieces to begin with: 5/4 of all that the books take out, rounded up."""
        return -(-self.taken * 5 // 4)

    def sold(self, line: Line) -> None:
        """Takes a line of an order or a credit note into account."""
        self.taken += max(line.quantity, 0)
        if line.price:
            self._names.add(line.description)
            self._prices.add(line.price)
        else:
            self._free_names.add(line.description)

    def corrected(self, change: int) -> None:
        """Takes a stock correction into account."""
        self.taken += max(-change, 0)
