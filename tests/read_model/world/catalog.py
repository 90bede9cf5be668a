"""Commands to products, carried out on the small shop's records."""

from typing import assert_never
from uuid import UUID

from app.kernel.messages import Event
from tests.read_model.world.commands import Sent
from tests.read_model.world.facts import CURRENCY
from tests.read_model.world.records import Product, ProductView, Shop
from write_model.catalog import aggregate
from write_model.catalog.aggregate import Adding, Changing
from write_model.catalog.commands import (
    ChangePrice,
    CorrectStock,
    DiscontinueProduct,
    ReceiveStock,
    ReviseProduct,
    ViewProduct,
)
from write_model.catalog.errors import ViewerNotFound


def add(shop: Shop, command: Adding, sent: Sent) -> list[Event]:
    """A product without a price is never sold."""
    events = aggregate.add(_known(shop, command.product_id), command, CURRENCY)
    product = Product(
        product_id=command.product_id,
        sku=command.sku,
        name=command.name,
        description=command.description,
        categories=command.categories,
        vendor=command.vendor,
        price=command.price.amount,
        currency=command.price.currency,
        added_at=command.at,
    )
    if not command.price.amount:
        product.discontinued, product.changed_at, product.version = True, sent.recorded_at, 2
    shop.products[command.product_id] = product
    return [*events]


def change(shop: Shop, command: Changing, sent: Sent) -> list[Event]:
    """Anything that becomes of a product by itself."""
    events = aggregate.decide(_known(shop, command.product_id), command)
    product = shop.products[command.product_id]
    _write(product, command)
    product.changed_at, product.version = sent.recorded_at, product.version + 1
    return [*events]


def look(shop: Shop, command: ViewProduct, _: Sent) -> list[Event]:
    """A customer, or without one a visitor, looks at a product."""
    if command.customer_id is not None and command.customer_id not in shop.customers:
        raise ViewerNotFound(command.customer_id)
    known = command.product_id in shop.products
    event = aggregate.view(command, viewer=command.customer_id, product_known=known)
    shop.views.append(ProductView(command.customer_id, command.product_id, command.at))
    return [event]


def _write(product: Product, command: Changing) -> None:
    match command:
        case ReviseProduct():
            product.name, product.description = command.name, command.description
            product.categories, product.vendor = command.categories, command.vendor
        case ChangePrice():
            product.price = command.price.amount
        case DiscontinueProduct():
            product.discontinued = True
        case ReceiveStock():
            product.on_hand += command.pieces
        case CorrectStock():
            product.on_hand += command.change
        case _:
            assert_never(command)


def _known(shop: Shop, product_id: UUID) -> aggregate.Product | None:
    product = shop.products.get(product_id)
    if product is None:
        return None
    return aggregate.Product(
        name=product.name,
        description=product.description,
        categories=product.categories,
        vendor=product.vendor,
        price=product.price,
        currency=product.currency,
        discontinued=product.discontinued,
        on_hand=product.on_hand,
        version=product.version,
    )
