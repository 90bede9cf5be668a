"""Everything that happened on an account, and what it held after each event: what the past is looked up in.

`booked_at` grows with the versions of an account (see `write_model.ledger.events`), so the balance at a moment is that
of the last entry up to it, which an index finds; and the entries of a period are those between two versions.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, get_args
from uuid import UUID

from app.kernel.messages import Event, Recorded
from app.kernel.structs import Struct
from app.kernel.view import Change, Entity, View
from read_model.ledger import account_balance
from read_model.ledger.account_balance import AccountBalance
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


class EntryKind(StrEnum):
    """What happened."""

    OPENED = "OPENED"
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    TRANSFER_SENT = "TRANSFER_SENT"
    TRANSFER_RECEIVED = "TRANSFER_RECEIVED"
    FROZEN = "FROZEN"
    UNFROZEN = "UNFROZEN"
    CLOSED = "CLOSED"


KINDS: Final[Mapping[type[Event], EntryKind]] = {
    AccountOpened: EntryKind.OPENED,
    MoneyDeposited: EntryKind.DEPOSIT,
    MoneyWithdrawn: EntryKind.WITHDRAWAL,
    TransferSent: EntryKind.TRANSFER_SENT,
    TransferReceived: EntryKind.TRANSFER_RECEIVED,
    AccountFrozen: EntryKind.FROZEN,
    AccountUnfrozen: EntryKind.UNFROZEN,
    AccountClosed: EntryKind.CLOSED,
}
"""How each event is listed."""


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """An event of an account; `entry` is `<account's UUID>/<version>`.

    `amount` is what was added to the balance, below zero what was taken, and None where nothing moved;
    `counterparty` is the account that has the other side, if it is not that of cash. `text` is a movement's reference,
    or why an account was frozen.
    """

    entry: str
    account_id: UUID
    account_version: int
    booked_at: datetime
    kind: str
    amount: Decimal | None
    balance: Decimal
    currency: str
    counterparty: UUID | None
    text: str | None
    command_id: UUID


def keys(change: Change[AccountBalance]) -> Iterable[str]:
    """The version that the event made."""
    return (key(change.recorded.aggregate_id, change.recorded.version),)


def key(account_id: UUID, version: int) -> str:
    """What tells an entry from all others."""
    return f"{account_id}/{version}"


def evolve(_: HistoryEntry | None, change: Change[AccountBalance], entry: str) -> HistoryEntry:
    """The entry of the event, which stays as it is."""
    recorded, account = change.recorded, change.after
    assert account is not None
    event: AccountEvent = recorded.event
    return HistoryEntry(
        entry=entry,
        account_id=recorded.aggregate_id,
        account_version=recorded.version,
        booked_at=event.booked_at,
        kind=KINDS[type(event)].value,
        amount=amount(event),
        balance=account.balance,
        currency=account.currency,
        counterparty=_counterparty(event),
        text=_text(event),
        command_id=UUID(recorded.metadata["command_id"]),
    )


def amount(event: AccountEvent) -> Decimal | None:
    """What the event adds to its account's balance; None where nothing moves."""
    if isinstance(event, MoneyDeposited | MoneyWithdrawn | TransferSent | TransferReceived):
        return sides(event)[0].amount
    return None


def _counterparty(event: AccountEvent) -> UUID | None:
    return sides(event)[1].account_id if isinstance(event, TransferSent | TransferReceived) else None


def _text(event: AccountEvent) -> str | None:
    if isinstance(event, MoneyDeposited | MoneyWithdrawn | TransferSent | TransferReceived):
        return event.reference
    return event.reason if isinstance(event, AccountFrozen) else None


def _account(account: AccountBalance | None, recorded: Recorded[Any]) -> AccountBalance:
    return account_balance.evolve(account, recorded, recorded.aggregate_id)


ACCOUNTS: Final = Entity(name="accounts", row=AccountBalance, handles=get_args(AccountEvent), evolve=_account)

VIEW: Final = View(
    name="account_history",
    row=HistoryEntry,
    handles=ACCOUNTS.handles,
    keys=keys,
    evolve=evolve,
    entity=ACCOUNTS,
    appends=True,
    indexes=("account_id, account_version, entry", "account_id, booked_at, account_version"),
)
