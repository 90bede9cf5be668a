"""`orders`: a customer's own, or, for operators, anyone's."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import strawberry

from app.infra.freshness import Freshness
from app.infra.keyset import Page, PageArguments
from app.infra.tables import Stored
from app.kernel import typeid
from app.kernel.messages import Principal
from read_model.orders import order_summary as view
from schema.context import Info
from schema.orders.enums import OrderSort, OrderStatus
from schema.reading import Token, WaitMs, decode_optional_id, reached
from schema.values import ListFreshness, Money, PageInfo


@strawberry.type(description="One order in a list; `order(id)` has the rest.")
class OrderSummary:
    id: strawberry.ID
    version: int
    reference: str | None
    customer_id: strawberry.ID | None
    customer_name: str
    status: OrderStatus
    total: Money
    refunded: Money
    item_count: int
    city: str | None
    country: str
    placed_at: datetime

    @classmethod
    def of(cls, stored: Stored[view.OrderSummary]) -> "OrderSummary":
        """The order as clients see it."""
        row = stored.row
        customer_id = typeid.encode("customer", row.customer_id) if row.customer_id else None
        return cls(
            id=strawberry.ID(typeid.encode("order", row.order_id)),
            version=stored.version,
            reference=row.reference,
            customer_id=strawberry.ID(customer_id) if customer_id else None,
            customer_name=row.customer_name,
            status=OrderStatus(row.status),
            total=Money(amount=row.total, currency=row.currency),
            refunded=Money(amount=row.refunded, currency=row.currency),
            item_count=row.item_count,
            city=row.city,
            country=row.country,
            placed_at=row.placed_at,
        )


@strawberry.type
class OrderEdge:
    cursor: str
    node: OrderSummary


@strawberry.type(description="A page of orders.")
class OrderConnection:
    edges: list[OrderEdge]
    page_info: PageInfo
    freshness: ListFreshness
    wanted: strawberry.Private[view.OrderFilter]

    @strawberry.field(description="How many orders pass the filter, on all pages together.")
    async def total_count(self, info: Info) -> int:
        return await view.count(info.context.reads, self.wanted)


@strawberry.input(description="Every given condition must hold.")
class OrderFilter:
    customer_id: strawberry.ID | None = None
    status: list[OrderStatus] | None = None
    placed_from: datetime | None = strawberry.field(default=None, description="Inclusive.")
    placed_to: datetime | None = strawberry.field(default=None, description="Exclusive.")
    min_total: Decimal | None = None
    max_total: Decimal | None = None

    def value(self) -> view.OrderFilter:
        """The filter as the view takes it. Raises a Refusal."""
        return view.OrderFilter(
            customer_id=decode_optional_id("customer", self.customer_id, "customerId"),
            status=tuple(status.value for status in self.status) if self.status is not None else None,
            placed_from=self.placed_from,
            placed_to=self.placed_to,
            min_total=self.min_total,
            max_total=self.max_total,
        )


@strawberry.type
class OrdersQuery:
    @strawberry.field(description="Orders, filtered and sorted, a page at a time; a customer sees their own.")
    async def orders(
        self,
        info: Info,
        filter: OrderFilter | None = None,
        sort: OrderSort = OrderSort.PLACED_AT_DESC,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> OrderConnection | None:
        wanted = _own(info.context.asker(), filter.value() if filter else view.OrderFilter())
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        freshness = await reached(info, view.VIEW, token, wait_ms)
        page = await view.find(info.context.reads, wanted, sort, arguments)
        return _connection(page, sort, freshness, wanted)


def _own(asker: Principal, wanted: view.OrderFilter) -> view.OrderFilter:
    """A customer's list holds their own orders alone, whatever was asked for."""
    if asker.is_operator:
        return wanted
    if wanted.customer_id not in (None, asker.customer_id):
        return replace(wanted, status=())
    return replace(wanted, customer_id=asker.customer_id)


def _connection(
    page: Page[Stored[view.OrderSummary]],
    sort: OrderSort,
    freshness: Freshness,
    wanted: view.OrderFilter,
) -> OrderConnection:
    column = sort.value.column
    edges = [
        OrderEdge(
            cursor=sort.value.cursor(getattr(stored.row, column), stored.row.order_id),
            node=OrderSummary.of(stored),
        )
        for stored in page.nodes
    ]
    info = PageInfo.of(page, [edge.cursor for edge in edges])
    return OrderConnection(edges=edges, page_info=info, freshness=ListFreshness.of(freshness), wanted=wanted)
