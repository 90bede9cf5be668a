"""What tests ask of accounts, and what the log says of them."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.kernel.clock import new_id, now
from app.kernel.messages import Principal, Recorded, Role
from app.kernel.values import Money
from write_model.ledger.commands import Deposit, OpenAccount, Transfer, Withdraw
from write_model.ledger.events import AccountOpened, Movement, sides


def customer(customer_id: UUID) -> Principal:
    """A customer, as their token says."""
    return Principal(f"customer_{customer_id}", frozenset({Role.CUSTOMER}), customer_id)


def money(amount: Decimal | int | str, currency: str = "GBP") -> Money:
    return Money(Decimal(amount), currency)


def opening(owner: UUID, limit: Decimal | int = 0, currency: str = "GBP") -> OpenAccount:
    return OpenAccount(at=now(), account_id=new_id(), owner_id=owner, currency=currency, overdraft_limit=Decimal(limit))


def deposit(account: UUID, amount: Decimal | int | str, currency: str = "GBP") -> Deposit:
    return Deposit(at=now(), account_id=account, amount=money(amount, currency))


def withdrawal(account: UUID, amount: Decimal | int | str, currency: str = "GBP") -> Withdraw:
    return Withdraw(at=now(), account_id=account, amount=money(amount, currency))


def transfer(payer: UUID, payee: UUID, amount: Decimal | int | str, currency: str = "GBP") -> Transfer:
    return Transfer(at=now(), account_id=payer, to_account_id=payee, amount=money(amount, currency))


def balances(log: Iterable[Recorded[Any]]) -> dict[UUID, Decimal]:
    """What every account holds, by the events on it alone."""
    held: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for event in (each.event for each in log):
        if isinstance(event, AccountOpened):
            held[event.account_id] += 0
        elif isinstance(event, Movement):
            own, _ = sides(event)
            held[own.account_id] += own.amount
    return dict(held)
