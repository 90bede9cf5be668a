"""What a customer has looked at lately."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import Ordering, Page, PageArguments, cut
from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import Key, View
from read_model.catalog import product
from write_model.catalog.events import ProductViewed

MOST: Final = 20
"""How many products are remembered."""

_NEWEST_FIRST: Final = Ordering("viewed_at-", "viewed_at", "product_id", datetime, descending=True)


class ViewedProduct(Struct, frozen=True, kw_only=True, order=True):
    """When the customer last looked at a product; in order of time, and of ids among those of one moment."""

    viewed_at: datetime
    product_id: UUID


class RecentlyViewed(Struct, frozen=True, kw_only=True):
    """One customer's last products, each once, the one viewed last at the front."""

    customer_id: UUID
    products: tuple[ViewedProduct, ...]


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """The customer who looked; a visitor who is not signed in has no list."""
    viewer: UUID | None = recorded.event.customer_id
    return (viewer,) if viewer is not None else ()


def evolve(row: RecentlyViewed | None, recorded: Recorded[Any], key: UUID) -> RecentlyViewed:
    """The list with one view more: when the product was viewed decides its place, not when that was reported."""
    event: ProductViewed = recorded.event
    viewed = ViewedProduct(product_id=event.product_id, viewed_at=event.viewed_at)
    before = row.products if row else ()
    latest = max([viewed, *(each for each in before if each.product_id == viewed.product_id)])
    others = [each for each in before if each.product_id != viewed.product_id]
    return RecentlyViewed(customer_id=key, products=tuple(sorted([latest, *others], reverse=True)[:MOST]))


VIEW = View(
    name="recently_viewed",
    row=RecentlyViewed,
    handles=(ProductViewed,),
    keys=keys,
    evolve=evolve,
    documents=True,
)


def cursor(viewed: ViewedProduct) -> str:
    """Where the product stands in its list, opaque to clients."""
    return _NEWEST_FIRST.cursor(*_place(viewed))


def page(products: Sequence[ViewedProduct], arguments: PageArguments) -> Page[ViewedProduct]:
    """A page of a customer's list. Raises MalformedCursor."""
    return cut(products, _place, _NEWEST_FIRST, arguments)


def _place(viewed: ViewedProduct) -> tuple[datetime, UUID]:
    return viewed.viewed_at, viewed.product_id


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a customer's list, of when the view stood at `checkpoint`, with the products as they are now."""

    page: Page[ViewedProduct]
    products: Mapping[Key, Stored[product.Product]]
    checkpoint: int | None


def nothing(arguments: PageArguments) -> Listed:
    """What there is to see of a stranger's list, which nothing is read for. Raises MalformedCursor."""
    return Listed(page((), arguments), {}, None)


async def find(reads: ReadModels, customer_id: UUID, arguments: PageArguments, wanted: Wanted) -> Listed | Behind:
    """The list in one read and its products in another, which wait no longer together than wanted.

    Raises MalformedCursor.
    """
    deadline = time.monotonic() + wanted.wait_s
    found = await reads.get(VIEW, customer_id, wanted)
    if isinstance(found, Behind):
        return found
    shown = page(found.stored.row.products if found.stored else (), arguments)
    ids = [viewed.product_id for viewed in shown.nodes]
    products = await reads.get_many(product.VIEW, ids, wanted.until(deadline))
    return products if isinstance(products, Behind) else Listed(shown, products, found.checkpoint)
