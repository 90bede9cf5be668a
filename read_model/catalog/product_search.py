"""Products as a shop's visitors look for them: by words, by what they cost, by what sells.

A row is written with every sale, so no index holds what a sale changes: PostgreSQL then writes the row in its place
and leaves all indexes alone. What sells best is found by `magnitude`, which a sale seldom changes. The indexes are
brought up to date at once (`fastupdate`), since otherwise every search would look through what is pending.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from read_model.catalog.search_words import code_of, words_of
from read_model.catalog.stock_movements import STOCK_MOVEMENTS, moved, products_of
from write_model.catalog.events import (
    PriceChanged,
    ProductAdded,
    ProductDiscontinued,
    ProductEvent,
    ProductRevised,
    StockCorrected,
    StockReceived,
)

IN_NAME: Final = "to_tsvector('english', words)"
"""The stems of a product's name. As indexed expressions, these must stand in queries letter by letter."""

ANYWHERE: Final = "to_tsvector('english', words || ' ' || details)"
"""The stems of its name, its categories, its vendor and its description."""

_MOST_DETAILS = 2_000


class ListedProduct(Struct, frozen=True, kw_only=True):
    """One product; `on_hand` and `popularity` count pieces.

    `popularity` is what was sold so far, less what was cancelled and what came back; `magnitude` is its binary digits.
    `code` is the sku without punctuation; `words` are those of the name, each with a blank before it; `details` those
    of categories, vendor and the beginning of the description.
    """

    product_id: UUID
    sku: str
    code: str
    name: str
    words: str
    details: str
    categories: tuple[str, ...]
    vendor: str | None
    price: Decimal
    currency: str
    on_hand: int
    popularity: int
    magnitude: int
    discontinued: bool
    added_at: datetime


def evolve(product: ListedProduct | None, recorded: Recorded[Any], key: UUID) -> ListedProduct | None:
    """The product after the event."""
    event = recorded.event
    if isinstance(event, ProductAdded):
        return _added(event)
    if product is None:
        return None
    if isinstance(event, STOCK_MOVEMENTS):
        return _sold(product, -moved(event, key))
    return _changed(product, event)


def _added(event: ProductAdded) -> ListedProduct:
    return ListedProduct(
        product_id=event.product_id,
        sku=event.sku,
        code=code_of(words_of(event.sku)),
        name=event.name,
        words=_words(event.name),
        details=_details(event),
        categories=event.categories,
        vendor=event.vendor,
        price=event.price,
        currency=event.currency,
        on_hand=0,
        popularity=0,
        magnitude=0,
        discontinued=False,
        added_at=event.added_at,
    )


def _sold(product: ListedProduct, pieces: int) -> ListedProduct:
    popularity = product.popularity + pieces
    magnitude = max(popularity, 0).bit_length()
    return replace(product, on_hand=product.on_hand - pieces, popularity=popularity, magnitude=magnitude)


def _changed(product: ListedProduct, event: ProductEvent) -> ListedProduct:
    match event:
        case ProductRevised():
            return _revised(product, event)
        case PriceChanged():
            return replace(product, price=event.price)
        case ProductDiscontinued():
            return replace(product, discontinued=True)
        case StockReceived():
            return replace(product, on_hand=product.on_hand + event.pieces)
        case StockCorrected():
            return replace(product, on_hand=product.on_hand + event.change)
        case ProductAdded():
            return product
        case _:
            assert_never(event)


def _revised(product: ListedProduct, event: ProductRevised) -> ListedProduct:
    return replace(
        product,
        name=event.name,
        words=_words(event.name),
        details=_details(event),
        categories=event.categories,
        vendor=event.vendor,
    )


def _words(name: str) -> str:
    return "".join(f" {word}" for word in words_of(name))


def _details(event: ProductAdded | ProductRevised) -> str:
    texts: Iterable[str] = (*event.categories, event.vendor or "", event.description)
    return " ".join(word for text in texts for word in words_of(text))[:_MOST_DETAILS]


VIEW = View(
    name="product_search",
    row=ListedProduct,
    handles=(*get_args(ProductEvent), *STOCK_MOVEMENTS),
    keys=products_of,
    evolve=evolve,
    indexes=(
        "code text_pattern_ops",
        "price, product_id",
        "added_at, product_id",
        "magnitude, product_id",
        f"using gin ({ANYWHERE}) with (fastupdate = off)",
        "using gin (words gin_trgm_ops) with (fastupdate = off)",
    ),
)
