"""`product(id)`: for everyone who is signed in."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from app.infra.freshness import Behind, Wanted
from app.infra.tables import Stored
from app.kernel import typeid
from read_model.catalog import product as view
from schema.context import Info
from schema.reading import MinVersion, Token, WaitMs, decode_id, not_reached, read
from schema.values import Money, Node, Processing


@strawberry.type(description="A product, with what is on hand.")
class Product(Node):
    version: int = strawberry.field(description="Of the product itself; orders that take from its stock leave it.")
    sku: str
    name: str
    description: str
    categories: list[str]
    vendor: str | None
    price: Money
    on_hand: int = strawberry.field(description="Pieces in stock.")
    discontinued: bool
    added_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, stored: Stored[view.Product]) -> "Product":
        """The product as clients see it."""
        row = stored.row
        return cls(
            id=strawberry.ID(typeid.encode("product", row.product_id)),
            version=stored.version,
            sku=row.sku,
            name=row.name,
            description=row.description,
            categories=list(row.categories),
            vendor=row.vendor,
            price=Money(amount=row.price, currency=row.currency),
            on_hand=row.on_hand,
            discontinued=row.discontinued,
            added_at=row.added_at,
            updated_at=row.updated_at,
        )


ProductResult = Annotated[Product | Processing, strawberry.union("ProductResult")]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: int | None = None,
    token: str | None = None,
    wait_ms: int | None = None,
) -> Product | Processing | None:
    """The product; None where there is none."""
    info.context.asker()
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    found = await read(info, view.VIEW, decode_id("product", id, "id"), wanted)
    return Product.of(found) if isinstance(found, Stored) else found


async def products(info: Info, ids: Collection[UUID], wanted: Wanted) -> dict[UUID, Product]:
    """These products as far as there are any, for lists that name them. Raises StillProcessing."""
    found = await info.context.reads.get_many(view.VIEW, ids, wanted)
    if isinstance(found, Behind):
        raise not_reached(found)
    return {stored.row.product_id: Product.of(stored) for stored in found.values()}


@strawberry.type
class ProductQuery:
    @strawberry.field(description="One product; null if there is no such one.")
    async def product(
        self,
        info: Info,
        id: strawberry.ID,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> ProductResult | None:
        return await get(info, id, min_version, token, wait_ms)
