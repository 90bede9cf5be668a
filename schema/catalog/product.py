"""`product(id)`: for everyone who is signed in."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel import typeid
from app.plans import composed, made_of, shown
from read_model.catalog import product as view
from schema.context import Info
from schema.reading import MinVersion, Token, WaitMs, decode_id, not_reached
from schema.values import Money, Node, Processing


@made_of("stored")
@strawberry.type(description="A product, with what is on hand.")
class Product(Node):
    stored: strawberry.Private[Stored[view.Product]]
    row: strawberry.Private[view.Product]
    id: strawberry.ID = shown("row.product_id", by=partial(typeid.encode, "product"))
    version: int = shown(
        "stored.version", description="Of the product itself; orders that take from its stock leave it."
    )
    sku: str = shown("row.sku")
    name: str = shown("row.name")
    description: str = shown("row.description")
    categories: list[str] = shown("row.categories")
    vendor: str | None = shown("row.vendor")
    price: Money = composed(Money, amount="row.price", currency="row.currency")
    on_hand: int = shown("row.on_hand", description="Pieces in stock.")
    discontinued: bool = shown("row.discontinued")
    added_at: datetime = shown("row.added_at")
    updated_at: datetime = shown("row.updated_at")

    @classmethod
    def of(cls, stored: Stored[view.Product]) -> "Product":
        """The product as clients see it."""
        return cls(stored=stored, row=stored.row)


ProductResult = Annotated[Product | Processing, strawberry.union("ProductResult")]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: MinVersion = None,
    token: Token = None,
    wait_ms: WaitMs = None,
) -> ProductResult | None:
    """The product; None where there is none."""
    info.context.asker()
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    found = await info.context.reads.get(view.VIEW, decode_id("product", id, "id"), wanted)
    if isinstance(found, Behind):
        return Processing.of(found)
    return Product.of(found.stored) if found.stored is not None else None


async def products(info: Info, ids: Collection[UUID], wanted: Wanted) -> dict[UUID, Product]:
    """These products as far as there are any, for lists that name them. Raises StillProcessing."""
    found = await info.context.reads.get_many(view.VIEW, ids, wanted)
    if isinstance(found, Behind):
        raise not_reached(found)
    return {stored.row.product_id: Product.of(stored) for stored in found.values()}


@strawberry.type
class ProductQuery:
    product: ProductResult | None = strawberry.field(
        resolver=get, description="One product; null if there is no such one."
    )
