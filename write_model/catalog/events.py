"""What happened to products and their stock."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.kernel.messages import Event, Upcasters


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductAdded(Event):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRevised(Event):
    """Name, description, categories and vendor as they are from now on."""

    product_id: UUID
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None
    revised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged(Event):
    """What the product costs from now on, in the currency that it was added with."""

    product_id: UUID
    price: Decimal
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDiscontinued(Event):
    """The product cannot be ordered any more."""

    product_id: UUID
    discontinued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReceived(Event):
    """Pieces came in from the vendor."""

    product_id: UUID
    pieces: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCorrected(Event):
    """The count was wrong, or goods were lost or found: `change` pieces, up or down."""

    product_id: UUID
    change: int
    reason: str
    corrected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductViewed(Event):
    """Someone looked at the product; `customer_id` is None for a visitor who is not signed in."""

    view_id: UUID
    product_id: UUID
    customer_id: UUID | None
    viewed_at: datetime


ProductEvent = ProductAdded | ProductRevised | PriceChanged | ProductDiscontinued | StockReceived | StockCorrected

UPCASTERS: Upcasters = {}
