"""`account(id)` and `accounts`: for their owner, and for operators."""

from collections.abc import AsyncGenerator
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from app.infra.hints import wait
from app.infra.keyset import Page, PageArguments
from app.infra.tables import Stored
from app.infra.wanted import Behind, Listed, Wanted
from app.kernel import typeid
from app.kernel.messages import Principal
from read_model.ledger import account_balance as view
from schema.context import Info
from schema.ledger.discretion import discreet
from schema.ledger.enums import AccountStatus
from schema.lists import ListPage, PageInfo
from schema.reading import MinVersion, Token, WaitMs, decode_id, decode_optional_id, listed, read
from schema.values import Money, Node, Processing

_POLL_S = 1.0


@strawberry.type(description="What an account holds.")
class Account(Node):
    version: int
    owner_id: strawberry.ID
    currency: str = strawberry.field(description="ISO 4217; all of its amounts are in it.")
    balance: Money
    available: Money = strawberry.field(description="All that can be taken: the balance, and the overdraft.")
    overdraft_limit: Money = strawberry.field(description="How far below zero the balance may go.")
    status: AccountStatus
    opened_at: datetime

    @classmethod
    def of(cls, stored: Stored[view.AccountBalance]) -> "Account":
        """The account as clients see it."""
        row = stored.row
        return cls(
            id=strawberry.ID(typeid.encode("account", row.account_id)),
            version=stored.version,
            owner_id=strawberry.ID(typeid.encode("customer", row.owner_id)),
            currency=row.currency,
            balance=Money(amount=row.balance, currency=row.currency),
            available=Money(amount=row.balance + row.overdraft_limit, currency=row.currency),
            overdraft_limit=Money(amount=row.overdraft_limit, currency=row.currency),
            status=AccountStatus(row.status),
            opened_at=row.opened_at,
        )


AccountResult = Annotated[Account | Processing, strawberry.union("AccountResult")]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: int | None = None,
    token: str | None = None,
    wait_ms: int | None = None,
) -> Account | Processing | None:
    """The account; None where there is none that is the asker's to see."""
    asker, key = info.context.asker(), decode_id("account", id, "id")
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    found = await info.context.reads.get(view.VIEW, key, wanted)
    if isinstance(found, Behind):
        return Processing.of(await discreet(info, key, found))
    return _shown(asker, found.stored) if found.stored is not None else None


def _shown(asker: Principal, stored: Stored[view.AccountBalance]) -> Account | None:
    return Account.of(stored) if asker.owns(stored.row.owner_id) else None


@strawberry.type
class AccountEdge:
    cursor: str
    node: Account


@strawberry.type(description="A page of accounts, in the order in which they were opened.")
class AccountConnection(ListPage):
    edges: list[AccountEdge]


@strawberry.type
class AccountQuery:
    @strawberry.field(description="One account; null if there is no such one, or it is not yours to see.")
    async def account(
        self,
        info: Info,
        id: strawberry.ID,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AccountResult | None:
        return await get(info, id, min_version, token, wait_ms)

    @strawberry.field(
        description="The accounts of a customer: one's own, or for operators anyone's, and everyone's unless they say "
        "whose."
    )
    async def accounts(
        self,
        info: Info,
        owner_id: strawberry.ID | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AccountConnection | None:
        asker, owner = info.context.asker(), decode_optional_id("customer", owner_id, "ownerId")
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        owner = owner if owner is not None or asker.is_operator else asker.customer_id
        if not asker.owns(owner):
            return None
        find = partial(view.find, info.context.reads, owner, arguments)
        return _connection(await listed(info, (view.VIEW,), token, wait_ms, find))


def _connection(found: Listed[Page[Stored[view.AccountBalance]]]) -> AccountConnection:
    edges = [
        AccountEdge(
            cursor=view.OLDEST_FIRST.cursor(stored.row.opened_at, stored.row.account_id), node=Account.of(stored)
        )
        for stored in found.found.nodes
    ]
    info = PageInfo.of(found.found, [edge.cursor for edge in edges])
    return AccountConnection(edges=edges, page_info=info, seen=found.freshness)


@strawberry.type
class AccountSubscription:
    @strawberry.subscription(description="The account as it is now, and again after every change.")
    async def account_changed(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Account, None]:
        info.context.asker()
        key = decode_id("account", id, "id")
        async for account in _changes(info, key):
            yield account


async def _changes(info: Info, key: UUID) -> AsyncGenerator[Account, None]:
    reads, shown = info.context.reads, 0
    with reads.hints.subscribed(view.VIEW.name) as woken:
        while True:
            asker = info.context.asker()
            found = await read(info, view.VIEW, key, Wanted())
            if isinstance(found, Stored) and found.version > shown:
                shown = found.version
                if account := _shown(asker, found):
                    yield account
            await wait(woken, _POLL_S)
