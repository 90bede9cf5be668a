"""What the ledger context refuses."""

from decimal import Decimal
from uuid import UUID

from app.kernel.errors import Refusal


class AccountNotFound(Refusal):
    """There is no such account, or it is not the asker's to know of."""

    def __init__(self, account_id: UUID, field: str = "accountId") -> None:
        super().__init__("There is no such account.", field=field)
        self.account_id = account_id


class AccountAlreadyOpened(Refusal):
    """This account id is taken."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__("This account is already opened.", field="accountId")
        self.account_id = account_id


class OwnerNotFound(Refusal):
    """Nobody of this id can own an account, or it is not the asker's to open one for them."""

    def __init__(self, owner_id: UUID) -> None:
        super().__init__("There is no such customer.", field="ownerId")
        self.owner_id = owner_id


class OverdraftNotYours(Refusal):
    """Nobody grants themselves an overdraft: an operator does."""

    def __init__(self) -> None:
        super().__init__("Only an operator may grant an overdraft.", field="overdraftLimit")


class AmountNotPositive(Refusal):
    """What is moved is more than nothing; the other direction is another command."""

    def __init__(self) -> None:
        super().__init__("The amount must be greater than zero.", field="amount")


class TooManyDecimals(Refusal):
    """An amount is finer than its currency is counted."""

    def __init__(self, currency: str, decimals: int, field: str) -> None:
        super().__init__(f"An amount in {currency} has at most {decimals} decimals.", field=field)
        self.currency, self.decimals = currency, decimals


class TransferToItself(Refusal):
    """A transfer leads to another account."""

    def __init__(self) -> None:
        super().__init__("A transfer leads to another account than it comes from.", field="toAccountId")


class AccountIsFrozen(Refusal):
    """Nothing moves on a frozen account."""

    def __init__(self, account_id: UUID, field: str = "accountId") -> None:
        super().__init__("The account is frozen.", field=field)
        self.account_id = account_id


class AccountNotFrozen(Refusal):
    """Only a frozen account is unfrozen."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__("The account is not frozen.", field="accountId")
        self.account_id = account_id


class AccountIsClosed(Refusal):
    """What is closed stays closed."""

    def __init__(self, account_id: UUID, field: str = "accountId") -> None:
        super().__init__("The account is closed.", field=field)
        self.account_id = account_id


class InsufficientFunds(Refusal):
    """The account would fall below what its overdraft allows; `available` is all that could be taken."""

    def __init__(self, account_id: UUID, available: Decimal, wanted: Decimal, currency: str) -> None:
        super().__init__(f"{wanted:f} {currency} is wanted, and {available:f} is available.", field="amount")
        self.account_id, self.available, self.wanted = account_id, available, wanted


class BalanceNotZero(Refusal):
    """An account is closed when nothing is owed either way."""

    def __init__(self, account_id: UUID, balance: Decimal, currency: str) -> None:
        super().__init__(f"The account still has a balance of {balance:f} {currency}.", field="accountId")
        self.account_id, self.balance = account_id, balance


class BalanceTooHigh(Refusal):
    """The account would hold more than can be counted here."""

    def __init__(self, account_id: UUID, field: str = "accountId") -> None:
        super().__init__("An account can hold less than 10¹⁵.", field=field)
        self.account_id = account_id
