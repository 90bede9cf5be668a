"""What sells best: by pieces, by orders, by revenue, over the last days.

Everything counts on the business day on which it was ordered: an order that is cancelled leaves that day, and what
comes back is taken off it. What a credit note of no known order takes back is taken off the note's own day. In Redis
there is a sorted set for each day and measure, which a question sums over its days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.redis_rankings import Top
from app.infra.wanted import Behind, Wanted
from app.kernel.rollup import rollup
from app.kernel.structs import Struct
from app.kernel.view import Ranked
from read_model.orders.booking import BOOKING, Booking

LONGEST_DAYS = 365
_DEEPEST = 500
_KEPT_MS = 2_000
_NOTHING = Decimal(0)
_MINOR = 10_000
"""Prices have at most four decimals: so many units of the last make one, and doubles hold the sums exactly."""


class Measure(StrEnum):
    """What popularity is measured by."""

    PIECES = "pieces"
    ORDERS = "orders"
    REVENUE = "revenue"


class ProductDay(Struct, frozen=True, kw_only=True):
    """What one product sold on one business day, in one currency; below zero where credit notes outweigh the sales."""

    key: str
    day: date
    product_id: UUID
    currency: str
    pieces: int
    orders: int
    revenue: Decimal


def contributions(booking: Booking) -> Iterator[ProductDay]:
    """What an order or a credit note gives to the products in it, on its day."""
    if booking.cancelled:
        return
    pieces: dict[UUID, int] = {}
    revenue: dict[UUID, Decimal] = {}
    ordered = {line.product_id for line in booking.lines}
    for sign, lines in ((1, booking.lines), (-1, [each.line for each in booking.returned])):
        for line in lines:
            if line.product_id:
                pieces[line.product_id] = pieces.get(line.product_id, 0) + sign * line.quantity
                revenue[line.product_id] = revenue.get(line.product_id, _NOTHING) + sign * line.amount
    of = f"{booking.day}|{booking.currency}"
    for product_id, count in pieces.items():
        yield ProductDay(
            key=f"{of}|{product_id}",
            day=booking.day,
            product_id=product_id,
            currency=booking.currency,
            pieces=count,
            orders=1 if product_id in ordered else 0,
            revenue=revenue[product_id],
        )


def rankings(row: ProductDay) -> Iterator[Ranked]:
    """The product's place in its day's sets."""
    member = str(row.product_id)
    for measure, score in ((Measure.PIECES, row.pieces), (Measure.ORDERS, row.orders)):
        yield Ranked(_ranking(measure, row.currency, row.day), member, score)
    yield Ranked(_ranking(Measure.REVENUE, row.currency, row.day), member, int(row.revenue * _MINOR))


def _ranking(measure: Measure, currency: str, day: date) -> str:
    return f"{measure}:{currency}:{day}"


VIEW = rollup(
    name="product_popularity",
    row=ProductDay,
    sums=("pieces", "orders", "revenue"),
    of=BOOKING,
    contributions=contributions,
    rankings=rankings,
    indexes=("currency, day", "product_id, day"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Popular:
    """A product that sold within the window, with what it sold."""

    product_id: UUID
    pieces: int
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """So many business days, the last of them `until`, by one measure, of what was sold in one currency."""

    days: int
    until: date
    measure: Measure
    currency: str

    @property
    def since(self) -> date:
        """The first day."""
        return self.until - timedelta(days=self.days - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """What sells best, the best first, of equals the one with the higher id; `checkpoint` is how far the view was."""

    products: list[Popular]
    checkpoint: int


async def top(reads: ReadModels, window: Window, most: int, wanted: Wanted) -> Best | Behind:
    """The best, at most 500: of Redis, where a sum over days serves for two seconds, else of the flat table."""
    measures = [window.measure, *(each for each in Measure if each is not window.measure)]
    days = [window.since + timedelta(days=n) for n in range(window.days)]
    unions = [[_ranking(measure, window.currency, day) for day in days] for measure in measures]
    most = min(most, _DEEPEST)
    answer = await reads.top(VIEW, unions, most, wanted, kept_ms=_KEPT_MS)
    if isinstance(answer, Behind):
        return answer
    if answer is None:
        return await _best_of_table(reads, window, most, wanted)
    checkpoint, members = answer
    return Best(products=[_popular(each, measures) for each in members if each.scores[0] > 0], checkpoint=checkpoint)


async def _best_of_table(reads: ReadModels, window: Window, most: int, wanted: Wanted) -> Best | Behind:
    found = await reads.listed((VIEW,), wanted, partial(_top_of_table, reads, window, most), telling=True)
    if isinstance(found, Behind):
        return found
    assert found.freshness is not None
    return Best(products=found.found, checkpoint=found.freshness.position)


def _popular(top: Top, measures: Sequence[Measure]) -> Popular:
    scores = dict(zip(measures, top.scores, strict=True))
    return Popular(
        product_id=UUID(top.member),
        pieces=int(scores[Measure.PIECES]),
        orders=int(scores[Measure.ORDERS]),
        revenue=Decimal(int(scores[Measure.REVENUE])) / _MINOR,
    )


_TOP = """
select product_id, sum(pieces)::bigint as pieces, sum(orders)::bigint as orders, sum(revenue) as revenue
from {table} where currency = $1 and day between $2 and $3
group by product_id having sum({measure}) > 0 order by sum({measure}) desc, product_id::text desc limit $4
"""


async def _top_of_table(reads: ReadModels, window: Window, most: int) -> list[Popular]:
    query = _TOP.format(table=reads.table(VIEW).table, measure=window.measure.value)
    rows = await reads.fetch(query, window.currency, window.since, window.until, most)
    return [Popular(**dict(row)) for row in rows]
