"""What can be asked of the catalog. All of it is for operators, but for telling that a product was looked at."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import InvalidValue
from app.kernel.messages import Command, generated_id
from app.kernel.values import Money, require_pieces, require_storable, require_text

_MAX_CATEGORIES = 20


def _check_texts(name: str, description: str, categories: tuple[str, ...], vendor: str | None) -> None:
    require_text(name, "name", at_most=200)
    if len(description) > 10_000:
        raise InvalidValue("description may have at most 10,000 characters.", field="description")
    require_storable(description, "description")
    if len(categories) > _MAX_CATEGORIES:
        raise InvalidValue(f"At most {_MAX_CATEGORIES} categories are allowed.", field="categories")
    for category in categories:
        require_text(category, "categories", at_most=100)
    if vendor is not None:
        require_text(vendor, "vendor", at_most=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProduct(Command):
    """Put a product into the catalog."""

    target: ClassVar[str] = "product_id"
    for_operators: ClassVar[bool] = True
    product_id: UUID = generated_id()
    sku: str
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None
    price: Money

    def __post_init__(self) -> None:
        require_text(self.sku, "sku", at_most=64)
        _check_texts(self.name, self.description, self.categories, self.vendor)
        if self.price.amount <= 0:
            raise InvalidValue("A price must be above zero.", field="price")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPastProduct(Command):
    """Enter a product from older books; one that was never for sale has the price 0 and is discontinued at once."""

    target: ClassVar[str] = "product_id"
    dated: ClassVar[bool] = True
    for_operators: ClassVar[bool] = True
    product_id: UUID = generated_id()
    sku: str
    name: str
    description: str = ""
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    price: Money

    def __post_init__(self) -> None:
        require_text(self.sku, "sku", at_most=64)
        _check_texts(self.name, self.description, self.categories, self.vendor)
        if self.price.amount < 0:
            raise InvalidValue("A price must not be below zero.", field="price")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseProduct(Command):
    """Say anew what a product is called, what it is, where it belongs and who makes it."""

    target: ClassVar[str] = "product_id"
    for_operators: ClassVar[bool] = True
    product_id: UUID
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None

    def __post_init__(self) -> None:
        _check_texts(self.name, self.description, self.categories, self.vendor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePrice(Command):
    """Sell a product at another price from now on."""

    target: ClassVar[str] = "product_id"
    for_operators: ClassVar[bool] = True
    product_id: UUID
    price: Money

    def __post_init__(self) -> None:
        if self.price.amount <= 0:
            raise InvalidValue("A price must be above zero.", field="price")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscontinueProduct(Command):
    """Sell a product no longer."""

    target: ClassVar[str] = "product_id"
    for_operators: ClassVar[bool] = True
    product_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveStock(Command):
    """Put pieces that came in on the shelf."""

    target: ClassVar[str] = "product_id"
    for_operators: ClassVar[bool] = True
    product_id: UUID
    pieces: int

    def __post_init__(self) -> None:
        require_pieces(self.pieces, "pieces")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectStock(Command):
    """Set a count right by `change` pieces, up or down, with the reason."""

    target: ClassVar[str] = "product_id"
    for_operators: ClassVar[bool] = True
    product_id: UUID
    change: int
    reason: str

    def __post_init__(self) -> None:
        if self.change == 0:
            raise InvalidValue("A correction must change something.", field="change")
        require_pieces(abs(self.change), "change")
        require_text(self.reason, "reason", at_most=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPastStockCorrection(CorrectStock):
    """A correction from older books, with the date that it was made. For operators."""

    dated: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewProduct(Command):
    """Report that a product was looked at by a customer: the asker, unless an operator names another.

    Where an operator names none, it was a visitor who is not signed in. Every report is an aggregate of its own, so
    that none waits for another.
    """

    target: ClassVar[str] = "view_id"
    view_id: UUID = generated_id()
    product_id: UUID
    customer_id: UUID | None = None
