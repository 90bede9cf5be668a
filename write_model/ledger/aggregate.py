"""The account: pure rules over what its events say."""

from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, assert_never
from uuid import UUID

from app.kernel.errors import CurrencyMismatch
from app.kernel.messages import Command
from app.kernel.structs import Struct, replace
from app.kernel.values import Money
from write_model.ledger.commands import (
    CloseAccount,
    Deposit,
    FreezeAccount,
    OpenAccount,
    Transfer,
    UnfreezeAccount,
    Withdraw,
)
from write_model.ledger.currencies import smallest
from write_model.ledger.errors import (
    AccountAlreadyOpened,
    AccountIsClosed,
    AccountIsFrozen,
    AccountNotFound,
    AccountNotFrozen,
    BalanceNotZero,
    BalanceTooHigh,
    InsufficientFunds,
)
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

Change = Deposit | Withdraw | FreezeAccount | UnfreezeAccount | CloseAccount
"""Commands to one account that there is."""

_HIGHEST = Decimal("1e15")


class Status(StrEnum):
    """What can still be done with an account."""

    OPEN = "OPEN"
    FROZEN = "FROZEN"
    CLOSED = "CLOSED"


class Account(Struct, frozen=True, kw_only=True):
    """What the rules need to know of an account. It is kept in snapshots: see `repository.ACCOUNT`."""

    account_id: UUID
    owner_id: UUID
    currency: str
    balance: Decimal
    overdraft_limit: Decimal
    status: Status
    booked_at: datetime

    @property
    def available(self) -> Decimal:
        """All that can be taken."""
        return self.balance + self.overdraft_limit


class Transferred(NamedTuple):
    """Both sides of a transfer."""

    sent: TransferSent
    received: TransferReceived


def open_account(account: Account | None, command: OpenAccount) -> list[AccountEvent]:
    """The event that opens the account. Raises AccountAlreadyOpened."""
    if account is not None:
        raise AccountAlreadyOpened(command.account_id)
    return [
        AccountOpened(
            account_id=command.account_id,
            owner_id=command.owner_id,
            currency=command.currency,
            overdraft_limit=_exact(Money(command.overdraft_limit, command.currency)),
            booked_at=command.at,
        )
    ]


def decide(account: Account | None, command: Change, *, zone: tzinfo) -> list[AccountEvent]:
    """The events that the command leads to. Raises the refusals of `write_model.ledger.errors`."""
    if account is None:
        raise AccountNotFound(command.account_id)
    match command:
        case Deposit():
            _require_takes(account, command.amount, "accountId")
            return [MoneyDeposited(**_booked(account, command, _moment(command, account), zone))]
        case Withdraw():
            _require_gives(account, command.amount, "accountId")
            return [MoneyWithdrawn(**_booked(account, command, _moment(command, account), zone))]
        case FreezeAccount():
            return _freeze(account, command)
        case UnfreezeAccount():
            return _unfreeze(account, command)
        case CloseAccount():
            return _close(account, command)
        case _:
            assert_never(command)


def transfer(payer: Account, payee: Account | None, command: Transfer, *, zone: tzinfo) -> Transferred:
    """Both sides, at one moment. Raises the refusals of `write_model.ledger.errors`; the payer's come first."""
    _require_gives(payer, command.amount, "fromAccountId")
    if payee is None:
        raise AccountNotFound(command.to_account_id, "toAccountId")
    _require_takes(payee, command.amount, "toAccountId")
    at = _moment(command, payer, payee)
    return Transferred(
        TransferSent(to_account_id=payee.account_id, **_booked(payer, command, at, zone)),
        TransferReceived(from_account_id=payer.account_id, **_booked(payee, command, at, zone)),
    )


def evolve(account: Account | None, event: AccountEvent) -> Account:
    """The account after the event."""
    if isinstance(event, AccountOpened):
        return _opened(event)
    assert account is not None
    account = replace(account, booked_at=event.booked_at)
    match event:
        case MoneyDeposited() | MoneyWithdrawn() | TransferSent() | TransferReceived():
            own, _ = sides(event)
            return replace(account, balance=account.balance + own.amount)
        case AccountFrozen():
            return replace(account, status=Status.FROZEN)
        case AccountUnfrozen():
            return replace(account, status=Status.OPEN)
        case AccountClosed():
            return replace(account, status=Status.CLOSED)
        case _:
            assert_never(event)


def _opened(event: AccountOpened) -> Account:
    return Account(
        account_id=event.account_id,
        owner_id=event.owner_id,
        currency=event.currency,
        balance=_exact(Money(Decimal(0), event.currency)),
        overdraft_limit=event.overdraft_limit,
        status=Status.OPEN,
        booked_at=event.booked_at,
    )


def _freeze(account: Account, command: FreezeAccount) -> list[AccountEvent]:
    _require_moves(account, "accountId")
    at = _moment(command, account)
    return [AccountFrozen(account_id=account.account_id, reason=command.reason, booked_at=at)]


def _unfreeze(account: Account, command: UnfreezeAccount) -> list[AccountEvent]:
    if account.status is Status.CLOSED:
        raise AccountIsClosed(account.account_id)
    if account.status is Status.OPEN:
        raise AccountNotFrozen(account.account_id)
    return [AccountUnfrozen(account_id=account.account_id, booked_at=_moment(command, account))]


def _close(account: Account, command: CloseAccount) -> list[AccountEvent]:
    _require_moves(account, "accountId")
    if account.balance:
        raise BalanceNotZero(account.account_id, account.balance, account.currency)
    return [AccountClosed(account_id=account.account_id, booked_at=_moment(command, account))]


def _require_moves(account: Account, field: str) -> None:
    """Raises AccountIsFrozen or AccountIsClosed."""
    match account.status:
        case Status.OPEN:
            return
        case Status.FROZEN:
            raise AccountIsFrozen(account.account_id, field)
        case Status.CLOSED:
            raise AccountIsClosed(account.account_id, field)
        case _:
            assert_never(account.status)


def _require_currency(account: Account, money: Money) -> None:
    if money.currency != account.currency:
        raise CurrencyMismatch(expected=account.currency, actual=money.currency)


def _require_takes(account: Account, money: Money, field: str) -> None:
    _require_moves(account, field)
    _require_currency(account, money)
    if account.balance + money.amount >= _HIGHEST:
        raise BalanceTooHigh(account.account_id, field)


def _require_gives(account: Account, money: Money, field: str) -> None:
    _require_moves(account, field)
    _require_currency(account, money)
    if money.amount > account.available:
        raise InsufficientFunds(account.account_id, account.available, money.amount, account.currency)


def _booked(account: Account, command: Deposit | Withdraw | Transfer, at: datetime, zone: tzinfo) -> dict[str, Any]:
    """What all movements say of their own account."""
    return {
        "account_id": account.account_id,
        "amount": _exact(command.amount),
        "currency": account.currency,
        "reference": command.reference,
        "booked_at": at,
        "booked_on": _business_day(at, zone),
    }


def _moment(command: Command, *accounts: Account) -> datetime:
    """When the command is booked: not before anything that is booked on these accounts already."""
    return max(command.at, *(account.booked_at for account in accounts))


def _business_day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def _exact(money: Money) -> Decimal:
    """The amount with as many decimals as its currency has."""
    return money.amount.quantize(smallest(money.currency))
