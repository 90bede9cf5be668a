"""What is hot now: products by their views, each view worth half with every hour that has passed.

`heat` is the logarithm to base 2 of the sum over a product's views of 2 to the power of the hours from 2020 to the
view: forward decay (Cormode, Shkapenyuk, Srivastava and Xu, 2009). It need not be touched as time goes by, because all
products cool alike: their order stays. What a product's views are worth at a moment is 2 to the power of its heat less
the hours from 2020 to that moment.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, assert_never
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.wanted import Behind, Wanted
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import Ranked, View
from write_model.catalog.events import ProductDiscontinued, ProductViewed

_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
_HOUR_S = 3600.0
_RANKING = "heat"


class HotProduct(Struct, frozen=True, kw_only=True):
    """One product that was looked at or is discontinued, which is never hot; `views` counts all of its views."""

    product_id: UUID
    heat: float
    views: int
    discontinued: bool = False


def _hours(at: datetime) -> float:
    return (at - _BEGINNING).total_seconds() / _HOUR_S


def keys(recorded: Recorded[Any]) -> tuple[UUID]:
    """The product that was looked at, or is discontinued."""
    return (recorded.event.product_id,)


def evolve(product: HotProduct | None, recorded: Recorded[Any], product_id: UUID) -> HotProduct:
    """The product after one view more, or without a future."""
    event: ProductViewed | ProductDiscontinued = recorded.event
    known = product or HotProduct(product_id=product_id, heat=-math.inf, views=0)
    match event:
        case ProductDiscontinued():
            return replace(known, discontinued=True)
        case ProductViewed():
            return _viewed(known, _hours(event.viewed_at))
        case _:
            assert_never(event)


def _viewed(product: HotProduct, at: float) -> HotProduct:
    hotter, cooler = max(product.heat, at), min(product.heat, at)
    heat = hotter + math.log2(1.0 + math.exp2(cooler - hotter))
    return replace(product, heat=heat, views=product.views + 1)


def rankings(product: HotProduct) -> Iterator[Ranked]:
    """Its place among all, if it has one."""
    yield Ranked(_RANKING, str(product.product_id), 0 if product.discontinued else product.heat)


VIEW = View(
    name="hot_products",
    row=HotProduct,
    handles=(ProductViewed, ProductDiscontinued),
    keys=keys,
    evolve=evolve,
    rankings=rankings,
    indexes=("heat, product_id",),
)

Hot = tuple[UUID, float]
"""A product and its heat."""


@dataclass(frozen=True, slots=True)
class Hottest:
    """The hottest first, of equals the one with the higher id; `checkpoint` is how far the view was at least."""

    products: list[Hot]
    checkpoint: int


async def hottest(reads: ReadModels, most: int, wanted: Wanted) -> Hottest | Behind:
    """At most so many, from Redis, or the flat table without it."""
    answer = await reads.top(VIEW, [[_RANKING]], most, wanted)
    if isinstance(answer, Behind):
        return answer
    if answer is not None:
        return Hottest([(UUID(each.member), each.scores[0]) for each in answer[1]], answer[0])
    found = await reads.listed((VIEW,), wanted, partial(_hottest_of_table, reads, most), telling=True)
    if isinstance(found, Behind):
        return found
    assert found.freshness is not None
    return Hottest(found.found, found.freshness.position)


async def _hottest_of_table(reads: ReadModels, most: int) -> list[Hot]:
    table = reads.table(VIEW).table
    rows = await reads.fetch(
        f"select product_id, heat from {table} where not discontinued order by heat desc, product_id desc limit $1",
        most,
    )
    return [(row["product_id"], row["heat"]) for row in rows]


def worth(heat: float, at: datetime) -> float:
    """What views of this heat are worth at a moment: one that is made then is 1."""
    return math.exp2(heat - _hours(at))
