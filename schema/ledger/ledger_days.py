"""`ledgerDays` and `cashAccounts`: the books as a whole. For operators."""

from datetime import date
from functools import partial

import strawberry

from app.infra.keyset import PageArguments
from app.kernel.errors import InvalidValue
from app.kernel.values import require_storable
from read_model.ledger import cash_accounts
from read_model.ledger import ledger_days as view
from schema.context import Info
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, listed
from schema.values import Money


@strawberry.type(description="What moved on a business day, in one currency. A transfer counts once.")
class LedgerDay:
    day: date
    currency: str
    movements: int = strawberry.field(description="How many there were.")
    volume: Money = strawberry.field(description="What all of them come to.")
    net: Money = strawberry.field(description="Deposited less withdrawn: by how much all accounts together grew.")
    deposits: int
    deposited: Money
    withdrawals: int
    withdrawn: Money
    transfers: int
    transferred: Money

    @classmethod
    def of(cls, row: view.LedgerDay) -> "LedgerDay":
        """The day as clients see it."""
        money = partial(Money, currency=row.currency)
        return cls(
            day=row.day,
            currency=row.currency,
            movements=row.movements,
            volume=money(amount=row.volume),
            net=money(amount=row.net),
            deposits=row.deposits,
            deposited=money(amount=row.deposited),
            withdrawals=row.withdrawals,
            withdrawn=money(amount=row.withdrawn),
            transfers=row.transfers,
            transferred=money(amount=row.transferred),
        )


@strawberry.type
class LedgerDayEdge:
    cursor: str
    node: LedgerDay


@strawberry.type(description="A page of days on which anything moved, the latest first.")
class LedgerDayConnection(ListPage):
    edges: list[LedgerDayEdge]
    time_zone: str = strawberry.field(description="Where the shop's days begin and end.")


@strawberry.type(
    description="The other side of all cash of a currency. What all accounts hold and what this one holds sum to zero."
)
class CashAccount:
    currency: str
    balance: Money = strawberry.field(description="Below zero as long as more came in than went out: it is owed.")
    movements: int

    @classmethod
    def of(cls, row: cash_accounts.CashAccount) -> "CashAccount":
        """The account as clients see it."""
        balance = Money(amount=row.balance, currency=row.currency)
        return cls(currency=row.currency, balance=balance, movements=row.movements)


@strawberry.input(description="Which days, by the shop's calendar, and which currency.")
class LedgerDaysFilter:
    since: date | None = strawberry.field(default=None, description="The first day.")
    until: date | None = strawberry.field(default=None, description="The last day.")
    currency: str | None = strawberry.field(default=None, description="This one alone (ISO 4217).")

    def value(self) -> view.DaysFilter:
        """The filter as the view takes it. Raises a Refusal."""
        if self.since and self.until and self.since > self.until:
            raise InvalidValue("since must not be after until.", field="since")
        require_storable(self.currency or "", "currency")
        return view.DaysFilter(since=self.since, until=self.until, currency=self.currency)


@strawberry.type
class LedgerDaysQuery:
    @strawberry.field(description="What moved, by business day and currency. For operators.")
    async def ledger_days(
        self,
        info: Info,
        filter: LedgerDaysFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> LedgerDayConnection | None:
        info.context.asker().require_operator()
        wanted = (filter or LedgerDaysFilter()).value()
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        find = partial(view.find, info.context.reads, wanted, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        edges = [
            LedgerDayEdge(cursor=view.LATEST_FIRST.cursor(row.day, row.key), node=LedgerDay.of(row))
            for row in found.found.nodes
        ]
        return LedgerDayConnection(
            edges=edges,
            page_info=PageInfo.of(found.found, [edge.cursor for edge in edges]),
            time_zone=info.context.shop.zone.key,
            seen=found.freshness,
        )

    @strawberry.field(description="The cash that all accounts together stand for, by currency. For operators.")
    async def cash_accounts(self, info: Info, token: Token = None, wait_ms: WaitMs = None) -> list[CashAccount] | None:
        info.context.asker().require_operator()
        find = partial(cash_accounts.read, info.context.reads)
        found = await listed(info, (cash_accounts.VIEW,), token, wait_ms, find)
        return [CashAccount.of(row) for row in found.found]
