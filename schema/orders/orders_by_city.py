"""`ordersByCity`: for operators."""

from datetime import date
from functools import partial

import strawberry

from app.infra.keyset import PageArguments
from app.kernel.errors import InvalidValue
from app.kernel.values import require_storable
from read_model.orders import orders_by_city as view
from schema.context import Info
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, listed
from schema.values import Money


@strawberry.type(description="What went to one city, and what it brought, less what came back.")
class CityOrders:
    country: str
    city: str | None = strawberry.field(description="Null where only the country is known.")
    orders: int
    revenue: Money

    @classmethod
    def of(cls, row: view.City) -> "CityOrders":
        """The city as clients see it."""
        revenue = Money(amount=row.revenue, currency=row.currency)
        return cls(country=row.country, city=row.city, orders=row.orders, revenue=revenue)


@strawberry.type
class CityOrdersEdge:
    cursor: str
    node: CityOrders


@strawberry.type(description="A page of cities, those that brought most first.")
class CityOrdersConnection(ListPage):
    edges: list[CityOrdersEdge]


@strawberry.type
class OrdersByCityQuery:
    @strawberry.field(description="Orders and revenue by country and city, over business days. For operators.")
    async def orders_by_city(
        self,
        info: Info,
        since: date | None = None,
        until: date | None = None,
        country: str | None = None,
        first: int | None = None,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> CityOrdersConnection | None:
        info.context.asker().require_operator()
        if since and until and since > until:
            raise InvalidValue("since must not be after until.", field="since")
        require_storable(country or "", "country")
        arguments = PageArguments(first=first, after=after)
        find = partial(view.find, info.context.reads, since, until, country, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        edges = [
            CityOrdersEdge(cursor=view.LARGEST_FIRST.cursor(row.revenue, row.key), node=CityOrders.of(row))
            for row in found.found.nodes
        ]
        page_info = PageInfo.of(found.found, [edge.cursor for edge in edges])
        return CityOrdersConnection(edges=edges, page_info=page_info, seen=found.freshness)
