"""What the books know of an order or a credit note: the entity beneath every figure of the shop.

The days are the shop's business days, as the events tell them.
"""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import Entity
from write_model.orders.events import (
    CreditNoteRecorded,
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)

BookedEvent = OrderEvent | CreditNoteRecorded


class BookedLine(NamedTuple):
    """Pieces of a product at a price; category and vendor as they were. Without a product it is money alone.

    Stored without its fields' names: an order may have hundreds of lines, and every figure keeps them.
    """

    product_id: UUID | None
    category: str | None
    vendor: str | None
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """What all of its pieces cost."""
        return self.unit_price * self.quantity


class ReturnedLine(NamedTuple):
    """What came back on a day."""

    day: date
    line: BookedLine


class Booking(Struct, frozen=True, kw_only=True):
    """An order with what came back of it; or a credit note, which has returned lines alone and is no order.

    `awaiting` is true while the goods are still in the house. A cancelled order keeps its lines: whoever counts looks
    at `counts`.
    """

    booking_id: UUID
    is_order: bool
    customer_id: UUID | None
    day: date
    country: str
    city: str | None
    currency: str
    charges: Decimal
    lines: tuple[BookedLine, ...]
    returned: tuple[ReturnedLine, ...]
    awaiting: bool
    cancelled: bool

    @property
    def counts(self) -> bool:
        """Whether this is an order that was not cancelled."""
        return self.is_order and not self.cancelled

    @property
    def total(self) -> Decimal:
        """Goods and charges, as ordered."""
        return sum((line.amount for line in self.lines), self.charges)

    @property
    def pieces(self) -> int:
        """Pieces of goods, as ordered."""
        return sum(line.quantity for line in self.lines)

    @property
    def refunded(self) -> Decimal:
        """What everything that came back had cost."""
        return sum((each.line.amount for each in self.returned), Decimal(0))


def evolve(booking: Booking | None, recorded: Recorded[Any]) -> Booking:
    """The booking after the event."""
    event: BookedEvent = recorded.event
    if isinstance(event, OrderPlaced):
        return _placed(event)
    if isinstance(event, CreditNoteRecorded):
        return _credited(event)
    assert booking is not None
    match event:
        case OrderPaid() | OrderDelivered():
            return booking
        case OrderShipped():
            return replace(booking, awaiting=False)
        case OrderCancelled():
            return replace(booking, awaiting=False, cancelled=True)
        case ItemsReturned():
            return replace(booking, returned=(*booking.returned, *_returned(booking, event)))
        case _:
            assert_never(event)


def _placed(event: OrderPlaced) -> Booking:
    return Booking(
        booking_id=event.order_id,
        is_order=True,
        customer_id=event.customer_id,
        day=event.placed_on,
        country=event.shipping_address.country,
        city=event.shipping_address.city,
        currency=event.currency,
        charges=sum((charge.amount for charge in event.charges), Decimal(0)),
        lines=tuple(
            BookedLine(
                product_id=item.product_id,
                category=item.category,
                vendor=item.vendor,
                quantity=item.quantity,
                unit_price=item.unit_price,
            )
            for item in event.items
        ),
        returned=(),
        awaiting=event.INITIAL_STATUS in ("PENDING", "PAID"),
        cancelled=False,
    )


def _returned(booking: Booking, event: ItemsReturned) -> tuple[ReturnedLine, ...]:
    """Lines are numbered from 1, in their order."""
    return tuple(
        ReturnedLine(day=event.returned_on, line=booking.lines[item.line - 1]._replace(quantity=item.quantity))
        for item in event.items
    )


def _credited(event: CreditNoteRecorded) -> Booking:
    lines = tuple(
        BookedLine(
            product_id=item.product_id,
            category=item.category,
            vendor=item.vendor,
            quantity=item.quantity,
            unit_price=item.unit_price,
        )
        for item in event.items
    )
    return Booking(
        booking_id=event.credit_note_id,
        is_order=False,
        customer_id=event.customer_id,
        day=event.credited_on,
        country=event.country,
        city=None,
        currency=event.currency,
        charges=Decimal(0),
        lines=(),
        returned=tuple(ReturnedLine(day=event.credited_on, line=line) for line in lines),
        awaiting=False,
        cancelled=False,
    )


BOOKING = Entity(name="bookings", row=Booking, handles=get_args(BookedEvent), evolve=evolve)
