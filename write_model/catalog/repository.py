"""Products and stock in their normalized tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never
from uuid import UUID

import asyncpg

from app.infra.unit_of_work import Work
from write_model.catalog.aggregate import Product, evolve
from write_model.catalog.errors import SkuAlreadyUsed
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

_LOAD = """
select name, description, vendor, price, currency, discontinued, version, on_hand
from write.stock join write.products using (product_id) where product_id = $1 for no key update of stock, products
"""
_CATEGORIES = "select category from write.product_categories where product_id = $1 order by ordinal"
_ADD = """
with product as (
    insert into write.products (product_id, sku, name, description, vendor, price, currency, discontinued, version)
    values ($1, $2, $3, $4, $5, $6, $7, false, 1)
)
insert into write.stock (product_id, on_hand) values ($1, 0)
"""
_CATEGORIZE = """
insert into write.product_categories (product_id, ordinal, category)
select $1, ordinal, category from unnest($2::text[]) with ordinality as c (category, ordinal)
"""
_HOLD = """
select product_id, sku, name, price, currency, vendor, discontinued, on_hand,
       (select category from write.product_categories c
        where c.product_id = stock.product_id order by ordinal limit 1) as category
from write.stock join write.products using (product_id)
where product_id = any($1::uuid[]) order by product_id
for no key update of stock for share of products
"""
_MOVE = """
update write.stock set on_hand = on_hand + change
from unnest($1::uuid[], $2::bigint[]) as moved (product_id, change) where stock.product_id = moved.product_id
"""


class Products:
    """Loads and saves products within one command's transaction."""

    def __init__(self, work: Work) -> None:
        self._work, self._connection = work, work.connection

    async def load(self, product_id: UUID) -> Product | None:
        """The product and its stock, locked until the transaction ends, at the version that the client expects."""
        row = await self._connection.fetchrow(_LOAD, product_id)
        product = _product(row, await self._connection.fetch(_CATEGORIES, product_id)) if row else None
        self._work.expect(product_id, product.version if product else 0)
        return product

    async def save(self, product_id: UUID, product: Product | None, events: list[ProductEvent]) -> None:
        """Writes what the events say to the tables, and hands them to the log."""
        version = product.version if product else 0
        for event in events:
            product = evolve(product, event)
            await self._write(event)
        await self._connection.execute(
            "update write.products set version = $2 where product_id = $1", product_id, version + len(events)
        )
        self._work.record("product", product_id, version, events)

    async def _write(self, event: ProductEvent) -> None:
        match event:
            case ProductAdded():
                await self._add(event)
            case ProductRevised():
                await self._revise(event)
            case PriceChanged():
                await self._set("price", event.product_id, event.price)
            case ProductDiscontinued():
                await self._set("discontinued", event.product_id, True)
            case StockReceived():
                await Shelves(self._work).move({event.product_id: event.pieces})
            case StockCorrected():
                await Shelves(self._work).move({event.product_id: event.change})
            case _:
                assert_never(event)

    async def _add(self, event: ProductAdded) -> None:
        try:
            await self._connection.execute(
                _ADD,
                event.product_id,
                event.sku,
                event.name,
                event.description,
                event.vendor,
                event.price,
                event.currency,
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "products_sku_key":
                raise SkuAlreadyUsed(event.sku) from None
            raise
        await self._categorize(event.product_id, event.categories)

    async def _revise(self, event: ProductRevised) -> None:
        await self._connection.execute(
            "update write.products set name = $2, description = $3, vendor = $4 where product_id = $1",
            event.product_id,
            event.name,
            event.description,
            event.vendor,
        )
        await self._connection.execute("delete from write.product_categories where product_id = $1", event.product_id)
        await self._categorize(event.product_id, event.categories)

    async def _categorize(self, product_id: UUID, categories: tuple[str, ...]) -> None:
        if categories:
            await self._connection.execute(_CATEGORIZE, product_id, list(categories))

    async def _set(self, column: str, product_id: UUID, value: object) -> None:
        await self._connection.execute(
            f"update write.products set {column} = $2 where product_id = $1", product_id, value
        )


class ProductViews:
    """Takes down views of products within one command's transaction.

    A view has no table: no rule ever asks for an earlier one, so the event is all that there is to keep. The product
    is looked at without a lock, since products are never deleted.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    async def knows(self, product_id: UUID) -> bool:
        """Whether the product is, or was, in the catalog."""
        found = await self._work.connection.fetchval("select 1 from write.products where product_id = $1", product_id)
        return found is not None

    def save(self, event: ProductViewed) -> None:
        """Hands the event to the log, as the first and only one of its aggregate."""
        self._work.record("product_view", event.view_id, 0, [event])


@dataclass(frozen=True, slots=True)
class ShelfOffer:
    """A product as it can be bought now."""

    sku: str
    name: str
    price: Decimal
    currency: str
    category: str | None
    vendor: str | None
    discontinued: bool
    on_hand: int


class Shelves:
    """The stock, for whoever takes pieces or brings them back.

    Rows are locked in the order of product ids, and of each product the stock first, here as in `Products`; the
    product itself is shared, so that no order is placed at a price that has just changed.
    """

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def hold(self, product_ids: Collection[UUID]) -> Mapping[UUID, ShelfOffer]:
        """The offers of the products that exist, their stock locked until the transaction ends."""
        rows = await self._connection.fetch(_HOLD, list(product_ids))
        return {row["product_id"]: _offer(row) for row in rows}

    async def move(self, changes: Mapping[UUID, int]) -> None:
        """Adds pieces to the stock of each product, or takes them away. The caller holds the rows."""
        await self._connection.execute(_MOVE, list(changes), list(changes.values()))


def _offer(row: asyncpg.Record) -> ShelfOffer:
    return ShelfOffer(
        sku=row["sku"],
        name=row["name"],
        price=row["price"],
        currency=row["currency"],
        category=row["category"],
        vendor=row["vendor"],
        discontinued=row["discontinued"],
        on_hand=row["on_hand"],
    )


def _product(row: asyncpg.Record, categories: Sequence[asyncpg.Record]) -> Product:
    return Product(
        name=row["name"],
        description=row["description"],
        categories=tuple(each["category"] for each in categories),
        vendor=row["vendor"],
        price=row["price"],
        currency=row["currency"],
        discontinued=row["discontinued"],
        on_hand=row["on_hand"],
        version=row["version"],
    )
