"""What an account holds now, and the accounts of an owner."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View, own_key
from write_model.ledger.events import (
    AccountClosed,
    AccountEvent,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    MoneyDeposited,
    MoneyWithdrawn,
    TransferReceived,
    TransferSent,
    sides,
)


class AccountStatus(StrEnum):
    """What can still be done with an account."""

    OPEN = "OPEN"
    FROZEN = "FROZEN"
    CLOSED = "CLOSED"


class AccountBalance(Struct, frozen=True, kw_only=True):
    """One account. Its balance never falls below `overdraft_limit` under zero."""

    account_id: UUID
    owner_id: UUID
    currency: str
    balance: Decimal
    overdraft_limit: Decimal
    status: str
    opened_at: datetime


def evolve(account: AccountBalance | None, recorded: Recorded[Any], _: UUID) -> AccountBalance:
    """The account after the event."""
    event: AccountEvent = recorded.event
    if isinstance(event, AccountOpened):
        return _opened(event)
    assert account is not None
    match event:
        case MoneyDeposited() | MoneyWithdrawn() | TransferSent() | TransferReceived():
            own, _other = sides(event)
            return replace(account, balance=account.balance + own.amount)
        case AccountFrozen():
            return replace(account, status="FROZEN")
        case AccountUnfrozen():
            return replace(account, status="OPEN")
        case AccountClosed():
            return replace(account, status="CLOSED")
        case _:
            assert_never(event)


def _opened(event: AccountOpened) -> AccountBalance:
    return AccountBalance(
        account_id=event.account_id,
        owner_id=event.owner_id,
        currency=event.currency,
        balance=Decimal(0),
        overdraft_limit=event.overdraft_limit,
        status="OPEN",
        opened_at=event.booked_at,
    )


VIEW: Final = View(
    name="account_balance",
    row=AccountBalance,
    handles=get_args(AccountEvent),
    keys=own_key,
    evolve=evolve,
    documents=True,
    indexes=("owner_id, opened_at, account_id", "opened_at, account_id"),
)

OLDEST_FIRST: Final = Ordering("opened+", "opened_at", "account_id", datetime, descending=False)


async def find(reads: ReadModels, owner: UUID | None, arguments: PageArguments) -> Page[Stored[AccountBalance]]:
    """A page of an owner's accounts, or of all that there are, in the order in which they were opened."""
    table, query = reads.table(VIEW), KeysetQuery(OLDEST_FIRST, arguments)
    parameters: list[Any] = [] if owner is None else [owner]
    conditions: Sequence[str] = () if owner is None else ("owner_id = $1",)
    tail = query.tail(conditions, parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, table.stored)
