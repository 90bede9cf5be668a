"""Commands to orders, carried out on the small shop's records."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from app.kernel.messages import Event
from tests.read_model.world.commands import Sent
from tests.read_model.world.records import CreditNote, Customer, Line, Order, Product, Shop
from write_model.orders import aggregate
from write_model.orders.aggregate import FollowUp
from write_model.orders.commands import (
    CancelOrder,
    CreditLine,
    DeliverOrder,
    ExpireOrder,
    PastItem,
    PayOrder,
    PlaceOrder,
    RecordCreditNote,
    RecordPastOrder,
    ReturnItems,
    ShipOrder,
    WantedItem,
)
from write_model.orders.errors import BuyerNotFound, CreditNoteAlreadyRecorded, ProductNotForSale


def place(shop: Shop, command: PlaceOrder, sent: Sent) -> list[Event]:
    """An order at today's prices."""
    buyer, offers = _buyer(shop, command.customer_id), _offers(shop, command.items)
    events = aggregate.place(_known(shop, command.order_id), command, buyer, offers, zone=shop.zone)
    shipping = command.shipping_address or buyer.address
    order = Order(
        order_id=command.order_id,
        reference=None,
        customer_id=buyer.customer_id,
        customer_name=buyer.name,
        customer_email=buyer.email,
        currency=offers[command.items[0].product_id].currency,
        lines=[_line(shop, item, shop.products[item.product_id].price) for item in command.items],
        charges=[],
        shipping_address=shipping,
        billing_address=command.billing_address or shipping,
        payment_method=command.payment_method.value,
        placed_at=command.at,
        history=[("PENDING", command.at, sent.actor, None)],
    )
    _write(shop, order)
    return [*events]


def record(shop: Shop, command: RecordPastOrder, sent: Sent) -> list[Event]:
    """An order of older books."""
    buyer = _buyer(shop, command.customer_id) if command.customer_id else None
    offers = _offers(shop, command.items)
    events = aggregate.record(_known(shop, command.order_id), command, buyer, offers, zone=shop.zone)
    order = Order(
        order_id=command.order_id,
        reference=command.reference,
        customer_id=command.customer_id,
        customer_name=buyer.name if buyer else "Guest",
        customer_email=buyer.email if buyer else None,
        currency=command.currency,
        lines=[_line(shop, item, item.unit_price) for item in command.items],
        charges=[(charge.code, charge.description, charge.amount) for charge in command.charges],
        shipping_address=command.address,
        billing_address=command.address,
        payment_method="UNKNOWN",
        placed_at=command.at,
        history=[("DELIVERED", command.at, sent.actor, None)],
    )
    _write(shop, order)
    return [*events]


def follow_up(shop: Shop, command: FollowUp, sent: Sent) -> list[Event]:
    """What becomes of an order."""
    events = aggregate.decide(_known(shop, command.order_id), command, zone=shop.zone)
    order = shop.orders[command.order_id]
    order.version += 1
    match command:
        case PayOrder():
            order.history.append(("PAID", command.at, sent.actor, None))
        case ShipOrder():
            order.history.append(("SHIPPED", command.at, sent.actor, None))
            order.tracking_code = command.tracking_code
        case DeliverOrder():
            order.history.append(("DELIVERED", command.at, sent.actor, None))
        case CancelOrder():
            order.history.append(("CANCELLED", command.at, sent.actor, command.reason or None))
            _put_back(shop, order.lines)
        case ExpireOrder():
            order.history.append(("CANCELLED", command.at, sent.actor, "It was not paid in time."))
            _put_back(shop, order.lines)
        case ReturnItems():
            _take_back(shop, order, command, sent)
        case _:
            assert_never(command)
    return [*events]


def credit(shop: Shop, command: RecordCreditNote, _: Sent) -> list[Event]:
    """A credit note of older books."""
    if command.customer_id:
        _buyer(shop, command.customer_id)
    offers = _offers(shop, command.items)
    for item in command.items:
        if item.product_id and item.product_id not in offers:
            raise ProductNotForSale(item.product_id)
    if command.credit_note_id in shop.notes:
        raise CreditNoteAlreadyRecorded(command.credit_note_id)
    event = aggregate.credit(command, offers, zone=shop.zone)
    lines = [_line(shop, item, item.unit_price) for item in command.items]
    _put_back(shop, lines)
    shop.notes[command.credit_note_id] = CreditNote(
        credit_note_id=command.credit_note_id,
        customer_id=command.customer_id,
        country=command.country,
        currency=command.currency,
        credited_at=command.at,
        lines=lines,
    )
    return [event]


def _write(shop: Shop, order: Order) -> None:
    _put_back(shop, [replace(line, quantity=-line.quantity) for line in order.lines])
    shop.orders[order.order_id] = order


def _take_back(shop: Shop, order: Order, command: ReturnItems, sent: Sent) -> None:
    for item in command.items:
        line = order.lines[item.line - 1]
        line.back.append((command.at, item.quantity))
        _put_back(shop, [replace(line, quantity=item.quantity)])
    if all(line.returned == line.quantity for line in order.lines):
        order.history.append(("RETURNED", command.at, sent.actor, None))


def _put_back(shop: Shop, lines: Iterable[Line]) -> None:
    for line in lines:
        if line.product_id:
            shop.products[line.product_id].on_hand += line.quantity


def _line(shop: Shop, item: WantedItem | PastItem | CreditLine, price: Decimal) -> Line:
    product = shop.products.get(item.product_id) if item.product_id else None
    return Line(
        product_id=item.product_id,
        sku=product.sku if product else "",
        name=product.name if product else "",
        quantity=item.quantity,
        unit_price=price,
        category=product.category if product else None,
        vendor=product.vendor if product else None,
    )


def _buyer(shop: Shop, customer_id: UUID) -> Customer:
    if customer_id not in shop.customers:
        raise BuyerNotFound(customer_id)
    return shop.customers[customer_id]


def _offers(shop: Shop, items: Iterable[WantedItem | PastItem | CreditLine]) -> dict[UUID, Product]:
    wanted = {item.product_id for item in items}
    return {key: product for key, product in shop.products.items() if key in wanted}


def _known(shop: Shop, order_id: UUID) -> aggregate.Order | None:
    order = shop.orders.get(order_id)
    if order is None:
        return None
    return aggregate.Order(
        order_id=order_id,
        customer_id=order.customer_id,
        status=aggregate.Status(order.status),
        items=tuple(
            aggregate.Item(
                line=number,
                product_id=line.product_id or order_id,
                quantity=line.quantity,
                returned=line.returned,
                unit_price=line.unit_price,
            )
            for number, line in enumerate(order.lines, 1)
        ),
        version=order.version,
    )
