"""`popularProducts`: for everyone who is signed in."""

from datetime import date
from decimal import Decimal

import strawberry

from app.infra.keyset import Ordering, PageArguments, cut
from app.infra.wanted import Behind
from app.kernel.errors import InvalidValue
from read_model.catalog import product_popularity as view
from schema.catalog.enums import Measure
from schema.catalog.product import Product, products
from schema.context import Info
from schema.lists import PageAtCheckpoint, PageInfo
from schema.reading import Token, WaitMs, not_reached
from schema.values import Money

_MOST = 500


@strawberry.type(description="A product that sold in the window, with what it sold, less what came back.")
class PopularProduct:
    product: Product
    pieces: int
    orders: int
    revenue: Money


@strawberry.type
class PopularProductEdge:
    cursor: str
    node: PopularProduct


@strawberry.type(description="A page of products, the best first; the list goes down to the 500th.")
class PopularProductConnection(PageAtCheckpoint):
    edges: list[PopularProductEdge]
    since: date = strawberry.field(description="The window's first day.")
    until: date = strawberry.field(description="The window's last day.")
    time_zone: str = strawberry.field(description="Where the shop's days begin and end.")


@strawberry.type
class PopularProductsQuery:
    @strawberry.field(description="What sells best over the last days, by pieces, by orders or by revenue.")
    async def popular_products(
        self,
        info: Info,
        days: int = 30,
        until: date | None = None,
        by: Measure = Measure.PIECES,
        first: int | None = 10,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> PopularProductConnection | None:
        context = info.context
        context.asker()
        window = _window(days, until or context.shop.business_day(), by, context.shop.currency)
        arguments = PageArguments(first=first, after=after)
        wanted = context.wanted(token=token, wait_ms=wait_ms)
        most = _MOST if after is not None else arguments.size + 1
        found = await view.top(context.reads, window, most, wanted)
        if isinstance(found, Behind):
            raise not_reached(found)
        ordering = _ordering(by)
        page = cut(found.products, lambda each: _place(each, by), ordering, arguments)
        shown = await products(info, [each.product_id for each in page.nodes], wanted)
        cursors = [ordering.cursor(*_place(each, by)) for each in page.nodes]
        edges = [
            PopularProductEdge(cursor=cursor, node=_node(each, shown[each.product_id], window.currency))
            for cursor, each in zip(cursors, page.nodes, strict=True)
            if each.product_id in shown
        ]
        return PopularProductConnection(
            edges=edges,
            page_info=PageInfo.of(page, cursors),
            since=window.since,
            until=window.until,
            time_zone=context.shop.zone.key,
            view=view.VIEW,
            checkpoint=found.checkpoint,
        )


def _window(days: int, until: date, by: Measure, currency: str) -> view.Window:
    if not 1 <= days <= view.LONGEST_DAYS:
        raise InvalidValue(f"days must be between 1 and {view.LONGEST_DAYS}.", field="days")
    if until.toordinal() < days:
        raise InvalidValue("until is too early for so many days.", field="until")
    return view.Window(days=days, until=until, measure=by, currency=currency)


def _ordering(by: Measure) -> Ordering:
    return Ordering(f"{by.value}-", by.value, "product_id", Decimal, descending=True, key_kind=str)


def _place(popular: view.Popular, by: Measure) -> tuple[Decimal, str]:
    return Decimal(getattr(popular, by.value)), str(popular.product_id)


def _node(popular: view.Popular, product: Product, currency: str) -> PopularProduct:
    return PopularProduct(
        product=product,
        pieces=popular.pieces,
        orders=popular.orders,
        revenue=Money(amount=popular.revenue, currency=currency),
    )
