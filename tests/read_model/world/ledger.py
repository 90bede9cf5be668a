"""Commands to accounts, carried out on the small shop's records."""

from datetime import datetime
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from app.kernel.messages import Event
from tests.read_model.world.commands import Sent
from tests.read_model.world.records import Account, Booked, Shop
from write_model.ledger import aggregate
from write_model.ledger.aggregate import Change, Status
from write_model.ledger.commands import (
    CloseAccount,
    Deposit,
    FreezeAccount,
    OpenAccount,
    Transfer,
    UnfreezeAccount,
    Withdraw,
)
from write_model.ledger.errors import AccountNotFound, OwnerNotFound


def open_account(shop: Shop, command: OpenAccount, sent: Sent) -> list[Event]:
    """An account for a customer."""
    if command.owner_id not in shop.customers:
        raise OwnerNotFound(command.owner_id)
    events = aggregate.open_account(_known(shop, command.account_id), command)
    account = Account(command.account_id, command.owner_id, command.currency, command.overdraft_limit)
    shop.accounts[command.account_id] = account
    _book(account, "OPENED", command.at, sent)
    return [*events]


def change(shop: Shop, command: Change, sent: Sent) -> list[Event]:
    """Anything that becomes of one account."""
    events = aggregate.decide(_known(shop, command.account_id), command, zone=shop.zone)
    account = shop.accounts[command.account_id]
    at = max(command.at, account.entries[-1].at)
    match command:
        case Deposit():
            _book(account, "DEPOSIT", at, sent, command.amount.amount, text=command.reference)
        case Withdraw():
            _book(account, "WITHDRAWAL", at, sent, -command.amount.amount, text=command.reference)
        case FreezeAccount():
            account.status = "FROZEN"
            _book(account, "FROZEN", at, sent, text=command.reason)
        case UnfreezeAccount():
            account.status = "OPEN"
            _book(account, "UNFROZEN", at, sent)
        case CloseAccount():
            account.status = "CLOSED"
            _book(account, "CLOSED", at, sent)
        case _:
            assert_never(command)
    return [*events]


def transfer(shop: Shop, command: Transfer, sent: Sent) -> list[Event]:
    """An amount from one account to another."""
    payer = _known(shop, command.account_id)
    if payer is None:
        raise AccountNotFound(command.account_id)
    events = aggregate.transfer(payer, _known(shop, command.to_account_id), command, zone=shop.zone)
    giving, taking = shop.accounts[command.account_id], shop.accounts[command.to_account_id]
    at, amount = max(command.at, giving.entries[-1].at, taking.entries[-1].at), command.amount.amount
    _book(giving, "TRANSFER_SENT", at, sent, -amount, taking.account_id, command.reference)
    _book(taking, "TRANSFER_RECEIVED", at, sent, amount, giving.account_id, command.reference)
    return [*events]


def _book(
    account: Account,
    kind: str,
    at: datetime,
    sent: Sent,
    amount: Decimal | None = None,
    other: UUID | None = None,
    text: str | None = None,
) -> None:
    said = (sent.actor, type(sent.command).__name__, sent.command_id, sent.recorded_at)
    account.entries.append(Booked(kind, at, amount, other, text, *said))


def _known(shop: Shop, account_id: UUID) -> aggregate.Account | None:
    account = shop.accounts.get(account_id)
    if account is None:
        return None
    return aggregate.Account(
        account_id=account_id,
        owner_id=account.owner_id,
        currency=account.currency,
        balance=account.held(account.version),
        overdraft_limit=account.limit,
        status=Status(account.status),
        booked_at=account.entries[-1].at,
    )
