"""`orders`: searched, sorted and counted; a customer's own, or, for operators, anyone's."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Protocol

import strawberry

from app.infra.keyset import PageArguments
from app.infra.tables import Stored
from app.infra.wanted import Listed
from app.kernel import typeid
from app.kernel.errors import Forbidden
from app.kernel.messages import Principal
from app.kernel.values import require_text
from app.plans import composed, known_by, partly, shown
from read_model.orders import order_facets
from read_model.orders import order_summary as view
from schema.context import Info
from schema.lists import ListPage, PageInfo, Placed
from schema.orders.enums import OrderSort, OrderStatus
from schema.reading import Token, WaitMs, decode_optional_id, listed
from schema.values import Money


@strawberry.type(description="One order in a list; `order(id)` has the rest.")
class OrderSummary:
    stored: strawberry.Private[Stored[view.OrderSummary]]
    row: strawberry.Private[view.OrderSummary]
    id: strawberry.ID = shown("row.order_id", by=partial(typeid.encode, "order"))
    version: int = shown("stored.version")
    reference: str | None = shown("row.reference")
    customer_id: strawberry.ID | None = shown("row.customer_id", by=partial(typeid.encode, "customer"))
    customer_name: str = shown("row.customer_name")
    status: OrderStatus = shown("row.status")
    total: Money = composed(Money, amount="row.total", currency="row.currency")
    refunded: Money = composed(Money, amount="row.refunded", currency="row.currency")
    item_count: int = shown("row.item_count")
    city: str | None = shown("row.city")
    country: str = shown("row.country")
    placed_at: datetime = shown("row.placed_at")


class ListedOrder(Placed, Protocol):
    """An order, and where it stands in a list."""

    @property
    def stored(self) -> Stored[view.OrderSummary]:
        """The order."""


@known_by("told")
@strawberry.type
class OrderEdge:
    told: strawberry.Private[tuple[object, ...]]
    entry: strawberry.Private[ListedOrder]
    cursor: str = shown("entry.cursor")

    @strawberry.field
    def node(self) -> OrderSummary:
        stored = self.entry.stored
        return OrderSummary(stored=stored, row=stored.row)


@strawberry.type(description="A status, and how many orders of the search have it.")
class OrderStatusFacet:
    status: OrderStatus
    count: int


@strawberry.type(description="A country that goods go to, and how many orders of the search go there.")
class OrderCountryFacet:
    country: str = strawberry.field(description="As most of its orders spell it; the filter takes it without case.")
    count: int


@strawberry.type(description="What a search could be narrowed to, on all pages together; commonest first.")
class OrderFacets:
    statuses: list[OrderStatusFacet] = strawberry.field(description="Whatever statuses the filter asks for.")
    countries: list[OrderCountryFacet] = strawberry.field(
        description="Whatever country the filter asks for; at most 250."
    )

    @classmethod
    def of(cls, facets: order_facets.OrderFacets) -> "OrderFacets":
        """The facets as clients see them."""
        return cls(
            statuses=[OrderStatusFacet(status=OrderStatus(f.value), count=f.orders) for f in facets.statuses],
            countries=[OrderCountryFacet(country=f.value, count=f.orders) for f in facets.countries],
        )


@strawberry.type(description="A page of orders.")
class OrderConnection(ListPage):
    edges: list[OrderEdge]
    wanted: strawberry.Private[view.OrderFilter]

    @strawberry.field(description="How many orders pass the filter, on all pages together.")
    async def total_count(self, info: Info) -> int:
        return await view.count(info.context.reads, self.wanted)

    @strawberry.field(description="The orders that pass the rest of the filter, by status and by country.")
    async def facets(self, info: Info) -> OrderFacets:
        return OrderFacets.of(await order_facets.count(info.context.reads, self.wanted))


_LONGEST_TEXT = 200


@strawberry.input(description="Every given condition must hold.")
class OrderFilter:
    customer_id: strawberry.ID | None = None
    status: list[OrderStatus] | None = strawberry.field(default=None, description="Any of these.")
    city: str | None = strawberry.field(default=None, description="Where the goods go, whole, without case.")
    country: str | None = strawberry.field(default=None, description="Where the goods go, whole, without case.")
    product_id: strawberry.ID | None = strawberry.field(default=None, description="Orders that have it on a line.")
    text: str | None = strawberry.field(
        default=None,
        description="Each of its words must begin a word of the order: of the names and SKUs of its products, of its "
        "reference, or of its customer's name. At most 200 characters.",
    )
    placed_from: datetime | None = strawberry.field(default=None, description="Inclusive.")
    placed_to: datetime | None = strawberry.field(default=None, description="Exclusive.")
    min_total: Decimal | None = strawberry.field(default=None, description="Inclusive.")
    max_total: Decimal | None = strawberry.field(default=None, description="Inclusive.")

    def value(self) -> view.OrderFilter:
        """The filter as the view takes it. Raises a Refusal."""
        for field in ("city", "country", "text"):
            if (said := getattr(self, field)) is not None:
                require_text(said, field, at_most=_LONGEST_TEXT)
        return view.OrderFilter(
            customer_id=decode_optional_id("customer", self.customer_id, "customerId"),
            status=tuple(status.value for status in self.status) if self.status is not None else None,
            city=self.city,
            country=self.country,
            product_id=decode_optional_id("product", self.product_id, "productId"),
            text=self.text,
            placed_from=self.placed_from,
            placed_to=self.placed_to,
            min_total=self.min_total,
            max_total=self.max_total,
        )


@strawberry.type
class OrdersQuery:
    @strawberry.field(description="Orders, searched and sorted, a page at a time; a customer sees their own.")
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
        search = partial(view.search, info.context.reads, wanted, sort, arguments, whole=not partly(info))
        return _connection(await listed(info, wanted.views, token, wait_ms, search))


def _own(asker: Principal, wanted: view.OrderFilter) -> view.OrderFilter:
    """A customer's list holds their own orders alone, whatever was asked for."""
    if asker.is_operator:
        return wanted
    if asker.customer_id is None:
        raise Forbidden("Orders are for customers, who see their own, and for operators.")
    return replace(wanted, owner=asker.customer_id)


def _connection(found: Listed[view.Searched]) -> OrderConnection:
    page = found.found.page
    return OrderConnection(
        edges=[OrderEdge(told=entry.told, entry=entry) for entry in page.nodes],
        page_info=PageInfo.around(page),
        seen=found.freshness,
        wanted=found.found.wanted,
    )
