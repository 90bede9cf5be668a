"""`hotProducts`: for everyone who is signed in."""

from uuid import UUID

import strawberry

from app.infra.keyset import MAX_PAGE, Ordering, Page, PageArguments, cut
from app.infra.wanted import Behind
from app.kernel.clock import now
from read_model.catalog import hot_products as view
from schema.catalog.product import Product, products
from schema.context import Info
from schema.lists import PageAtCheckpoint, PageInfo
from schema.reading import Token, WaitMs, not_reached

_HOTTEST = Ordering("heat-", "heat", "product_id", float, descending=True)
_DEEPEST = 5 * MAX_PAGE


@strawberry.type(description="A product that is being looked at.")
class HotProduct:
    product: Product
    recent_views: float = strawberry.field(description="Its views, each worth half with every hour that has passed.")


@strawberry.type
class HotProductEdge:
    cursor: str
    node: HotProduct


@strawberry.type(description="A page of products, the hottest first; discontinued ones are left out.")
class HotProductConnection(PageAtCheckpoint):
    edges: list[HotProductEdge]


@strawberry.type
class HotProductsQuery:
    @strawberry.field(description="What is being looked at most now.")
    async def hot_products(
        self,
        info: Info,
        first: int | None = 10,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> HotProductConnection | None:
        info.context.asker()
        arguments = PageArguments(first=first, after=after)
        wanted = info.context.wanted(token=token, wait_ms=wait_ms)
        most = _DEEPEST if after is not None else arguments.size + 1
        found = await view.hottest(info.context.reads, most, wanted)
        if isinstance(found, Behind):
            raise not_reached(found)
        page = cut(found.products, _place, _HOTTEST, arguments)
        return _connection(page, await products(info, [hot[0] for hot in page.nodes], wanted), found.checkpoint)


def _place(hot: view.Hot) -> tuple[float, UUID]:
    return hot[1], hot[0]


def _connection(page: Page[view.Hot], shown: dict[UUID, Product], checkpoint: int) -> HotProductConnection:
    cursors, at = [_HOTTEST.cursor(*_place(hot)) for hot in page.nodes], now()
    edges = [
        HotProductEdge(cursor=cursor, node=HotProduct(product=shown[product_id], recent_views=view.worth(heat, at)))
        for cursor, (product_id, heat) in zip(cursors, page.nodes, strict=True)
        if product_id in shown
    ]
    return HotProductConnection(
        edges=edges, page_info=PageInfo.of(page, cursors), view=view.VIEW, checkpoint=checkpoint
    )
