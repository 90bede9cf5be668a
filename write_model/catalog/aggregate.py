"""The product and its stock: pure rules over their state."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from app.kernel.errors import CurrencyMismatch
from app.kernel.values import Money
from write_model.catalog.commands import (
    AddProduct,
    ChangePrice,
    CorrectStock,
    DiscontinueProduct,
    ReceiveStock,
    RecordPastProduct,
    RecordPastStockCorrection,
    ReviseProduct,
    ViewProduct,
)
from write_model.catalog.errors import (
    PriceUnchanged,
    ProductAlreadyAdded,
    ProductAlreadyDiscontinued,
    ProductNotFound,
    ProductUnchanged,
    StockWouldGoNegative,
)
from write_model.catalog.events import (
    PriceChanged,
    ProductAdded,
    ProductDiscontinued,
    ProductEvent,
    ProductRevised,
    ProductViewed,
    StockCorrected,
    StockReceived,
)

Adding = AddProduct | RecordPastProduct
Changing = ReviseProduct | ChangePrice | DiscontinueProduct | ReceiveStock | CorrectStock | RecordPastStockCorrection


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What the rules need to know of a product."""

    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None
    price: Decimal
    currency: str
    discontinued: bool = False
    on_hand: int = 0
    version: int = 0


def add(product: Product | None, command: Adding, shop_currency: str) -> list[ProductEvent]:
    """A new product; one that was never for sale is discontinued at once."""
    if product is not None:
        raise ProductAlreadyAdded(command.product_id)
    _require_currency(shop_currency, command.price)
    added = ProductAdded(
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
    if command.price.amount > 0:
        return [added]
    return [added, ProductDiscontinued(product_id=command.product_id, discontinued_at=command.at)]


def decide(product: Product | None, command: Changing) -> list[ProductEvent]:
    """The events that the command leads to. Raises the refusals of `write_model.catalog.errors`."""
    if product is None:
        raise ProductNotFound(command.product_id)
    match command:
        case ReviseProduct():
            return _revise(product, command)
        case ChangePrice():
            return _change_price(product, command)
        case DiscontinueProduct():
            _require_sold(product, command)
            return [ProductDiscontinued(product_id=command.product_id, discontinued_at=command.at)]
        case ReceiveStock():
            return [StockReceived(product_id=command.product_id, pieces=command.pieces, received_at=command.at)]
        case CorrectStock():
            return _correct(product, command)
        case _:
            assert_never(command)


def evolve(product: Product | None, event: ProductEvent) -> Product:
    """The product after the event."""
    if isinstance(event, ProductAdded):
        return Product(
            name=event.name,
            description=event.description,
            categories=event.categories,
            vendor=event.vendor,
            price=event.price,
            currency=event.currency,
            version=1,
        )
    assert product is not None
    after = replace(product, version=product.version + 1)
    match event:
        case ProductRevised():
            return replace(
                after,
                name=event.name,
                description=event.description,
                categories=event.categories,
                vendor=event.vendor,
            )
        case PriceChanged():
            return replace(after, price=event.price)
        case ProductDiscontinued():
            return replace(after, discontinued=True)
        case StockReceived():
            return replace(after, on_hand=after.on_hand + event.pieces)
        case StockCorrected():
            return replace(after, on_hand=after.on_hand + event.change)
        case _:
            assert_never(event)


def view(command: ViewProduct, *, viewer: UUID | None, product_known: bool) -> ProductViewed:
    """Anyone may look at any product that ever was in the catalog. Raises ProductNotFound."""
    if not product_known:
        raise ProductNotFound(command.product_id)
    return ProductViewed(
        view_id=command.view_id, product_id=command.product_id, customer_id=viewer, viewed_at=command.at
    )


def _require_sold(product: Product, command: Changing) -> None:
    if product.discontinued:
        raise ProductAlreadyDiscontinued(command.product_id)


def _require_currency(currency: str, price: Money) -> None:
    if price.currency != currency:
        raise CurrencyMismatch(expected=currency, actual=price.currency)


def _revise(product: Product, command: ReviseProduct) -> list[ProductEvent]:
    _require_sold(product, command)
    said = (command.name, command.description, command.categories, command.vendor)
    if said == (product.name, product.description, product.categories, product.vendor):
        raise ProductUnchanged
    return [
        ProductRevised(
            product_id=command.product_id,
            name=command.name,
            description=command.description,
            categories=command.categories,
            vendor=command.vendor,
            revised_at=command.at,
        )
    ]


def _change_price(product: Product, command: ChangePrice) -> list[ProductEvent]:
    _require_sold(product, command)
    _require_currency(product.currency, command.price)
    if command.price.amount == product.price:
        raise PriceUnchanged
    return [PriceChanged(product_id=command.product_id, price=command.price.amount, changed_at=command.at)]


def _correct(product: Product, command: CorrectStock) -> list[ProductEvent]:
    if product.on_hand + command.change < 0:
        raise StockWouldGoNegative(on_hand=product.on_hand, change=command.change)
    return [
        StockCorrected(
            product_id=command.product_id,
            change=command.change,
            reason=command.reason,
            corrected_at=command.at,
        )
    ]
