"""What happened to orders.

Beside the moment, what books ask for carries a day: the shop's business day, in the shop's time zone when it happened.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from app.kernel.messages import Event, Upcaster, Upcasters
from app.kernel.structs import Struct
from app.kernel.values import Address


class OrderedItem(Struct, frozen=True, kw_only=True):
    """A line of an order, numbered from 1, with name, price, main category and vendor as they were."""

    line: int
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Decimal
    category: str | None = None
    vendor: str | None = None


class Charge(Struct, frozen=True, kw_only=True):
    """An amount on an order that is not goods: postage, a fee, a manual entry."""

    code: str
    description: str
    amount: Decimal


class Pieces(Struct, frozen=True, kw_only=True):
    """So many pieces of a product."""

    product_id: UUID
    quantity: int


class ReturnedItem(Struct, frozen=True, kw_only=True):
    """Pieces of one line that came back, at the price that was paid."""

    line: int
    product_id: UUID
    quantity: int
    unit_price: Decimal


class CreditedItem(Struct, frozen=True, kw_only=True):
    """A line of a credit note; without a product it is money alone."""

    product_id: UUID | None
    description: str
    quantity: int
    unit_price: Decimal
    category: str | None = None
    vendor: str | None = None


class OrderPlaced(Event, frozen=True, kw_only=True):
    """A customer ordered; the pieces left the stock. Without a customer it is a guest's order."""

    SCHEMA_VERSION: ClassVar[int] = 3
    INITIAL_STATUS: ClassVar[str] = "PENDING"

    order_id: UUID
    reference: str | None = None
    customer_id: UUID | None
    customer_name: str
    customer_email: str | None
    items: tuple[OrderedItem, ...]
    charges: tuple[Charge, ...] = ()
    currency: str
    shipping_address: Address
    billing_address: Address
    payment_method: str
    placed_at: datetime
    placed_on: date

    @property
    def total(self) -> Decimal:
        """Goods and charges."""
        goods = sum((item.unit_price * item.quantity for item in self.items), Decimal(0))
        return goods + sum((charge.amount for charge in self.charges), Decimal(0))


class PastOrderRecorded(OrderPlaced, frozen=True, kw_only=True):
    """An order from older books, long paid and delivered, at the prices and on the date written there."""

    SCHEMA_VERSION: ClassVar[int] = 2
    INITIAL_STATUS: ClassVar[str] = "DELIVERED"


class OrderPaid(Event, frozen=True, kw_only=True):
    """The money came in."""

    order_id: UUID
    paid_at: datetime


class OrderShipped(Event, frozen=True, kw_only=True):
    """The goods left the house."""

    order_id: UUID
    tracking_code: str | None
    shipped_at: datetime


class OrderDelivered(Event, frozen=True, kw_only=True):
    """The goods arrived."""

    order_id: UUID
    delivered_at: datetime


class OrderCancelled(Event, frozen=True, kw_only=True):
    """The order will not be carried out; its pieces are back in stock."""

    order_id: UUID
    reason: str
    released: tuple[Pieces, ...]
    cancelled_at: datetime


class ItemsReturned(Event, frozen=True, kw_only=True):
    """Goods came back into stock; `complete` when none of the order is left with the customer."""

    SCHEMA_VERSION: ClassVar[int] = 2

    order_id: UUID
    items: tuple[ReturnedItem, ...]
    complete: bool
    returned_at: datetime
    returned_on: date

    @property
    def refund(self) -> Decimal:
        """What the returned pieces had cost."""
        return sum((item.unit_price * item.quantity for item in self.items), Decimal(0))


class CreditNoteRecorded(Event, frozen=True, kw_only=True):
    """A credit note from older books that belongs to no known order; its goods are back in stock."""

    SCHEMA_VERSION: ClassVar[int] = 2

    credit_note_id: UUID
    reference: str
    customer_id: UUID | None
    country: str
    currency: str
    items: tuple[CreditedItem, ...]
    credited_at: datetime
    credited_on: date


OrderEvent = (
    OrderPlaced | PastOrderRecorded | OrderPaid | OrderShipped | OrderDelivered | OrderCancelled | ItemsReturned
)


def _tell_addresses_apart(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 of OrderPlaced had one `address`, used for goods and bill alike."""
    address = data.pop("address")
    return data | {"shipping_address": address, "billing_address": address}


def _date(moment: str) -> Upcaster:
    """Earlier versions had no business day: theirs is the day in UTC. Nor had lines category and vendor: None."""

    def upcast(data: dict[str, Any]) -> dict[str, Any]:
        at = datetime.fromisoformat(data[f"{moment}_at"]).astimezone(UTC)
        return data | {f"{moment}_on": at.date().isoformat()}

    return upcast


UPCASTERS: Upcasters = {
    ("OrderPlaced", 1): _tell_addresses_apart,
    ("OrderPlaced", 2): _date("placed"),
    ("PastOrderRecorded", 1): _date("placed"),
    ("ItemsReturned", 1): _date("returned"),
    ("CreditNoteRecorded", 1): _date("credited"),
}
