"""Which products are bought together: for every pair, in how many orders.

Of an order count the eight products that cost most, each pair of them once; cancelled orders do not count. In Redis
every product has a sorted set of those that it was bought with.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import partial
from itertools import combinations
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.wanted import Behind, Wanted
from app.kernel.rollup import rollup
from app.kernel.structs import Struct
from app.kernel.view import Ranked
from read_model.orders.booking import BOOKING, Booking

COUNTED = 8


class Pair(Struct, frozen=True, kw_only=True):
    """Two products, `one` the lower id, and the number of orders that hold both."""

    key: str
    one: UUID
    other: UUID
    orders: int


def contributions(booking: Booking) -> Iterator[Pair]:
    """The pairs in an order."""
    if booking.counts:
        for one, other in combinations(sorted(_dearest(booking)), 2):
            yield Pair(key=f"{one}|{other}", one=one, other=other, orders=1)


def _dearest(booking: Booking) -> list[UUID]:
    """The products that cost most; of equals the lower id."""
    amounts: dict[UUID, Decimal] = defaultdict(Decimal)
    for line in booking.lines:
        if line.product_id:
            amounts[line.product_id] += line.amount
    return sorted(amounts, key=lambda product_id: (-amounts[product_id], product_id))[:COUNTED]


def rankings(pair: Pair) -> Iterator[Ranked]:
    """Each in the other's set."""
    yield Ranked(f"with:{pair.one}", str(pair.other), pair.orders)
    yield Ranked(f"with:{pair.other}", str(pair.one), pair.orders)


VIEW = rollup(
    name="bought_together",
    row=Pair,
    sums=("orders",),
    of=BOOKING,
    contributions=contributions,
    rankings=rankings,
    indexes=("one, orders", "other, orders"),
)


async def companions(
    reads: ReadModels, products: Collection[UUID], most: int, wanted: Wanted
) -> list[tuple[UUID, int]] | Behind:
    """What is bought with any of these products, and how often, summed over them; the most often first."""
    if not products:
        return []
    answer = await reads.top(VIEW, [[f"with:{product_id}" for product_id in products]], most, wanted)
    if isinstance(answer, Behind):
        return answer
    if answer is None:
        found = await reads.listed((VIEW,), wanted, partial(_companions_of_table, reads, products, most))
        return found if isinstance(found, Behind) else found.found
    return [(UUID(each.member), int(each.scores[0])) for each in answer[1]]


_COMPANIONS = """
select product_id, sum(orders)::bigint as orders from (
    select other as product_id, orders from {table} where one = any($1)
    union all select one, orders from {table} where other = any($1)
) as pairs where orders > 0 group by product_id order by orders desc, product_id::text desc limit $2
"""


async def _companions_of_table(reads: ReadModels, products: Collection[UUID], most: int) -> list[tuple[UUID, int]]:
    rows = await reads.fetch(_COMPANIONS.format(table=reads.table(VIEW).table), list(products), most)
    return [(row["product_id"], row["orders"]) for row in rows]
