"""Products and stock in their normalized tables."""

from collections.abc import Collection, Mapping
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

_LOCK = """
select product_id from write.stock join write.products using (product_id) where product_id = any($1::uuid[])
order by product_id for no key update of stock, products {waiting}
"""
_LOAD = """
select product_id, name, description, vendor, price, currency, discontinued, version, on_hand,
       array(select category from write.product_categories c where c.product_id = stock.product_id order by ordinal)
           as categories
from write.stock join write.products using (product_id) where product_id = any($1::uuid[])
"""
_ADD = """
insert into write.products (product_id, sku, name, description, vendor, price, currency, discontinued, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_SHELVE = "insert into write.stock (product_id, on_hand) values ($1, 0)"
_CHANGE = """
update write.products set name = $2, description = $3, vendor = $4, price = $5, discontinued = $6, version = $7
where product_id = $1
"""
_CATEGORIZE = """
insert into write.product_categories (product_id, ordinal, category)
select $1, ordinal, category from unnest($2::text[]) with ordinality as c (category, ordinal)
on conflict (product_id, ordinal) do update set category = excluded.category
"""
_CATEGORIZE_NO_FURTHER = "delete from write.product_categories where product_id = $1 and ordinal > $2"
_HOLD = """
select product_id from write.stock join write.products using (product_id) where product_id = any($1::uuid[])
order by product_id for no key update of stock {waiting} for share of products {waiting}
"""
_OFFERS = """
select product_id, version, sku, name, price, currency, vendor, discontinued, on_hand,
       (select category from write.product_categories c
        where c.product_id = stock.product_id order by ordinal limit 1) as category
from write.stock join write.products using (product_id) where product_id = any($1::uuid[])
"""
_STILL_OFFERED = """
select from write.products join unnest($1::uuid[], $2::bigint[]) as seen (product_id, version)
    using (product_id, version)
order by product_id for share of products
"""
_KNOWN = "select product_id from write.products where product_id = any($1::uuid[])"
_MOVE = """
update write.stock set on_hand = on_hand + change
from (select product_id, change from write.stock
      join unnest($1::uuid[], $2::bigint[]) as moved (product_id, change) using (product_id)
      order by product_id for no key update of stock) as held
where stock.product_id = held.product_id
"""


class Products:
    """Loads and saves products within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def fresh(self, product_id: UUID) -> Product | None:
        """None, as for an id that was just made; if the tables knew better when it was written, the product."""
        return await self.load(product_id) if self._work.locking else None

    async def load(self, product_id: UUID) -> Product | None:
        """The product and its stock, at the version that the client expects."""
        await self._work.lock(_LOCK, [product_id])
        row = await self._work.row(_LOAD, product_id)
        product = _product(row) if row else None
        self._work.expect(product_id, product.version if product else 0)
        return product

    def save(self, product_id: UUID, product: Product | None, events: list[ProductEvent]) -> None:
        """Queues what the events say for the tables, and hands them to the log."""
        version = product.version if product else 0
        for event in events:
            product = evolve(product, event)
            self._write_beside(event)
        assert product is not None
        self._write(product_id, product, events[0])
        self._work.record("product", product_id, version, events)

    def _write_beside(self, event: ProductEvent) -> None:
        """What an event says of other tables than the product's own; the stock is locked before the product."""
        match event:
            case ProductAdded() | ProductRevised():
                self._categorize(event)
            case StockReceived():
                Shelves(self._work).move({event.product_id: event.pieces})
            case StockCorrected():
                Shelves(self._work).move({event.product_id: event.change})
            case PriceChanged() | ProductDiscontinued():
                pass
            case _:
                assert_never(event)

    def _categorize(self, event: ProductAdded | ProductRevised) -> None:
        if event.categories:
            self._work.write(_CATEGORIZE, event.product_id, event.categories)
        if isinstance(event, ProductRevised):
            self._work.write(_CATEGORIZE_NO_FURTHER, event.product_id, len(event.categories))

    def _write(self, product_id: UUID, after: Product, first: ProductEvent) -> None:
        """The product's own row, once, however many events there are."""
        texts = (after.name, after.description, after.vendor)
        if not isinstance(first, ProductAdded):
            self._work.write(_CHANGE, product_id, *texts, after.price, after.discontinued, after.version)
            return
        terms = (after.price, after.currency, after.discontinued, after.version)
        self._work.write(_ADD, product_id, first.sku, *texts, *terms)
        self._work.write(_SHELVE, product_id)
        self._work.refuse_if_taken("products_sku_key", SkuAlreadyUsed(first.sku))


class ProductViews:
    """Takes down views of products within one command's work.

    A view has no table: no rule ever asks for an earlier one, so the event is all that there is to keep. The product
    is looked at without a lock, since products are never deleted.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    async def knows(self, product_id: UUID) -> bool:
        """Whether the product is, or was, in the catalog: what is not is so rare that at first it is assumed to be."""
        if self._work.locking:
            return await self._work.row(_KNOWN, product_id) is not None
        self._work.assume(_KNOWN, [product_id], rows=1)
        return True

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
        self._work = work

    async def hold(self, product_ids: Collection[UUID]) -> Mapping[UUID, ShelfOffer]:
        """The offers of the products that exist, and are still the same when it is written."""
        wanted = list(product_ids)
        await self._work.lock(_HOLD, wanted)
        rows = await self._work.rows(_OFFERS, wanted)
        versions = [row["version"] for row in rows.values()]
        self._work.assume(_STILL_OFFERED, list(rows), versions, rows=len(rows))
        return {product_id: _offer(row) for product_id, row in rows.items()}

    def move(self, changes: Mapping[UUID, int]) -> None:
        """Adds pieces to the stock of each product, or takes them away, locked in their order."""
        moved = list(changes)
        self._work.will_lock(_HOLD, moved)
        self._work.write(_MOVE, moved, list(changes.values()))


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


def _product(row: asyncpg.Record) -> Product:
    return Product(
        name=row["name"],
        description=row["description"],
        categories=tuple(row["categories"]),
        vendor=row["vendor"],
        price=row["price"],
        currency=row["currency"],
        discontinued=row["discontinued"],
        on_hand=row["on_hand"],
        version=row["version"],
    )
