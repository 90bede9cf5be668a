"""Where the orders go: how many, and what they bring, by country and city.

Both count on the business day on which the order was placed. A cancelled order is taken off that day, and so is what a
returned item had cost; a credit note of no known order is taken off its own day, in its country, without a city.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.rollup import rollup
from app.kernel.structs import Struct
from read_model.orders.booking import BOOKING, Booking


class CityDay(Struct, frozen=True, kw_only=True):
    """One business day's orders to one city, in one currency.

    The length of the country's name is in the key, since names may hold what divides them.
    """

    key: str
    day: date
    country: str
    city: str | None
    currency: str
    orders: int
    revenue: Decimal


def contributions(booking: Booking) -> Iterator[CityDay]:
    """What an order or a credit note gives to its city, on its day."""
    if booking.cancelled:
        return
    yield CityDay(
        key=f"{booking.day}|{booking.currency}|{len(booking.country)}|{booking.country}|{booking.city or ''}",
        day=booking.day,
        country=booking.country,
        city=booking.city,
        currency=booking.currency,
        orders=1 if booking.is_order else 0,
        revenue=booking.total - booking.refunded,
    )


VIEW = rollup(
    name="orders_by_city",
    row=CityDay,
    sums=("orders", "revenue"),
    of=BOOKING,
    contributions=contributions,
    indexes=("day",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city's orders over a period; without `city`, those of which only the country is known."""

    key: str
    country: str
    city: str | None
    currency: str
    orders: int
    revenue: Decimal


LARGEST_FIRST = Ordering("revenue-", "revenue", "key", Decimal, descending=True, key_kind=str)

_CITIES = """
select * from (
    select concat_ws('|', currency, length(country), country, city) as key, country, city, currency,
           sum(orders)::bigint as orders, sum(revenue) as revenue
    from {table}
    where ($1::date is null or day >= $1) and ($2::date is null or day <= $2)
      and ($3::text is null or country = $3)
    group by country, city, currency having sum(orders) <> 0 or sum(revenue) <> 0
) as present {tail}
"""


async def find(
    reads: ReadModels, since: date | None, until: date | None, country: str | None, arguments: PageArguments
) -> Page[City]:
    """A page of cities, those that brought most first; `since` and `until` are the first and the last day."""
    query, parameters = KeysetQuery(LARGEST_FIRST, arguments), list[Any]((since, until, country))
    tail = query.tail([], parameters)
    rows = await reads.fetch(_CITIES.format(table=reads.table(VIEW).table, tail=tail), *parameters)
    return query.page(rows, lambda row: City(**row))
