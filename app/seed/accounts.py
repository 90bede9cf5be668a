"""The seeded shop's accounts, and what has moved on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from app.kernel.clock import now
from app.kernel.messages import Command
from app.kernel.values import Money
from app.seed.names import seeded_id
from write_model.ledger.commands import Deposit, OpenAccount, Transfer, Withdraw


@dataclass(frozen=True, slots=True)
class _Account:
    owner: str
    limit: int = 0
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class _Movement:
    """`payer` and `payee` are accounts; where one is missing it is cash."""

    days_ago: int
    amount: str
    payer: str | None = None
    payee: str | None = None
    reference: str | None = None


ACCOUNTS: Final[Mapping[str, _Account]] = {
    "everyday": _Account("ada", limit=100),
    "savings": _Account("ada"),
    "house": _Account("grace"),
    "euros": _Account("linus", currency="EUR"),
}
"""In the shop's currency, unless another is said."""

_MOVEMENTS: Final = (
    _Movement(20, "1200.00", payee="everyday", reference="Opening deposit"),
    _Movement(19, "300.00", payee="euros"),
    _Movement(15, "450.00", payer="everyday", payee="house", reference="Rent"),
    _Movement(12, "600.00", payer="everyday", payee="savings"),
    _Movement(9, "60.00", payer="everyday", reference="Market day"),
    _Movement(5, "25.50", payer="house", payee="everyday", reference="Electricity, your half"),
)


def steps(currency: str) -> Iterator[tuple[str, Command]]:
    """The commands, each with a name of its own."""
    for name, account in ACCOUNTS.items():
        yield f"open/{name}", _opening(name, account, currency)
    for number, movement in enumerate(_MOVEMENTS, 1):
        yield f"move/{number}", _movement(movement, currency)


def _opening(name: str, account: _Account, currency: str) -> OpenAccount:
    return OpenAccount(
        at=now() - timedelta(days=30),
        account_id=seeded_id("account", name),
        owner_id=seeded_id("customer", account.owner),
        currency=account.currency or currency,
        overdraft_limit=Decimal(account.limit),
    )


def _movement(movement: _Movement, currency: str) -> Command:
    at = now() - timedelta(days=movement.days_ago)
    payer, payee = (seeded_id("account", each) if each else None for each in (movement.payer, movement.payee))
    held_in = ACCOUNTS[movement.payer or movement.payee or ""].currency or currency
    return _command(at, payer, payee, Money(Decimal(movement.amount), held_in), movement.reference)


def _command(at: datetime, payer: UUID | None, payee: UUID | None, amount: Money, reference: str | None) -> Command:
    if payer is None:
        assert payee is not None
        return Deposit(at=at, account_id=payee, amount=amount, reference=reference)
    if payee is None:
        return Withdraw(at=at, account_id=payer, amount=amount, reference=reference)
    return Transfer(at=at, account_id=payer, to_account_id=payee, amount=amount, reference=reference)
