"""A product as a shop window shows it, with what is on hand."""

from datetime import datetime
from decimal import Decimal
from typing import Any, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
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


class Product(Struct, frozen=True, kw_only=True):
    """One product; `on_hand` counts pieces."""

    product_id: UUID
    sku: str
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None
    price: Decimal
    currency: str
    on_hand: int
    discontinued: bool
    added_at: datetime
    updated_at: datetime


def evolve(product: Product | None, recorded: Recorded[Any], key: UUID) -> Product | None:
    """The product after the event."""
    event = recorded.event
    if isinstance(event, ProductAdded):
        return _added(event)
    if product is None:
        return None
    if isinstance(event, STOCK_MOVEMENTS):
        return replace(product, on_hand=product.on_hand + moved(event, key))
    return replace(_changed(product, event), updated_at=recorded.recorded_at)


def _added(event: ProductAdded) -> Product:
    return Product(
        product_id=event.product_id,
        sku=event.sku,
        name=event.name,
        description=event.description,
        categories=event.categories,
        vendor=event.vendor,
        price=event.price,
        currency=event.currency,
        on_hand=0,
        discontinued=False,
        added_at=event.added_at,
        updated_at=event.added_at,
    )


def _changed(product: Product, event: ProductEvent) -> Product:
    match event:
        case ProductRevised():
            return replace(
                product,
                name=event.name,
                description=event.description,
                categories=event.categories,
                vendor=event.vendor,
            )
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


VIEW = View(
    name="product",
    row=Product,
    handles=(*get_args(ProductEvent), *STOCK_MOVEMENTS),
    keys=products_of,
    evolve=evolve,
    shards=2,
    documents=True,
    indexes=("sku",),
)
