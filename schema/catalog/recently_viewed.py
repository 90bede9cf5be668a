"""`recentlyViewed`: a customer's own, or, for operators, anyone's."""

from datetime import datetime
from uuid import UUID

import strawberry

from app.infra.keyset import DEFAULT_PAGE, PageArguments
from app.infra.wanted import Behind
from app.kernel import typeid
from app.kernel.errors import InvalidValue
from app.kernel.messages import Principal
from read_model.catalog import recently_viewed as view
from schema.catalog.product import Product
from schema.context import Info
from schema.lists import PageAtCheckpoint, PageInfo
from schema.reading import Token, WaitMs, decode_optional_id, not_reached


@strawberry.type(description="A product that a customer has looked at.")
class ViewedProduct:
    product_id: strawberry.ID
    viewed_at: datetime = strawberry.field(description="The last time.")
    product: Product | None = strawberry.field(
        description="As it is now, also when it is discontinued; null while the view of products has not seen it."
    )

    @classmethod
    def of(cls, viewed: view.ViewedProduct, listed: view.Listed) -> "ViewedProduct":
        """The product as clients see it."""
        product = listed.products.get(viewed.product_id)
        return cls(
            product_id=strawberry.ID(typeid.encode("product", viewed.product_id)),
            viewed_at=viewed.viewed_at,
            product=Product.of(product) if product else None,
        )


@strawberry.type
class RecentlyViewedEdge:
    cursor: str
    node: ViewedProduct


@strawberry.type(description="A page of what a customer has looked at lately, the newest first.")
class RecentlyViewedConnection(PageAtCheckpoint):
    edges: list[RecentlyViewedEdge]


@strawberry.type
class RecentlyViewedQuery:
    @strawberry.field(
        description=f"The last {view.MOST} products that a customer has looked at, the newest first. "
        "Operators say whose; customers see their own."
    )
    async def recently_viewed(
        self,
        info: Info,
        customer_id: strawberry.ID | None = None,
        first: int | None = DEFAULT_PAGE,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> RecentlyViewedConnection | None:
        asker, arguments = info.context.asker(), PageArguments(first=first, after=after)
        viewer = _viewer(asker, decode_optional_id("customer", customer_id, "customerId"))
        wanted = info.context.wanted(token=token, wait_ms=wait_ms)
        if not asker.owns(viewer):
            return _connection(view.nothing(arguments))
        listed = await view.find(info.context.reads, viewer, arguments, wanted)
        if isinstance(listed, Behind):
            raise not_reached(listed)
        return _connection(listed)


def _viewer(asker: Principal, customer_id: UUID | None) -> UUID:
    viewer = customer_id or asker.customer_id
    if viewer is None:
        raise InvalidValue("Say whose list you want to see.", field="customerId")
    return viewer


def _connection(listed: view.Listed) -> RecentlyViewedConnection:
    edges = [
        RecentlyViewedEdge(cursor=view.cursor(viewed), node=ViewedProduct.of(viewed, listed))
        for viewed in listed.page.nodes
    ]
    info = PageInfo.of(listed.page, [edge.cursor for edge in edges])
    return RecentlyViewedConnection(edges=edges, page_info=info, view=view.VIEW, checkpoint=listed.checkpoint)
