"""Shelves: one to lay out anew in every test, and one with the real catalog, which no test changes."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.kernel.messages import Event
from app.kernel.structs import replace
from app.online_retail.books import read
from app.online_retail.entries import product_of
from app.online_retail.goods import is_goods, sku_of
from app.online_retail.papers import ON_ORDERS, products, sorted_papers
from tests.app.online_retail.book import REAL
from tests.read_model.catalog.shelf import Shelf, ordered
from tests.support.installation import installation
from write_model.catalog.aggregate import add
from write_model.catalog.events import ProductAdded, StockReceived

KINDS = ("HEART", "TEA", "CHRISTMAS", "BAG", "RED")


@asynccontextmanager
async def _shelf(servers: Servers) -> AsyncIterator[Shelf]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as db,
        bootstrap.read_models(made.settings) as (reads, _),
    ):
        yield Shelf(db, reads, {})


@pytest.fixture(scope="package")
async def shelf(servers: Servers) -> AsyncIterator[Shelf]:
    async with _shelf(servers) as empty:
        yield empty


@pytest.fixture(scope="package")
async def real(servers: Servers) -> AsyncIterator[Shelf]:
    """The products of the real books with what was sold of them. Categories and vendors, which the books do not know,
    come from names and skus."""
    async with _shelf(servers) as shelf:
        await shelf.lay_out(*_events())
        assert len(shelf.products) == 3_618
        yield shelf


def _events() -> Iterator[Event]:
    papers = sorted_papers(read(REAL))
    ids: dict[str, UUID] = {}
    for product in products(papers).values():
        command = product_of(product)
        ids[product.sku] = command.product_id
        first, *rest = add(None, command, "GBP")
        assert isinstance(first, ProductAdded)
        yield from (_sorted(first), *rest)
        if product.opening:
            yield StockReceived(product_id=command.product_id, pieces=product.opening, received_at=product.first)
    sold: Counter[UUID] = Counter()
    for line in (line for paper in papers for line in paper.of(ON_ORDERS) if is_goods(line.code)):
        sold[ids[sku_of(line.code)]] += line.quantity
    yield ordered(list(sold.items()))


def _sorted(product: ProductAdded) -> ProductAdded:
    kinds = tuple(kind.title() for kind in KINDS if kind in product.name)
    vendor = None if product.sku.endswith("7") else f"Vendor {product.sku[:2]}"
    price = Decimal("1.9999") if product.sku.endswith("31") else product.price
    return replace(product, categories=kinds, vendor=vendor, price=price)
