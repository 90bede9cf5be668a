"""What can be asked of accounts. Amounts are positive: which way they go, the command says."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import InvalidValue
from app.kernel.messages import Command, generated_id
from app.kernel.values import Money, require_text
from write_model.ledger.currencies import decimals_of, smallest
from write_model.ledger.errors import AmountNotPositive, TooManyDecimals, TransferToItself

_LONGEST_TEXT = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount(Command):
    """Open an account in one currency; `overdraft_limit` is how far below zero its balance may go."""

    target: ClassVar[str] = "account_id"
    account_id: UUID = generated_id()
    owner_id: UUID
    currency: str
    overdraft_limit: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        _require_exact(Money(self.overdraft_limit, self.currency), "overdraftLimit")
        if self.overdraft_limit < 0:
            raise InvalidValue("overdraftLimit must not be below zero.", field="overdraftLimit")


class _Moving:
    """What commands have in common that move an amount: `reference` is what the owners are told about it."""

    __slots__ = ()
    target: ClassVar[str] = "account_id"
    amount: Money
    reference: str | None

    def __post_init__(self) -> None:
        if self.amount.amount <= 0:
            raise AmountNotPositive
        _require_exact(self.amount, "amount")
        if self.reference is not None:
            require_text(self.reference, "reference", at_most=_LONGEST_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit(_Moving, Command):
    """Pay cash into an account."""

    account_id: UUID
    amount: Money
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(_Moving, Command):
    """Pay cash out of an account."""

    account_id: UUID
    amount: Money
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(_Moving, Command):
    """Move an amount from an account, which is the command's own, to another."""

    also_on: ClassVar[tuple[str, ...]] = ("to_account_id",)
    account_id: UUID
    to_account_id: UUID
    amount: Money
    reference: str | None = None

    def __post_init__(self) -> None:
        _Moving.__post_init__(self)
        if self.account_id == self.to_account_id:
            raise TransferToItself


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeAccount(Command):
    """Let nothing move on an account until it is unfrozen. For operators."""

    target: ClassVar[str] = "account_id"
    for_operators: ClassVar[bool] = True
    account_id: UUID
    reason: str

    def __post_init__(self) -> None:
        require_text(self.reason, "reason", at_most=_LONGEST_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfreezeAccount(Command):
    """Let a frozen account move again. For operators."""

    target: ClassVar[str] = "account_id"
    for_operators: ClassVar[bool] = True
    account_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAccount(Command):
    """Close an account that has a balance of zero, for ever."""

    target: ClassVar[str] = "account_id"
    account_id: UUID


def _require_exact(money: Money, field: str) -> None:
    """Raises TooManyDecimals."""
    if money.amount % smallest(money.currency):
        raise TooManyDecimals(money.currency, decimals_of(money.currency), field)
