"""A product as a shop window shows it, with what is on hand."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.view import View
from write_model.catalog.events import (
    PriceChanged,
    ProductAdded,
    ProductDiscontinued,
    ProductEvent,
    ProductRevised,
    StockCorrected,
    StockReceived,
)
from write_model.orders.events import (
    CreditNoteRecorded,
    ItemsReturned,
    OrderCancelled,
    OrderPlaced,
    PastOrderRecorded,
)

StockMovement = OrderPlaced | PastOrderRecorded | OrderCancelled | ItemsReturned | CreditNoteRecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
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


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """The product itself, or every product that an order moves."""
    match recorded.event:
        case OrderCancelled(released=moved):
            return {pieces.product_id for pieces in moved}
        case OrderPlaced(items=items) | ItemsReturned(items=items):
            return {item.product_id for item in items}
        case CreditNoteRecorded(items=credited):
            return {item.product_id for item in credited if item.product_id is not None}
        case _:
            return (recorded.aggregate_id,)


def evolve(product: Product | None, recorded: Recorded[Any], key: UUID) -> Product | None:
    """The product after the event."""
    event = recorded.event
    if isinstance(event, ProductAdded):
        return _added(event)
    if product is None:
        return None
    if isinstance(event, get_args(StockMovement)):
        return replace(product, on_hand=product.on_hand + _moved(event, key))
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


def _moved(event: StockMovement, key: UUID) -> int:
    """How many pieces of the product the event puts on the shelf; negative when it takes them."""
    match event:
        case OrderPlaced():
            return -sum(item.quantity for item in event.items if item.product_id == key)
        case OrderCancelled():
            return sum(pieces.quantity for pieces in event.released if pieces.product_id == key)
        case ItemsReturned() | CreditNoteRecorded():
            return sum(item.quantity for item in event.items if item.product_id == key)
        case _:
            assert_never(event)


VIEW = View(
    name="product",
    row=Product,
    handles=(*get_args(ProductEvent), *get_args(StockMovement)),
    keys=keys,
    evolve=evolve,
    shards=2,
    documents=True,
    indexes=("sku",),
)
