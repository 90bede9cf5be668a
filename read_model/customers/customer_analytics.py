"""What customers are worth to the shop: orders, spending, habits, and what may be expected of them.

A customer has a row for each currency that they ordered in, since amounts of two currencies cannot be added: every
figure of a row, its orders and days too, is of that currency alone. Guests' orders are nobody's and count nowhere.

Days are the shop's business days on which orders were placed. An order that is cancelled leaves every figure, as if it
had never been placed. What comes back is taken off `spent` and off its category, whenever it comes back, and so is a
credit note that belongs to no known order; the order still counts. Charges such as postage are in `spent`, and in no
category. Category is what the product had when it was sold.

Nothing depends on today, so a replay of the log gives the same rows at any time.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.rollup import rollup
from app.kernel.structs import Struct, field, replace
from read_model.orders.booking import BOOKING, Booking

_REGULAR_ORDERS = 2
_LOYAL_ORDERS = 5
_VIP_SPENT = Decimal(2_000)
"""Of the row's currency. Of the wholesaler's customers in `tests/data` a tenth has this and `_LOYAL_ORDERS`."""

_DAYS_OF_A_YEAR = Decimal("365.25")
_YEARS_OF_CUSTOM = 3
_CENT = Decimal("0.01")


class Segment(StrEnum):
    """What kind of customer: the last of these whose condition holds."""

    NONE = "NONE"
    NEW = "NEW"
    REGULAR = "REGULAR"
    LOYAL = "LOYAL"
    VIP = "VIP"

    @classmethod
    def of(cls, orders: int, spent: Decimal) -> "Segment":
        """NEW from the first order on, REGULAR from the second, LOYAL from the fifth; VIP if 2,000 are spent too."""
        if orders >= _LOYAL_ORDERS:
            return cls.VIP if spent >= _VIP_SPENT else cls.LOYAL
        if orders >= _REGULAR_ORDERS:
            return cls.REGULAR
        return cls.NEW if orders else cls.NONE


class CustomerAnalytics(Struct, frozen=True, kw_only=True):
    """One customer in one currency; from `spent` on, everything follows from the sums before it.

    `orders_on` and `orders_to` count orders by day and by country, `amounts` is what goods cost by category, less
    returns. `favourite_category` has the highest amount, if one is above zero; `country` the most orders. Of equals it
    is the first by name.
    """

    key: str
    customer_id: UUID
    currency: str
    orders: int = 0
    gross: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    orders_on: dict[str, int] = field(default_factory=dict)
    orders_to: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    spent: Decimal = Decimal(0)
    first_order_on: date | None = None
    last_order_on: date | None = None
    favourite_category: str | None = None
    country: str | None = None
    segment: str = Segment.NONE.value

    @property
    def average_order_value(self) -> Decimal | None:
        """What was spent by the number of orders, to the cent; None without orders."""
        return (self.spent / self.orders).quantize(_CENT) if self.orders else None

    @property
    def lifetime_value(self) -> Decimal:
        """What the customer may be expected to spend, to the cent, never below zero.

        The simplest of the formulas in use (Farris, Bendle, Pfeifer and Reibstein: Marketing Metrics, 2010), without
        margin and discount: average order value times orders a year times years of custom, assumed to be three. The
        year's orders are those from the first to the last order's day, over that time in years or over one year if it
        is shorter.
        """
        if self.first_order_on is None or self.last_order_on is None:
            return Decimal(0)
        years = max(Decimal(1), (self.last_order_on - self.first_order_on).days / _DAYS_OF_A_YEAR)
        return max(Decimal(0), self.spent / years * _YEARS_OF_CUSTOM).quantize(_CENT)


def key_of(customer_id: UUID, currency: str) -> str:
    """The key of a customer's row in a currency."""
    return f"{customer_id}|{currency}"


def nothing(customer_id: UUID, currency: str) -> CustomerAnalytics:
    """The figures of a customer who has not ordered in the currency."""
    return CustomerAnalytics(key=key_of(customer_id, currency), customer_id=customer_id, currency=currency)


def contributions(booking: Booking) -> Iterator[CustomerAnalytics]:
    """What an order or a credit note gives to its customer's figures."""
    if booking.customer_id is None:
        return
    yield replace(
        nothing(booking.customer_id, booking.currency),
        orders=int(booking.counts),
        gross=booking.total if booking.counts else Decimal(0),
        returned=booking.refunded,
        orders_on={booking.day.isoformat(): 1} if booking.counts else {},
        orders_to={booking.country: 1} if booking.counts else {},
        amounts=_amounts(booking),
    )


def _amounts(booking: Booking) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in booking.lines if booking.counts else ():
        if line.category is not None:
            amounts[line.category] += line.amount
    for back in booking.returned:
        if back.line.category is not None:
            amounts[back.line.category] -= back.line.amount
    return {category: amount for category, amount in amounts.items() if amount}


def finish(row: CustomerAnalytics) -> CustomerAnalytics:
    """The row with what follows from its sums."""
    spent = row.gross - row.returned
    days = [date.fromisoformat(day) for day in row.orders_on]
    return replace(
        row,
        spent=spent,
        first_order_on=min(days, default=None),
        last_order_on=max(days, default=None),
        favourite_category=_highest(row.amounts),
        country=_highest(row.orders_to),
        segment=Segment.of(row.orders, spent).value,
    )


def _highest(amounts: Mapping[str, Decimal] | Mapping[str, int]) -> str | None:
    above_zero = [name for name in amounts if amounts[name] > 0]
    return min(above_zero, key=lambda name: (-amounts[name], name), default=None)


VIEW = rollup(
    name="customer_analytics",
    row=CustomerAnalytics,
    sums=("orders", "gross", "returned", "orders_on", "orders_to", "amounts"),
    of=BOOKING,
    contributions=contributions,
    finish=finish,
    documents=True,
    indexes=(
        "currency, spent, customer_id",
        "currency, orders, customer_id",
        "currency, last_order_on, customer_id",
    ),
)


class CustomerSort(Enum):
    """How a list of customers is sorted; equals by their ids."""

    SPENT_DESC = Ordering("spent-", "spent", "customer_id", Decimal, descending=True)
    ORDERS_DESC = Ordering("orders-", "orders", "customer_id", int, descending=True)
    LAST_ORDER_DESC = Ordering("last_order-", "last_order_on", "customer_id", date, descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which customers: those with an order in the currency for whom every given condition holds."""

    currency: str
    segment: tuple[str, ...] | None = None
    min_spent: Decimal | None = None
    country: str | None = None

    def conditions(self) -> tuple[list[str], list[Any]]:
        """SQL conditions, and their parameters from $1 on."""
        given = [
            ("currency =", self.currency),
            ("segment = any", list(self.segment) if self.segment is not None else None),
            ("spent >=", self.min_spent),
            ("country =", self.country),
        ]
        parameters = [value for _, value in given if value is not None]
        tests = [test for test, value in given if value is not None]
        return ["orders > 0", *(f"{test} (${n})" for n, test in enumerate(tests, 1))], parameters


async def find(
    reads: ReadModels, wanted: CustomerFilter, sort: CustomerSort, arguments: PageArguments
) -> Page[CustomerAnalytics]:
    """A page of the customers that pass the filter."""
    table, query = reads.table(VIEW), KeysetQuery(sort.value, arguments)
    conditions, parameters = wanted.conditions()
    tail = query.tail(conditions, parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, lambda row: table.stored(row).row)


async def count(reads: ReadModels, wanted: CustomerFilter) -> int:
    """How many customers pass the filter."""
    conditions, parameters = wanted.conditions()
    query = f"select count(*) from {reads.table(VIEW).table} where {' and '.join(conditions)}"
    found: int = await reads.fetchval(query, *parameters)
    return found
