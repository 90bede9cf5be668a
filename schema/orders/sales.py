"""`sales`: what was sold by day and by month. For operators."""

from datetime import date
from functools import partial

import strawberry

from app.infra.keyset import PageArguments
from app.kernel.errors import InvalidValue
from app.kernel.values import require_storable
from read_model.orders import sales as view
from schema.context import Info
from schema.lists import ListPage, PageInfo
from schema.orders.enums import Breakdown, Period
from schema.reading import Token, WaitMs, listed
from schema.values import Money


@strawberry.type(description="What was sold, and what came back, in one period.")
class Sales:
    since: date = strawberry.field(description="The period's first day.")
    name: str | None = strawberry.field(description="The category or vendor; null for the total, or for goods of none.")
    orders: int = strawberry.field(description="Orders placed in the period and not cancelled since.")
    items: int = strawberry.field(description="Pieces in them.")
    gross: Money = strawberry.field(description="What they cost; in a total, with charges such as postage.")
    returned_items: int = strawberry.field(description="Pieces that came back in the period, whenever they were sold.")
    returned: Money = strawberry.field(description="What they had cost.")
    net: Money = strawberry.field(description="Gross less returned.")

    @classmethod
    def of(cls, row: view.PeriodSales) -> "Sales":
        """The figures as clients see them."""
        return cls(
            since=row.since,
            name=row.name,
            orders=row.orders,
            items=row.items,
            gross=Money(amount=row.gross, currency=row.currency),
            returned_items=row.returned_items,
            returned=Money(amount=row.returned, currency=row.currency),
            net=Money(amount=row.gross - row.returned, currency=row.currency),
        )


@strawberry.type
class SalesEdge:
    cursor: str
    node: Sales


@strawberry.type(description="A page of periods, the latest first. Periods without any business are left out.")
class SalesConnection(ListPage):
    edges: list[SalesEdge]
    time_zone: str = strawberry.field(description="Where the shop's days begin and end.")


@strawberry.input(description="Which days, by the shop's calendar.")
class SalesFilter:
    since: date | None = strawberry.field(default=None, description="The first day.")
    until: date | None = strawberry.field(default=None, description="The last day.")
    names: list[str] | None = strawberry.field(default=None, description="These categories or vendors alone.")

    def value(self, period: Period, by: Breakdown) -> view.SalesFilter:
        """The filter as the view takes it. Raises a Refusal."""
        if self.since and self.until and self.since > self.until:
            raise InvalidValue("since must not be after until.", field="since")
        for name in self.names or ():
            require_storable(name, "names")
        names = tuple(self.names) if self.names is not None else None
        return view.SalesFilter(period=period, breakdown=by, since=self.since, until=self.until, names=names)


@strawberry.type
class SalesQuery:
    @strawberry.field(description="Orders, pieces and money by day or month, in all, by category or by vendor.")
    async def sales(
        self,
        info: Info,
        period: Period = Period.DAY,
        by: Breakdown = Breakdown.TOTAL,
        filter: SalesFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> SalesConnection | None:
        info.context.asker().require_operator()
        wanted = (filter or SalesFilter()).value(period, by)
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        find = partial(view.find, info.context.reads, wanted, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        page = found.found
        cursors = [view.LATEST_FIRST.cursor(row.since, row.key) for row in page.nodes]
        return SalesConnection(
            edges=[SalesEdge(cursor=c, node=Sales.of(row)) for c, row in zip(cursors, page.nodes, strict=True)],
            page_info=PageInfo.of(page, cursors),
            time_zone=info.context.shop.zone.key,
            seen=found.freshness,
        )
