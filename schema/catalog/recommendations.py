"""`recommendations`: a customer's own, or, for operators, anyone's."""

from uuid import UUID

import strawberry

from app.infra.keyset import Ordering, PageArguments, cut
from app.infra.wanted import Behind
from app.kernel.errors import InvalidValue
from read_model.catalog import recommendations as view
from schema.catalog.product import Product
from schema.context import Info
from schema.lists import PageAtCheckpoint, PageInfo
from schema.reading import Token, WaitMs, decode_optional_id, not_reached

_IN_RANK = Ordering("rank+", "rank", "product_id", int, descending=False)


@strawberry.type(description="A product for this customer, who has not bought it lately.")
class Recommendation:
    product: Product
    bought_together: int = strawberry.field(
        description="In how many orders it stands beside what they bought last; 0: it is popular, no more."
    )


@strawberry.type
class RecommendationEdge:
    cursor: str
    node: Recommendation


@strawberry.type(description="A page of recommendations, the best first; at most 50 in all.")
class RecommendationConnection(PageAtCheckpoint):
    edges: list[RecommendationEdge]


@strawberry.type
class RecommendationsQuery:
    @strawberry.field(description="What goes with a customer's last purchases, then what is popular.")
    async def recommendations(
        self,
        info: Info,
        customer_id: strawberry.ID | None = None,
        first: int | None = 10,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> RecommendationConnection | None:
        context, arguments = info.context, PageArguments(first=first, after=after)
        customer = _customer(info, decode_optional_id("customer", customer_id, "customerId"))
        wanted = context.wanted(token=token, wait_ms=wait_ms)
        found: view.Recommendations | Behind = view.Recommendations([])
        if customer is not None:
            asked = view.Asked(customer_id=customer, today=context.shop.business_day(), currency=context.shop.currency)
            found = await view.recommend(context.reads, asked, wanted)
        if isinstance(found, Behind):
            raise not_reached(found)
        return _connection(found, arguments)


def _customer(info: Info, customer_id: UUID | None) -> UUID | None:
    """Whom to recommend to; None for a stranger, for whom there is nothing. Raises a Refusal."""
    asker = info.context.asker()
    if customer_id is None and asker.customer_id is None:
        raise InvalidValue("Say whose with customerId.", field="customerId")
    wanted = customer_id or asker.customer_id
    return wanted if asker.owns(wanted) else None


def _connection(recommended: view.Recommendations, arguments: PageArguments) -> RecommendationConnection:
    found = recommended.products
    ranks = {each.stored.row.product_id: rank for rank, each in enumerate(found)}

    def place(each: view.Recommended) -> tuple[int, UUID]:
        return ranks[each.stored.row.product_id], each.stored.row.product_id

    page = cut(found, place, _IN_RANK, arguments)
    cursors = [_IN_RANK.cursor(*place(each)) for each in page.nodes]
    edges = [
        RecommendationEdge(
            cursor=cursor, node=Recommendation(product=Product.of(each.stored), bought_together=each.together)
        )
        for cursor, each in zip(cursors, page.nodes, strict=True)
    ]
    return RecommendationConnection(
        edges=edges, page_info=PageInfo.of(page, cursors), view=view.VIEW, checkpoint=recommended.checkpoint
    )
