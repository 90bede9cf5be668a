"""What happened on accounts.

An account's events stand in the order of their moments: `booked_at` is when a command was sent, and where another
process's clock was ahead, when the event before it was booked. Both sides of a transfer have the same. `booked_on` is
its business day.

Every movement has two sides, which sum to zero. Those of a transfer are on two accounts; the other side of a deposit
or a withdrawal is on the cash account of its currency, which is nothing but what the events say of it (see 0036).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from app.kernel.messages import Event, Upcasters

_CASH: Final = UUID("0f0c8e0a-8d41-4b57-9a3c-6d1c2f6f5e90")


class AccountOpened(Event, frozen=True, kw_only=True):
    """Someone has an account. Its balance never falls below `overdraft_limit` under zero."""

    account_id: UUID
    owner_id: UUID
    currency: str
    overdraft_limit: Decimal
    booked_at: datetime


class MoneyDeposited(Event, frozen=True, kw_only=True):
    """Cash was paid in."""

    account_id: UUID
    amount: Decimal
    currency: str
    reference: str | None
    booked_at: datetime
    booked_on: date


class MoneyWithdrawn(Event, frozen=True, kw_only=True):
    """Cash was paid out."""

    account_id: UUID
    amount: Decimal
    currency: str
    reference: str | None
    booked_at: datetime
    booked_on: date


class TransferSent(Event, frozen=True, kw_only=True):
    """An amount went to another account. The same command's `TransferReceived` is its other side."""

    account_id: UUID
    to_account_id: UUID
    amount: Decimal
    currency: str
    reference: str | None
    booked_at: datetime
    booked_on: date


class TransferReceived(Event, frozen=True, kw_only=True):
    """An amount came from another account."""

    account_id: UUID
    from_account_id: UUID
    amount: Decimal
    currency: str
    reference: str | None
    booked_at: datetime
    booked_on: date


class AccountFrozen(Event, frozen=True, kw_only=True):
    """Nothing moves on the account from now on."""

    account_id: UUID
    reason: str
    booked_at: datetime


class AccountUnfrozen(Event, frozen=True, kw_only=True):
    """It moves again."""

    account_id: UUID
    booked_at: datetime


class AccountClosed(Event, frozen=True, kw_only=True):
    """The account, on which nothing was left, is closed."""

    account_id: UUID
    booked_at: datetime


Movement = MoneyDeposited | MoneyWithdrawn | TransferSent | TransferReceived

AccountEvent = AccountOpened | Movement | AccountFrozen | AccountUnfrozen | AccountClosed


class Side(NamedTuple):
    """What a movement adds to one account; below zero what it takes."""

    account_id: UUID
    amount: Decimal


def cash_account(currency: str) -> UUID:
    """The account that holds the other side of all cash of a currency."""
    return uuid5(_CASH, currency)


def sides(event: Movement) -> tuple[Side, Side]:
    """The side on the event's own account, and the other one."""
    match event:
        case MoneyDeposited(account_id=own, amount=amount):
            return Side(own, amount), Side(cash_account(event.currency), -amount)
        case MoneyWithdrawn(account_id=own, amount=amount):
            return Side(own, -amount), Side(cash_account(event.currency), amount)
        case TransferSent(account_id=own, amount=amount):
            return Side(own, -amount), Side(event.to_account_id, amount)
        case TransferReceived(account_id=own, amount=amount):
            return Side(own, amount), Side(event.from_account_id, -amount)


UPCASTERS: Upcasters = {}
