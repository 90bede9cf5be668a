"""The order: pure rules over its state."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from app.kernel.errors import CurrencyMismatch
from app.kernel.values import Address
from write_model.orders.commands import (
    CancelOrder,
    CreditLine,
    DeliverOrder,
    ExpireOrder,
    PaymentMethod,
    PayOrder,
    PlaceOrder,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnItems,
    ShipOrder,
)
from write_model.orders.errors import (
    InsufficientStock,
    LineNotReturnable,
    OrderAlreadyPlaced,
    OrderNotFound,
    OrderNotPending,
    ProductNotForSale,
    ShippingAddressMissing,
    Shortage,
    StatusTransitionNotAllowed,
)
from write_model.orders.events import (
    Charge,
    CreditedItem,
    CreditNoteRecorded,
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderedItem,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    PastOrderRecorded,
    Pieces,
    ReturnedItem,
)
from write_model.orders.ports import Buyer, Offer

FollowUp = PayOrder | ShipOrder | DeliverOrder | CancelOrder | ExpireOrder | ReturnItems | RecordPastReturn
"""Commands to an order that was placed."""


class Status(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


ALLOWED: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PAID, Status.CANCELLED}),
    Status.PAID: frozenset({Status.SHIPPED, Status.CANCELLED}),
    Status.SHIPPED: frozenset({Status.DELIVERED}),
    Status.DELIVERED: frozenset({Status.RETURNED}),
    Status.CANCELLED: frozenset(),
    Status.RETURNED: frozenset(),
}


EXPIRED = "It was not paid in time."
"""The reason of a cancellation that nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line, and how much of it came back."""

    line: int
    product_id: UUID
    quantity: int
    returned: int = 0
    unit_price: Decimal

    @property
    def left(self) -> int:
        """Pieces still with the customer."""
        return self.quantity - self.returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the rules need to know of an order."""

    order_id: UUID
    customer_id: UUID | None
    status: Status
    items: tuple[Item, ...]
    version: int


def place(
    order: Order | None, command: PlaceOrder, buyer: Buyer, offers: Mapping[UUID, Offer], *, zone: tzinfo
) -> list[OrderEvent]:
    """An order at the catalog's prices. Raises the refusals of `write_model.orders.errors`."""
    _require_new(order, command.order_id)
    wanted = _wanted(command)
    _require_for_sale(wanted, offers)
    _require_in_stock(wanted, offers)
    shipping = command.shipping_address or _whole(buyer.address)
    return [
        OrderPlaced(
            order_id=command.order_id,
            customer_id=command.customer_id,
            customer_name=buyer.name,
            customer_email=buyer.email,
            items=tuple(
                _ordered(line, item.product_id, item.quantity, offers[item.product_id], None)
                for line, item in enumerate(command.items, 1)
            ),
            currency=_one_currency(offers),
            shipping_address=shipping,
            billing_address=command.billing_address or shipping,
            payment_method=command.payment_method.value,
            placed_at=command.at,
            placed_on=_business_day(command.at, zone),
        )
    ]


def record(
    order: Order | None,
    command: RecordPastOrder,
    buyer: Buyer | None,
    offers: Mapping[UUID, Offer],
    *,
    zone: tzinfo,
) -> list[OrderEvent]:
    """An order of older books, at the prices written there; its pieces must be in stock all the same."""
    _require_new(order, command.order_id)
    wanted: Counter[UUID] = Counter()
    for item in command.items:
        wanted[item.product_id] += item.quantity
    _require_known(wanted, offers)
    _require_in_stock(wanted, offers)
    return [
        PastOrderRecorded(
            order_id=command.order_id,
            reference=command.reference,
            customer_id=command.customer_id,
            customer_name=buyer.name if buyer else "Guest",
            customer_email=buyer.email if buyer else None,
            items=tuple(
                _ordered(line, item.product_id, item.quantity, offers[item.product_id], item.unit_price)
                for line, item in enumerate(command.items, 1)
            ),
            charges=tuple(
                Charge(code=charge.code, description=charge.description, amount=charge.amount)
                for charge in command.charges
            ),
            currency=command.currency,
            shipping_address=command.address,
            billing_address=command.address,
            payment_method=PaymentMethod.UNKNOWN.value,
            placed_at=command.at,
            placed_on=_business_day(command.at, zone),
        )
    ]


def decide(order: Order | None, command: FollowUp, *, zone: tzinfo) -> list[OrderEvent]:
    """What becomes of a placed order. Raises the refusals of `write_model.orders.errors`."""
    if order is None:
        raise OrderNotFound(command.order_id)
    match command:
        case PayOrder():
            _require_transition(order, Status.PAID)
            return [OrderPaid(order_id=order.order_id, paid_at=command.at)]
        case ShipOrder():
            _require_transition(order, Status.SHIPPED)
            return [OrderShipped(order_id=order.order_id, tracking_code=command.tracking_code, shipped_at=command.at)]
        case DeliverOrder():
            _require_transition(order, Status.DELIVERED)
            return [OrderDelivered(order_id=order.order_id, delivered_at=command.at)]
        case CancelOrder():
            _require_transition(order, Status.CANCELLED)
            return [_cancelled(order, command.reason, command.at)]
        case ExpireOrder():
            _require_pending(order)
            return [_cancelled(order, EXPIRED, command.at)]
        case ReturnItems():
            _require_transition(order, Status.RETURNED)
            return [_returned(order, command, zone)]
        case _:
            assert_never(command)


def credit(command: RecordCreditNote, offers: Mapping[UUID, Offer], *, zone: tzinfo) -> CreditNoteRecorded:
    """A credit note of older books; of goods it tells what the catalog knows of them."""
    return CreditNoteRecorded(
        credit_note_id=command.credit_note_id,
        reference=command.reference,
        customer_id=command.customer_id,
        country=command.country,
        currency=command.currency,
        items=tuple(_credited(item, offers[item.product_id] if item.product_id else None) for item in command.items),
        credited_at=command.at,
        credited_on=_business_day(command.at, zone),
    )


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after the event."""
    if isinstance(event, OrderPlaced):
        return _placed(event)
    assert order is not None
    after = replace(order, version=order.version + 1)
    match event:
        case OrderPaid():
            return replace(after, status=Status.PAID)
        case OrderShipped():
            return replace(after, status=Status.SHIPPED)
        case OrderDelivered():
            return replace(after, status=Status.DELIVERED)
        case OrderCancelled():
            return replace(after, status=Status.CANCELLED)
        case ItemsReturned():
            return _with_returns(after, event)
        case _:
            assert_never(event)


def _placed(event: OrderPlaced) -> Order:
    return Order(
        order_id=event.order_id,
        customer_id=event.customer_id,
        status=Status(event.INITIAL_STATUS),
        items=tuple(
            Item(line=i.line, product_id=i.product_id, quantity=i.quantity, unit_price=i.unit_price)
            for i in event.items
        ),
        version=1,
    )


def _with_returns(order: Order, event: ItemsReturned) -> Order:
    back = {item.line: item.quantity for item in event.items}
    items = tuple(replace(i, returned=i.returned + back.get(i.line, 0)) for i in order.items)
    return replace(order, items=items, status=Status.RETURNED if event.complete else order.status)


def _require_new(order: Order | None, order_id: UUID) -> None:
    if order is not None:
        raise OrderAlreadyPlaced(order_id)


def _require_transition(order: Order, wanted: Status) -> None:
    if wanted not in ALLOWED[order.status]:
        raise StatusTransitionNotAllowed(status=order.status.value, wanted=wanted.value)


def _require_pending(order: Order) -> None:
    if order.status is not Status.PENDING:
        raise OrderNotPending(status=order.status.value)


def _wanted(command: PlaceOrder) -> Counter[UUID]:
    wanted: Counter[UUID] = Counter()
    for item in command.items:
        wanted[item.product_id] += item.quantity
    return wanted


def _require_known(wanted: Mapping[UUID, int], offers: Mapping[UUID, Offer]) -> None:
    for product_id in wanted:
        if product_id not in offers:
            raise ProductNotForSale(product_id)


def _require_for_sale(wanted: Mapping[UUID, int], offers: Mapping[UUID, Offer]) -> None:
    _require_known(wanted, offers)
    for product_id, offer in offers.items():
        if offer.discontinued:
            raise ProductNotForSale(product_id, sku=offer.sku)


def _require_in_stock(wanted: Mapping[UUID, int], offers: Mapping[UUID, Offer]) -> None:
    shortages = [
        Shortage(product_id=key, sku=offers[key].sku, wanted=pieces, on_hand=offers[key].on_hand)
        for key, pieces in wanted.items()
        if pieces > offers[key].on_hand
    ]
    if shortages:
        raise InsufficientStock(shortages)


def _whole(address: Address) -> Address:
    if address.street is None or address.city is None:
        raise ShippingAddressMissing
    return address


def _one_currency(offers: Mapping[UUID, Offer]) -> str:
    first, *others = {offer.currency for offer in offers.values()}
    if others:
        raise CurrencyMismatch(expected=first, actual=others[0])
    return first


def _ordered(line: int, product_id: UUID, quantity: int, offer: Offer, price: Decimal | None) -> OrderedItem:
    return OrderedItem(
        line=line,
        product_id=product_id,
        sku=offer.sku,
        name=offer.name,
        quantity=quantity,
        unit_price=offer.price if price is None else price,
        category=offer.category,
        vendor=offer.vendor,
    )


def _credited(item: CreditLine, offer: Offer | None) -> CreditedItem:
    return CreditedItem(
        product_id=item.product_id,
        description=item.description,
        quantity=item.quantity,
        unit_price=item.unit_price,
        category=offer.category if offer else None,
        vendor=offer.vendor if offer else None,
    )


def _business_day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def _cancelled(order: Order, reason: str, at: datetime) -> OrderCancelled:
    released = tuple(Pieces(product_id=i.product_id, quantity=i.quantity) for i in order.items)
    return OrderCancelled(order_id=order.order_id, reason=reason, released=released, cancelled_at=at)


def _returned(order: Order, command: ReturnItems, zone: tzinfo) -> ItemsReturned:
    wanted: Counter[int] = Counter()
    for item in command.items:
        wanted[item.line] += item.quantity
    lines = {item.line: item for item in order.items}
    for line, quantity in wanted.items():
        left = lines[line].left if line in lines else 0
        if quantity > left:
            raise LineNotReturnable(line=line, wanted=quantity, left=left)
    return ItemsReturned(
        order_id=order.order_id,
        items=tuple(
            ReturnedItem(
                line=line,
                product_id=lines[line].product_id,
                quantity=quantity,
                unit_price=lines[line].unit_price,
            )
            for line, quantity in sorted(wanted.items())
        ),
        complete=sum(item.left for item in order.items) == wanted.total(),
        returned_at=command.at,
        returned_on=_business_day(command.at, zone),
    )
