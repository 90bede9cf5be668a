"""Placing an order, today or out of older books."""

from collections import Counter
from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from uuid import UUID

from app.kernel.errors import CurrencyMismatch
from app.kernel.values import Address
from write_model.orders.aggregate.order import Order, business_day
from write_model.orders.commands import PaymentMethod, PlaceOrder, RecordPastOrder
from write_model.orders.errors import (
    InsufficientStock,
    OrderAlreadyPlaced,
    ProductNotForSale,
    ShippingAddressMissing,
    Shortage,
)
from write_model.orders.events import Charge, OrderedItem, OrderEvent, OrderPlaced, PastOrderRecorded
from write_model.orders.ports import Buyer, Offer


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
            placed_on=business_day(command.at, zone),
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
            placed_on=business_day(command.at, zone),
        )
    ]


def _require_new(order: Order | None, order_id: UUID) -> None:
    if order is not None:
        raise OrderAlreadyPlaced(order_id)


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
