"""`customerAnalytics(customerId)`: for the customer, and for operators; `topCustomers`: for operators."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from app.infra.freshness import ReadModels
from app.infra.keyset import Page, PageArguments
from app.infra.tables import Stored
from app.infra.wanted import Behind, Listed, Wanted
from app.kernel import typeid, values
from app.kernel.values import require_storable
from read_model.customers import customer_analytics as view
from read_model.customers import customer_profile
from schema.context import Info
from schema.customers.enums import CustomerSort, Segment
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, decode_id, listed, not_reached, read
from schema.values import Money, Processing

Names = DataLoader[UUID, str | None]

Currency = Annotated[
    str | None,
    strawberry.argument(description="Orders in this currency alone (ISO 4217); the shop's unless given."),
]


@strawberry.type(description="What a customer is worth to the shop, by their orders in one currency.")
class CustomerAnalytics:
    customer_id: strawberry.ID
    total_orders: int = strawberry.field(description="Orders that were not cancelled.")
    total_spent: Money = strawberry.field(description="What they cost, less what came back.")
    returned: Money = strawberry.field(description="What came back had cost this.")
    average_order_value: Money | None = strawberry.field(description="Spent by orders; null without orders.")
    favourite_category: str | None = strawberry.field(description="On which most was spent.")
    country: str | None = strawberry.field(description="Where most of the orders went.")
    first_order_on: date | None = strawberry.field(description="The business day of the first order.")
    last_order_on: date | None = strawberry.field(description="The business day of the last order.")
    segment: Segment
    lifetime_value: Money = strawberry.field(
        description="Average order value, times orders a year between the first and the last (one year at least), "
        "times three years."
    )
    customer: strawberry.Private[UUID]
    names: strawberry.Private[Names]

    @strawberry.field(description="Null where no customer is registered under the id.")
    async def customer_name(self) -> str | None:
        return await self.names.load(self.customer)

    @classmethod
    def of(cls, row: view.CustomerAnalytics, names: Names) -> "CustomerAnalytics":
        """The figures as clients see them."""
        average = row.average_order_value
        return cls(
            customer_id=strawberry.ID(typeid.encode("customer", row.customer_id)),
            total_orders=row.orders,
            total_spent=Money(amount=row.spent, currency=row.currency),
            returned=Money(amount=row.returned, currency=row.currency),
            average_order_value=Money(amount=average, currency=row.currency) if average is not None else None,
            favourite_category=row.favourite_category,
            country=row.country,
            first_order_on=row.first_order_on,
            last_order_on=row.last_order_on,
            segment=Segment(row.segment),
            lifetime_value=Money(amount=row.lifetime_value, currency=row.currency),
            customer=row.customer_id,
            names=names,
        )


CustomerAnalyticsResult = Annotated[CustomerAnalytics | Processing, strawberry.union("CustomerAnalyticsResult")]


@strawberry.type
class CustomerAnalyticsEdge:
    cursor: str
    node: CustomerAnalytics


@strawberry.type(description="A page of customers who have ordered.")
class CustomerAnalyticsConnection(ListPage):
    edges: list[CustomerAnalyticsEdge]
    wanted: strawberry.Private[view.CustomerFilter]

    @strawberry.field(description="How many customers pass the filter, on all pages together.")
    async def total_count(self, info: Info) -> int:
        return await view.count(info.context.reads, self.wanted)


@strawberry.input(description="Every given condition must hold.")
class TopCustomersFilter:
    segment: list[Segment] | None = strawberry.field(default=None, description="One of these.")
    min_spent: Decimal | None = strawberry.field(default=None, description="Inclusive.")
    country: str | None = strawberry.field(default=None, description="Where most of their orders went.")
    currency: str | None = strawberry.field(
        default=None, description="By orders in this currency alone (ISO 4217); the shop's unless given."
    )

    def value(self, info: Info) -> view.CustomerFilter:
        """The filter as the view takes it. Raises a Refusal."""
        if self.country is not None:
            require_storable(self.country, "country")
        return view.CustomerFilter(
            currency=_currency(info, self.currency),
            segment=tuple(segment.value for segment in self.segment) if self.segment is not None else None,
            min_spent=self.min_spent,
            country=self.country,
        )


@strawberry.type
class CustomerAnalyticsQuery:
    @strawberry.field(
        description="A customer's figures: one's own, or for operators anyone's; null if they are not yours to see, "
        "zeros without orders."
    )
    async def customer_analytics(
        self,
        info: Info,
        customer_id: strawberry.ID,
        currency: Currency = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> CustomerAnalyticsResult | None:
        asker, customer = info.context.asker(), decode_id("customer", customer_id, "customerId")
        wanted, in_currency = info.context.wanted(token=token, wait_ms=wait_ms), _currency(info, currency)
        if not asker.owns(customer):
            return None
        found = await read(info, view.VIEW, view.key_of(customer, in_currency), wanted)
        if isinstance(found, Processing):
            return found
        row = found.row if isinstance(found, Stored) else view.nothing(customer, in_currency)
        return CustomerAnalytics.of(row, _names(info, wanted))

    @strawberry.field(description="Customers who have ordered, ranked by what they are worth. For operators.")
    async def top_customers(
        self,
        info: Info,
        filter: TopCustomersFilter | None = None,
        sort: CustomerSort = CustomerSort.SPENT_DESC,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> CustomerAnalyticsConnection | None:
        info.context.asker().require_operator()
        wanted = (filter or TopCustomersFilter()).value(info)
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        find = partial(view.find, info.context.reads, wanted, sort, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        names = _names(info, info.context.wanted(token=token, wait_ms=wait_ms))
        return _connection(found, sort, wanted, names)


def _connection(
    found: Listed[Page[view.CustomerAnalytics]],
    sort: CustomerSort,
    wanted: view.CustomerFilter,
    names: Names,
) -> CustomerAnalyticsConnection:
    column, page = sort.value.column, found.found
    edges = [
        CustomerAnalyticsEdge(
            cursor=sort.value.cursor(getattr(row, column), row.customer_id), node=CustomerAnalytics.of(row, names)
        )
        for row in page.nodes
    ]
    info = PageInfo.of(page, [edge.cursor for edge in edges])
    return CustomerAnalyticsConnection(edges=edges, page_info=info, seen=found.freshness, wanted=wanted)


def _currency(info: Info, given: str | None) -> str:
    """The currency that is meant. Raises InvalidValue."""
    return values.Money(Decimal(0), given).currency if given is not None else info.context.shop.currency


def _names(info: Info, wanted: Wanted) -> Names:
    """Names of customers, all of a page read at once, when they are asked for."""
    return DataLoader(partial(_read_names, info.context.reads, wanted))


async def _read_names(reads: ReadModels, wanted: Wanted, customers: list[UUID]) -> Sequence[str | None]:
    found = await reads.get_many(customer_profile.VIEW, customers, wanted)
    if isinstance(found, Behind):
        raise not_reached(found)
    return [found[customer].row.name if customer in found else None for customer in customers]
