"""What can be asked of orders."""

from collections.abc import Sized
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import InvalidValue
from app.kernel.messages import Command, generated_id
from app.kernel.values import Address, Money, require_pieces, require_storable, require_text
from write_model.orders.errors import EmptyOrder, TooManyLines

MAX_LINES = 500
MAX_PAST_LINES = 5_000


class PaymentMethod(StrEnum):
    """How an order is paid. UNKNOWN is for older books alone."""

    CARD = "CARD"
    INVOICE = "INVOICE"
    TRANSFER = "TRANSFER"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedItem:
    """So many pieces of a product; the catalog says what they cost."""

    product_id: UUID
    quantity: int

    def __post_init__(self) -> None:
        require_pieces(self.quantity, "quantity")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastItem:
    """A line of an older invoice, at the price written there."""

    product_id: UUID
    quantity: int
    unit_price: Decimal

    def __post_init__(self) -> None:
        require_pieces(self.quantity, "quantity")
        _require_price(self.unit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCharge:
    """An amount on an older invoice that is not goods."""

    code: str
    description: str
    amount: Decimal

    def __post_init__(self) -> None:
        require_text(self.code, "code", at_most=64)
        require_text(self.description, "description", at_most=200)
        _require_price(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """A line of an older credit note; without a product it is money alone."""

    product_id: UUID | None
    description: str
    quantity: int
    unit_price: Decimal

    def __post_init__(self) -> None:
        require_text(self.description, "description", at_most=200)
        require_pieces(self.quantity, "quantity")
        _require_price(self.unit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedPieces:
    """Pieces of one line of the order, counted from 1."""

    line: int
    quantity: int

    def __post_init__(self) -> None:
        require_pieces(self.quantity, "quantity")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Command):
    """Order goods for a customer, to the customer's own address unless another is given."""

    target: ClassVar[str] = "order_id"
    order_id: UUID = generated_id()
    customer_id: UUID
    items: tuple[WantedItem, ...]
    payment_method: PaymentMethod = PaymentMethod.CARD
    shipping_address: Address | None = None
    billing_address: Address | None = None

    def __post_init__(self) -> None:
        _require_lines(self.items, MAX_LINES)
        if self.payment_method is PaymentMethod.UNKNOWN:
            raise InvalidValue("Say how the order is paid.", field="paymentMethod")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOrder(Command):
    """Note that the money came in."""

    target: ClassVar[str] = "order_id"
    order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipOrder(Command):
    """Send the goods. For operators."""

    target: ClassVar[str] = "order_id"
    for_operators: ClassVar[bool] = True
    order_id: UUID
    tracking_code: str | None = None

    def __post_init__(self) -> None:
        if self.tracking_code is not None:
            require_text(self.tracking_code, "trackingCode", at_most=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverOrder(Command):
    """Note that the goods arrived. For operators."""

    target: ClassVar[str] = "order_id"
    for_operators: ClassVar[bool] = True
    order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(Command):
    """Give an order up before it is shipped."""

    target: ClassVar[str] = "order_id"
    order_id: UUID
    reason: str = ""

    def __post_init__(self) -> None:
        if len(self.reason) > 500:
            raise InvalidValue("reason may have at most 500 characters.", field="reason")
        require_storable(self.reason, "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireOrder(Command):
    """Give an order up for which the money did not come in time; one that was paid meanwhile is left alone."""

    target: ClassVar[str] = "order_id"
    for_operators: ClassVar[bool] = True
    order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnItems(Command):
    """Take goods back, line by line."""

    target: ClassVar[str] = "order_id"
    order_id: UUID
    items: tuple[ReturnedPieces, ...]

    def __post_init__(self) -> None:
        _require_lines(self.items, MAX_PAST_LINES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPastOrder(Command):
    """Enter an order from older books: delivered, with its own prices, charges and date; a guest's has no customer."""

    target: ClassVar[str] = "order_id"
    for_operators: ClassVar[bool] = True
    dated: ClassVar[bool] = True
    order_id: UUID = generated_id()
    reference: str
    customer_id: UUID | None
    items: tuple[PastItem, ...]
    charges: tuple[PastCharge, ...] = ()
    currency: str
    address: Address

    def __post_init__(self) -> None:
        require_text(self.reference, "reference", at_most=64)
        Money(Decimal(0), self.currency)
        _require_lines((*self.items, *self.charges), MAX_PAST_LINES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPastReturn(ReturnItems):
    """Enter a return from older books, on the date written there."""

    for_operators: ClassVar[bool] = True
    dated: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCreditNote(Command):
    """Enter a credit note from older books that belongs to no known order; its goods come back into stock."""

    target: ClassVar[str] = "credit_note_id"
    for_operators: ClassVar[bool] = True
    dated: ClassVar[bool] = True
    credit_note_id: UUID = generated_id()
    reference: str
    customer_id: UUID | None
    country: str
    currency: str
    items: tuple[CreditLine, ...]

    def __post_init__(self) -> None:
        require_text(self.reference, "reference", at_most=64)
        require_text(self.country, "country", at_most=100)
        Money(Decimal(0), self.currency)
        _require_lines(self.items, MAX_PAST_LINES)


def _require_lines(lines: Sized, at_most: int) -> None:
    if not lines:
        raise EmptyOrder
    if len(lines) > at_most:
        raise TooManyLines(lines=len(lines), at_most=at_most)


def _require_price(price: Decimal) -> None:
    if Money(price, "XXX").amount < 0:
        raise InvalidValue("A price must not be below zero.", field="unitPrice")
