"""What to recommend to a customer, from what is bought together with what they bought last.

The row of a customer is what they bought in their last ten orders, by when the shop learnt of them, of each order the
first hundred products; a cancelled order is none. What goes together is ready-made in `bought_together`: a
recommendation sums it over the twelve products bought last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel.structs import Struct
from app.kernel.view import Change, View
from read_model.catalog import bought_together, product, product_popularity
from read_model.catalog.product_popularity import Measure, Window
from read_model.orders.booking import BOOKING, Booking

ORDERS_KEPT = 10
PRODUCTS_KEPT = 100
BASIS = 12
MOST = 50
_CANDIDATES = 300
_POPULAR_DAYS = 90


class Basket(Struct, frozen=True, kw_only=True):
    """One order's products, in its order."""

    order_id: UUID
    products: tuple[UUID, ...]


class Purchases(Struct, frozen=True, kw_only=True):
    """What a customer bought last, the latest order first."""

    customer_id: UUID
    baskets: tuple[Basket, ...]

    @property
    def products(self) -> list[UUID]:
        """Every product in them once, the latest first."""
        return list(dict.fromkeys(product_id for basket in self.baskets for product_id in basket.products))


def keys(change: Change[Booking]) -> Iterable[UUID]:
    """The customer whose order came or was cancelled."""
    after = change.after
    if after is None or after.customer_id is None or not after.is_order:
        return ()
    return (after.customer_id,) if change.before is None or change.before.cancelled != after.cancelled else ()


def evolve(present: Purchases | None, change: Change[Booking], customer_id: UUID) -> Purchases:
    """The purchases with the order, or without it."""
    order, before = change.after, present.baskets if present else ()
    assert order is not None
    others = tuple(basket for basket in before if basket.order_id != order.booking_id)
    if order.cancelled:
        return Purchases(customer_id=customer_id, baskets=others)
    products = dict.fromkeys(line.product_id for line in order.lines if line.product_id)
    basket = Basket(order_id=order.booking_id, products=tuple(products)[:PRODUCTS_KEPT])
    return Purchases(customer_id=customer_id, baskets=(basket, *others)[:ORDERS_KEPT])


VIEW = View(
    name="recommendations",
    row=Purchases,
    handles=BOOKING.handles,
    keys=keys,
    evolve=evolve,
    entity=BOOKING,
    documents=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """A product to recommend; `together` counts the orders that speak for it, 0 for one that is merely popular."""

    stored: Stored[product.Product]
    together: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom to recommend to, and what is popular meanwhile: up to a day, in the shop's currency."""

    customer_id: UUID
    today: date
    currency: str


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The best first; `checkpoint` is how far the view of purchases was, None where nobody was looked up."""

    products: list[Recommended]
    checkpoint: int | None = None


async def recommend(reads: ReadModels, asked: Asked, wanted: Wanted) -> Recommendations | Behind:
    """At most 50, the best first: what goes with what they bought, then what is popular.

    Never what they bought in their last orders, nor what is discontinued or sold out.
    """
    found = await reads.get(VIEW, asked.customer_id, wanted)
    if isinstance(found, Behind):
        return found
    bought = found.stored.row.products if found.stored else []
    candidates = await _candidates(reads, asked, bought, wanted)
    if isinstance(candidates, Behind):
        return candidates
    fresh = {product_id: candidates[product_id] for product_id in candidates if product_id not in set(bought)}
    shown = await reads.get_many(product.VIEW, list(fresh), wanted)
    if isinstance(shown, Behind):
        return shown
    offered = [shown[product_id] for product_id in fresh if product_id in shown]
    best = [
        Recommended(stored=each, together=fresh[each.row.product_id])
        for each in offered
        if not each.row.discontinued and each.row.on_hand > 0
    ]
    return Recommendations(best[:MOST], found.checkpoint)


async def _candidates(
    reads: ReadModels, asked: Asked, bought: Sequence[UUID], wanted: Wanted
) -> dict[UUID, int] | Behind:
    """In the order to recommend, with how many orders speak for each."""
    together = await bought_together.companions(reads, bought[:BASIS], _CANDIDATES, wanted)
    if isinstance(together, Behind):
        return together
    window = Window(days=_POPULAR_DAYS, until=asked.today, measure=Measure.ORDERS, currency=asked.currency)
    popular = await product_popularity.top(reads, window, _CANDIDATES, wanted)
    if isinstance(popular, Behind):
        return popular
    known = dict(together)
    return known | {each.product_id: 0 for each in popular.products if each.product_id not in known}
