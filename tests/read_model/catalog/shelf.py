"""A shelf of products for tests: listed by the view's own fold, without workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from app.infra.folding import fold
from app.infra.freshness import ReadModels
from app.infra.keyset import PageArguments
from app.infra.sheets import Entry
from app.infra.table_views import Progress
from app.kernel.clock import new_id
from app.kernel.messages import Event, Recorded
from app.kernel.values import Address
from read_model.catalog.autocomplete import complete
from read_model.catalog.product_listing import ProductFilter, ProductSort, Search, find
from read_model.catalog.product_search import VIEW, ListedProduct
from read_model.catalog.product_text import read
from write_model.catalog.events import ProductAdded
from write_model.orders.events import OrderedItem, PastOrderRecorded

AT = datetime(2026, 1, 1, tzinfo=UTC)
HOME = Address(street=None, city=None, postal_code=None, country="United Kingdom")


def added(name: str, **said: Any) -> ProductAdded:
    """A product enters the catalog."""
    usual: dict[str, Any] = {
        "product_id": new_id(),
        "sku": f"SKU {name}",
        "description": "",
        "categories": (),
        "vendor": None,
        "price": Decimal("2.50"),
        "currency": "GBP",
        "added_at": AT,
    }
    return ProductAdded(name=name, **(usual | said))


def ordered(pieces: Sequence[tuple[UUID, int]]) -> PastOrderRecorded:
    """So many pieces of each product are sold."""
    items = tuple(
        OrderedItem(line=line, product_id=product, sku="", name="", quantity=quantity, unit_price=Decimal(1))
        for line, (product, quantity) in enumerate(pieces, 1)
    )
    return PastOrderRecorded(
        order_id=new_id(),
        customer_id=None,
        customer_name="",
        customer_email=None,
        items=items,
        currency="GBP",
        shipping_address=HOME,
        billing_address=HOME,
        payment_method="UNKNOWN",
        placed_at=AT,
        placed_on=date(2026, 1, 1),
    )


def recorded(events: Sequence[Event]) -> list[Recorded[Any]]:
    """The events as the log would hold them."""
    return [
        Recorded(position, "", getattr(event, "product_id", None) or new_id(), position, event, {}, AT)
        for position, event in enumerate(events, 1)
    ]


@dataclass
class Shelf:
    """Lists of products over a table that tests fill as they like."""

    db: asyncpg.Pool
    reads: ReadModels
    products: Mapping[UUID, ListedProduct]

    async def lay_out(self, *events: Event) -> None:
        """Empties the shelf, and lists what the events make."""
        table, log = self.reads.table(VIEW), recorded(events)
        rows = fold(VIEW, 0, log, {})
        await self.db.execute(f"truncate {table.table}")
        await self.db.execute("update read.checkpoints set position = 0")
        moving = Progress(shard=0, epoch=0, start=0, upto=len(log), head=len(log), event_at=None)
        await table.apply(self.db, moving, rows)
        await self.db.execute(f"analyze {table.table}")
        self.products = {stored.row.product_id: stored.row for stored in rows.values()}

    async def search(self, text: str | None, **conditions: Any) -> Search:
        """The search for a text, under conditions of the filter."""
        wanted = ProductFilter(**conditions)
        reading = None if text is None else await read(self.reads, text, discontinued=wanted.include_discontinued)
        return Search(reading=reading, filter=wanted)

    async def names(self, text: str | None, **conditions: Any) -> list[str]:
        """The names of what is found, the most relevant first."""
        hits = await self.all(await self.search(text, **conditions))
        return [hit.stored.row.name for hit in hits]

    async def all(
        self, search: Search, sort: ProductSort = ProductSort.RELEVANCE, size: int = 100
    ) -> list[Entry[ListedProduct]]:
        """All that a search finds, page by page."""
        found: list[Entry[ListedProduct]] = []
        place, more = None, True
        while more:
            page = await find(self.reads, search, sort, PageArguments(first=size, after=place))
            assert page.has_previous == bool(found)
            found, more = [*found, *page.nodes], page.has_next
            place = found[-1].cursor if found else None
        return found

    async def completions(self, typed: str, first: int = 10) -> list[str]:
        """The names that complete what was typed."""
        return [stored.row.name for stored in await complete(self.reads, typed, first)]
