"""An account's past: `accountHistory`, `accountBalance(at)` and `accountStatement(from, to)`."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from app.infra.checkpoints import Freshness
from app.infra.keyset import DEFAULT_PAGE, Ordering, Page, PageArguments
from app.infra.wanted import Behind
from app.kernel import typeid
from app.kernel.errors import InvalidValue
from app.plans import composed, shown
from read_model.ledger import account_history as view
from read_model.ledger import statement
from schema.context import Info
from schema.ledger.discretion import discreet
from schema.ledger.enums import EntryKind
from schema.lists import ListPage, PageInfo
from schema.reading import MinVersion, Token, WaitMs, decode_id, not_reached, selects
from schema.values import Money, Processing


@strawberry.type(description="Something that happened on an account, and what it held then.")
class AccountEntry:
    entry: strawberry.Private[view.HistoryEntry]
    version: int = shown("entry.account_version", description="The account's version after it.")

    kind: EntryKind = shown("entry.kind")
    at: datetime = shown("entry.booked_at", description="When it was booked: never before what is booked before it.")
    balance: Money = composed(
        Money, amount="entry.balance", currency="entry.currency", description="What the account held after it."
    )
    reference: str | None = shown("entry.text", description="What a movement is about, or why an account was frozen.")
    command_id: UUID = shown("entry.command_id", description="The same on both accounts of a transfer.")

    @strawberry.field(description="What was added, below zero what was taken; null where nothing moved.")
    def amount(self) -> Money | None:
        amount = self.entry.amount
        return Money(amount=amount, currency=self.entry.currency) if amount is not None else None

    @strawberry.field(description="The other account of a transfer.")
    def counterparty_id(self) -> strawberry.ID | None:
        other = self.entry.counterparty
        return strawberry.ID(typeid.encode("account", other)) if other is not None else None


@strawberry.type
class AccountEntryEdge:
    cursor: str
    node: AccountEntry


def _edges(page: Page[view.HistoryEntry], ordering: Ordering) -> list[AccountEntryEdge]:
    return [
        AccountEntryEdge(cursor=statement.cursor(ordering, entry), node=AccountEntry(entry=entry))
        for entry in page.nodes
    ]


@strawberry.type(description="A page of what happened on an account.")
class AccountHistoryConnection(ListPage):
    edges: list[AccountEntryEdge]

    @classmethod
    def of(cls, page: Page[view.HistoryEntry], ordering: Ordering, seen: Freshness | None) -> Self:
        """The page as clients see it."""
        edges = _edges(page, ordering)
        return cls(edges=edges, page_info=PageInfo.of(page, [edge.cursor for edge in edges]), seen=seen)


@strawberry.type(description="What an account held at a moment.")
class AccountBalance:
    account_id: strawberry.ID
    at: datetime
    version: int = strawberry.field(description="The account's version then; 0 before it was opened.")
    balance: Money


AccountBalanceResult = Annotated[AccountBalance | Processing, strawberry.union("AccountBalanceResult")]


@strawberry.type(description="What an account held when a period began and when it ended, and what happened in it.")
class AccountStatement:
    account_id: strawberry.ID
    since: datetime = strawberry.field(name="from", description="The first moment of the period.")
    until: datetime = strawberry.field(name="to", description="The first moment after it.")
    opening_balance: Money
    closing_balance: Money
    change: Money = strawberry.field(description="Closing less opening balance.")
    entries: AccountHistoryConnection = strawberry.field(description="The oldest first.")


From = Annotated[datetime, strawberry.argument(name="from", description="The first moment of the period.")]
To = Annotated[datetime, strawberry.argument(name="to", description="The first moment after it.")]


@strawberry.type
class AccountHistoryQuery:
    @strawberry.field(
        description="What happened on an account, the newest first; null if there is no such account, or it is not "
        "yours to see."
    )
    async def account_history(
        self,
        info: Info,
        id: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AccountHistoryConnection | None:
        asker, reads = info.context.asker(), info.context.reads
        wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
        account_id = decode_id("account", id, "id")
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        found = await statement.history(reads, account_id, arguments, wanted)
        if isinstance(found, Behind):
            raise not_reached(await discreet(info, account_id, found))
        if found is None or not asker.owns(found.owner_id):
            return None
        seen = await reads.freshness(view.VIEW, wanted) if selects(info, "freshness") else None
        seen = seen.as_of(found.checkpoint) if seen else None
        return AccountHistoryConnection.of(found.page, statement.NEWEST_FIRST, seen)

    @strawberry.field(
        description="What an account held at the end of a moment; null if there is no such account, or it is not yours "
        "to see. minVersion and token say how far the view must have come, so a moment that is not past yet is "
        "answered as now."
    )
    async def account_balance(
        self,
        info: Info,
        id: strawberry.ID,
        at: datetime,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AccountBalanceResult | None:
        asker, account_id = info.context.asker(), decode_id("account", id, "id")
        wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
        found = await statement.balance_at(info.context.reads, account_id, at, wanted)
        if isinstance(found, Behind):
            return Processing.of(await discreet(info, account_id, found))
        if found is None or not asker.owns(found.owner_id):
            return None
        return AccountBalance(account_id=id, at=at, version=found.version, balance=_money(found))

    @strawberry.field(
        description="What an account held when a period began and when it ended, and what happened in it, the oldest "
        "first; null if there is no such account, or it is not yours to see."
    )
    async def account_statement(
        self,
        info: Info,
        id: strawberry.ID,
        since: From,
        until: To,
        first: int | None = DEFAULT_PAGE,
        after: str | None = None,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AccountStatement | None:
        asker, reads = info.context.asker(), info.context.reads
        wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
        account_id, arguments = decode_id("account", id, "id"), PageArguments(first=first, after=after)
        if since > until:
            raise InvalidValue("from must not be after to.", field="from")
        found = await statement.statement_of(reads, account_id, (since, until), arguments, wanted)
        if isinstance(found, Behind):
            raise not_reached(await discreet(info, account_id, found))
        if found is None or not asker.owns(found.opening.owner_id):
            return None
        seen = await reads.freshness(view.VIEW, wanted) if selects(info, "entries", "freshness") else None
        return AccountStatement(
            account_id=id,
            since=since,
            until=until,
            opening_balance=_money(found.opening),
            closing_balance=_money(found.closing),
            change=Money(amount=found.closing.balance - found.opening.balance, currency=found.closing.currency),
            entries=AccountHistoryConnection.of(
                found.page, statement.OLDEST_FIRST, seen.as_of(found.checkpoint) if seen else None
            ),
        )


def _money(held: statement.BalanceAt) -> Money:
    return Money(amount=held.balance, currency=held.currency)
