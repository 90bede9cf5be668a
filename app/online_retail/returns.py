"""Finds the orders that a credit note takes back: the books do not name them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.online_retail.books import Line
from app.online_retail.goods import sku_of

Sale = tuple[str | None, str, Decimal]
"""Customer, sku and price: what a sale and its return have in common."""


@dataclass(slots=True)
class Sold:
    """A line of an order and its pieces that are still with the customer."""

    order: str
    line: int
    left: int


@dataclass(frozen=True, slots=True)
class Found:
    """Pieces of one order's line that a credit note takes back."""

    order: str
    line: int
    quantity: int


class Sales:
    """What customers still hold, so that no piece comes back twice."""

    def __init__(self) -> None:
        self._held: dict[Sale, list[Sold]] = defaultdict(list)

    def add(self, order: str, goods: Sequence[Line]) -> None:
        """Remembers the goods of a customer's order, numbered from 1 as the order numbers them."""
        for number, line in enumerate(goods, 1):
            self._held[_sale(line)].append(Sold(order, number, line.quantity))

    def take_back(self, line: Line) -> list[Found]:
        """Takes the pieces of a credit line from the latest sales to the same customer at the same price.

        What it finds may be fewer pieces than the line has, down to none.
        """
        held, wanted, found = self._held[_sale(line)], -line.quantity, []
        while held and wanted:
            latest = held[-1]
            pieces = min(wanted, latest.left)
            found.append(Found(latest.order, latest.line, pieces))
            wanted -= pieces
            latest.left -= pieces
            if not latest.left:
                held.pop()
        return found


def _sale(line: Line) -> Sale:
    return line.customer, sku_of(line.code), line.price
