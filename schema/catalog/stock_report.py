"""`stockReport`: for operators."""

from datetime import date
from functools import partial

import strawberry

from app.infra.keyset import PageArguments
from app.kernel import typeid
from app.kernel.errors import InvalidValue
from app.kernel.values import require_storable
from read_model.catalog import product_popularity
from read_model.catalog import stock_report as view
from schema.catalog.enums import StockSort
from schema.context import Info
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, listed

_MOST_PIECES = 10**12


@strawberry.type(description="What is on the shelf of one product, and how long it lasts.")
class Stock:
    product_id: strawberry.ID
    sku: str
    name: str
    vendor: str | None
    discontinued: bool
    on_hand: int = strawberry.field(description="Pieces that can be sold.")
    reserved: int = strawberry.field(description="Pieces sold that have not left the house.")
    sold_per_week: float = strawberry.field(
        description="Pieces, on average over the last 28 days, less what came back."
    )
    days_of_cover: float | None = strawberry.field(
        description="How long onHand lasts at that pace; null when nothing sold."
    )

    @classmethod
    def of(cls, line: view.StockLine) -> "Stock":
        """The line as clients see it."""
        stock, cover = line.stock, line.cover_days
        return cls(
            product_id=strawberry.ID(typeid.encode("product", stock.product_id)),
            sku=stock.sku,
            name=stock.name,
            vendor=stock.vendor,
            discontinued=stock.discontinued,
            on_hand=stock.on_hand,
            reserved=stock.reserved,
            sold_per_week=line.sold * 7 / view.OBSERVED_DAYS,
            days_of_cover=round(cover, 1) if cover is not None else None,
        )


@strawberry.type
class StockEdge:
    cursor: str
    node: Stock


@strawberry.type(description="A page of the stock report.")
class StockConnection(ListPage):
    edges: list[StockEdge]
    as_of: date = strawberry.field(description="The last of the 28 days whose sales are counted.")


@strawberry.input(description="Every given condition must hold.")
class StockFilter:
    vendors: list[str] | None = None
    below_pieces: int | None = strawberry.field(default=None, description="Fewer than so many pieces on hand.")
    below_days_of_cover: float | None = strawberry.field(default=None, description="Lasting shorter than so many days.")
    include_discontinued: bool = False

    def value(self) -> view.StockFilter:
        """The filter as the view takes it. Raises a Refusal."""
        for vendor in self.vendors or ():
            require_storable(vendor, "vendors")
        for name, given in (("belowPieces", self.below_pieces), ("belowDaysOfCover", self.below_days_of_cover)):
            if given is not None and not 0 <= given <= _MOST_PIECES:
                raise InvalidValue(f"{name} must be between 0 and {_MOST_PIECES:,}.", field=name)
        return view.StockFilter(
            vendors=tuple(self.vendors) if self.vendors is not None else None,
            below_pieces=self.below_pieces,
            below_cover_days=self.below_days_of_cover,
            include_discontinued=self.include_discontinued,
        )


@strawberry.type
class StockReportQuery:
    @strawberry.field(description="What is on hand and reserved, what sells, and how long it lasts. For operators.")
    async def stock_report(
        self,
        info: Info,
        filter: StockFilter | None = None,
        as_of: date | None = None,
        sort: StockSort = StockSort.SKU,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> StockConnection | None:
        context = info.context
        context.asker().require_operator()
        wanted, day = (filter or StockFilter()).value(), as_of or context.shop.business_day()
        if day.toordinal() <= view.OBSERVED_DAYS:
            raise InvalidValue("asOf is too early.", field="asOf")
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        find = partial(view.find, context.reads, wanted, day, sort, arguments)
        found = await listed(info, (view.VIEW, product_popularity.VIEW), token, wait_ms, find)
        page = found.found
        cursors = [_cursor(sort, line) for line in page.nodes]
        return StockConnection(
            edges=[StockEdge(cursor=c, node=Stock.of(line)) for c, line in zip(cursors, page.nodes, strict=True)],
            page_info=PageInfo.of(page, cursors),
            as_of=day,
            seen=found.freshness,
        )


def _cursor(sort: StockSort, line: view.StockLine) -> str:
    column = sort.value.column
    value = getattr(line.stock if hasattr(line.stock, column) else line, column)
    return sort.value.cursor(value, line.stock.product_id)
