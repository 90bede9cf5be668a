"""What happened to products and their stock."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.kernel.messages import Event, Upcasters


class ProductAdded(Event, frozen=True, kw_only=True):
    """A product entered the catalog, with nothing in stock."""

    product_id: UUID
    sku: str
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None
    price: Decimal
    currency: str
    added_at: datetime


class ProductRevised(Event, frozen=True, kw_only=True):
    """Name, description, categories and vendor as they are from now on."""

    product_id: UUID
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None
    revised_at: datetime


class PriceChanged(Event, frozen=True, kw_only=True):
    """What the product costs from now on, in the currency that it was added with."""

    product_id: UUID
    price: Decimal
    changed_at: datetime


class ProductDiscontinued(Event, frozen=True, kw_only=True):
    """The product cannot be ordered any more."""

    product_id: UUID
    discontinued_at: datetime


class StockReceived(Event, frozen=True, kw_only=True):
    """Pieces came in from the vendor."""

    product_id: UUID
    pieces: int
    received_at: datetime


class StockCorrected(Event, frozen=True, kw_only=True):
    """The count was wrong, or goods were lost or found: `change` pieces, up or down."""

    product_id: UUID
    change: int
    reason: str
    corrected_at: datetime


class ProductViewed(Event, frozen=True, kw_only=True):
    """Someone looked at the product; `customer_id` is None for a visitor who is not signed in."""

    view_id: UUID
    product_id: UUID
    customer_id: UUID | None
    viewed_at: datetime


ProductEvent = ProductAdded | ProductRevised | PriceChanged | ProductDiscontinued | StockReceived | StockCorrected

UPCASTERS: Upcasters = {}
