"""The rules of accounts: what may move, how far a balance may fall, and that both sides are of one moment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.kernel import structs
from app.kernel.clock import new_id
from app.kernel.errors import CurrencyMismatch, InvalidValue, Refusal
from app.kernel.values import Money
from tests.write_model.scenario import Scenario
from write_model.ledger.aggregate import Account, Status, decide, evolve, open_account, transfer
from write_model.ledger.commands import (
    CloseAccount,
    Deposit,
    FreezeAccount,
    OpenAccount,
    Transfer,
    UnfreezeAccount,
    Withdraw,
)
from write_model.ledger.errors import (
    AccountAlreadyOpened,
    AccountIsClosed,
    AccountIsFrozen,
    AccountNotFound,
    AccountNotFrozen,
    AmountNotPositive,
    BalanceNotZero,
    BalanceTooHigh,
    InsufficientFunds,
    TooManyDecimals,
    TransferToItself,
)
from write_model.ledger.events import (
    AccountClosed,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    MoneyDeposited,
    MoneyWithdrawn,
    TransferReceived,
    TransferSent,
    cash_account,
    sides,
)

AUCKLAND = ZoneInfo("Pacific/Auckland")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 2)
"""Of the same moment, in Auckland."""

OWN, OTHER, ADA = new_id(), new_id(), new_id()

OPEN = OpenAccount(at=AT, account_id=OWN, owner_id=ADA, currency="GBP", overdraft_limit=Decimal(50))
OPENED = AccountOpened(account_id=OWN, owner_id=ADA, currency="GBP", overdraft_limit=Decimal("50.00"), booked_at=AT)
FREEZE = FreezeAccount(at=AT, account_id=OWN, reason="Card lost")
FROZEN = AccountFrozen(account_id=OWN, reason="Card lost", booked_at=AT)
UNFREEZE = UnfreezeAccount(at=AT, account_id=OWN)
UNFROZEN = AccountUnfrozen(account_id=OWN, booked_at=AT)
CLOSE = CloseAccount(at=AT, account_id=OWN)
CLOSED = AccountClosed(account_id=OWN, booked_at=AT)

account = Scenario[Account](partial(decide, zone=AUCKLAND), evolve)


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def deposit(amount: str) -> Deposit:
    return Deposit(at=AT, account_id=OWN, amount=gbp(amount), reference="Takings")


def withdraw(amount: str) -> Withdraw:
    return Withdraw(at=AT, account_id=OWN, amount=gbp(amount))


def send(amount: str) -> Transfer:
    return Transfer(at=AT, account_id=OWN, to_account_id=OTHER, amount=gbp(amount), reference="Rent")


def booked(amount: str, at: datetime = AT, reference: str | None = None) -> dict[str, Any]:
    """What a movement in March says beside the accounts."""
    return {
        "amount": Decimal(amount),
        "currency": "GBP",
        "reference": reference,
        "booked_at": at,
        "booked_on": at.astimezone(AUCKLAND).date(),
    }


def deposited(amount: str, at: datetime = AT) -> MoneyDeposited:
    return MoneyDeposited(account_id=OWN, **booked(amount, at, "Takings"))


def withdrawn(amount: str, at: datetime = AT) -> MoneyWithdrawn:
    return MoneyWithdrawn(account_id=OWN, **booked(amount, at))


def other(*more: Any) -> Account:
    """The other account, without an overdraft."""
    opened = structs.replace(OPENED, account_id=OTHER, overdraft_limit=Decimal(0))
    state = account.given(opened, *more).state
    assert state is not None
    return state


def own(*more: Any) -> Account:
    """The account that the commands are to."""
    state = account.given(OPENED, *more).state
    assert state is not None
    return state


def test_an_account_is_opened_once() -> None:
    assert open_account(None, OPEN) == [OPENED]
    with pytest.raises(AccountAlreadyOpened):
        open_account(own(), OPEN)


def test_cash_goes_in_and_out() -> None:
    account.given(OPENED).when(deposit("20.5")).then(deposited("20.50"))
    account.given(OPENED, deposited("20.50")).when(withdraw("70.50")).then(withdrawn("70.50"))


def test_the_business_day_is_the_shops() -> None:
    assert AT.date() != DAY
    assert deposited("1").booked_on == DAY
    account.given(OPENED).when(deposit("1")).then(deposited("1.00"))


@pytest.mark.parametrize("past", [(), (deposited("10.00"),), (deposited("10.00"), withdrawn("35.00"))])
def test_a_balance_falls_to_the_limit_and_not_a_penny_further(past: tuple[Any, ...]) -> None:
    available = own(*past).available
    account.given(OPENED, *past).when(withdraw(str(available))).then(withdrawn(str(available)))
    more = available + Decimal("0.01")
    facts = {"account_id": OWN, "available": available, "wanted": more}
    account.given(OPENED, *past).when(withdraw(str(more))).then_refused(InsufficientFunds, **facts)
    with pytest.raises(InsufficientFunds):
        transfer(own(*past), other(), send(str(more)), zone=AUCKLAND)


@pytest.mark.parametrize("command", [deposit("1"), withdraw("1"), FREEZE, UNFREEZE, CLOSE])
def test_nothing_happens_to_an_account_that_there_is_not(command: Any) -> None:
    account.when(command).then_refused(AccountNotFound, account_id=OWN, field="accountId")


@pytest.mark.parametrize("command", [deposit("1"), withdraw("1"), FREEZE, CLOSE])
def test_nothing_moves_on_a_frozen_account_until_it_is_unfrozen(command: Any) -> None:
    account.given(OPENED, FROZEN).when(command).then_refused(AccountIsFrozen, account_id=OWN, field="accountId")
    account.given(OPENED, FROZEN).when(UNFREEZE).then(UNFROZEN)
    account.given(OPENED, FROZEN, UNFROZEN).when(FREEZE).then(FROZEN)
    account.given(OPENED).when(UNFREEZE).then_refused(AccountNotFrozen, account_id=OWN)


@pytest.mark.parametrize("command", [deposit("1"), withdraw("1"), FREEZE, UNFREEZE, CLOSE])
def test_what_is_closed_stays_closed(command: Any) -> None:
    account.given(OPENED).when(CLOSE).then(CLOSED)
    account.given(OPENED, CLOSED).when(command).then_refused(AccountIsClosed, account_id=OWN)


@pytest.mark.parametrize("movement", [deposited("1.00"), withdrawn("1.00")])
def test_an_account_is_closed_when_nothing_is_owed_either_way(movement: Any) -> None:
    refused = account.given(OPENED, movement).when(CLOSE)
    refused.then_refused(BalanceNotZero, balance=own(movement).balance)
    account.given(OPENED, deposited("1.00"), withdrawn("1.00")).when(CLOSE).then(CLOSED)


def test_a_transfer_is_on_both_accounts_at_one_moment() -> None:
    sent, received = transfer(own(), other(), send("7"), zone=AUCKLAND)
    assert sent == TransferSent(account_id=OWN, to_account_id=OTHER, **booked("7.00", AT, "Rent"))
    assert received == TransferReceived(account_id=OTHER, from_account_id=OWN, **booked("7.00", AT, "Rent"))
    assert (evolve(own(), sent).balance, evolve(other(), received).balance) == (Decimal("-7.00"), Decimal("7.00"))


CLOSED_OTHER = structs.replace(CLOSED, account_id=OTHER)
FROZEN_OTHER = structs.replace(FROZEN, account_id=OTHER)


@pytest.mark.parametrize(
    ("payer", "payee", "refusal", "field"),
    [
        (own(FROZEN), other(), AccountIsFrozen, "fromAccountId"),
        (own(CLOSED), other(), AccountIsClosed, "fromAccountId"),
        (own(), other(FROZEN_OTHER), AccountIsFrozen, "toAccountId"),
        (own(), other(CLOSED_OTHER), AccountIsClosed, "toAccountId"),
        (own(), None, AccountNotFound, "toAccountId"),
        (own(), structs.replace(other(), currency="EUR"), CurrencyMismatch, "currency"),
        (structs.replace(own(), currency="EUR"), other(), CurrencyMismatch, "currency"),
        (own(), structs.replace(other(), balance=Decimal(999999999999999)), BalanceTooHigh, "toAccountId"),
        (own(FROZEN), None, AccountIsFrozen, "fromAccountId"),
    ],
)
def test_a_transfer_is_refused_by_either_account(
    payer: Account, payee: Account | None, refusal: type[Refusal], field: str
) -> None:
    with pytest.raises(refusal) as refused:
        transfer(payer, payee, send("1"), zone=AUCKLAND)
    assert refused.value.field == field


def test_a_transfer_leads_to_another_account() -> None:
    with pytest.raises(TransferToItself):
        replace(send("1"), to_account_id=OWN)


def test_amounts_are_of_the_accounts_currency() -> None:
    for command in (deposit("1"), withdraw("1")):
        euros = replace(command, amount=Money(Decimal(1), "EUR"))
        account.given(OPENED).when(euros).then_refused(CurrencyMismatch)


@pytest.mark.parametrize("amount", ["0", "-0.01", "-5"])
@pytest.mark.parametrize("command", [deposit("1"), withdraw("1"), send("1")])
def test_what_moves_is_more_than_nothing(command: Deposit | Withdraw | Transfer, amount: str) -> None:
    with pytest.raises(AmountNotPositive):
        replace(command, amount=gbp(amount))


@pytest.mark.parametrize(
    ("currency", "exact", "too_fine"),
    [("GBP", "0.01", "0.001"), ("JPY", "1", "0.1"), ("KWD", "0.001", "0.0001"), ("CLF", "0.0001", None)],
)
def test_amounts_are_as_fine_as_their_currency(currency: str, exact: str, too_fine: str | None) -> None:
    replace(deposit("1"), amount=Money(Decimal(exact), currency))
    replace(OPEN, currency=currency, overdraft_limit=Decimal(exact))
    if too_fine:
        with pytest.raises(TooManyDecimals) as refused:
            replace(send("1"), amount=Money(Decimal(too_fine), currency))
        assert (refused.value.currency, refused.value.field) == (currency, "amount")
        with pytest.raises(TooManyDecimals):
            replace(OPEN, currency=currency, overdraft_limit=Decimal(too_fine))


def test_a_limit_is_not_below_zero() -> None:
    with pytest.raises(InvalidValue):
        replace(OPEN, overdraft_limit=Decimal("-0.01"))


@pytest.mark.parametrize("text", ["", " ", "x" * 141, "\x00"])
def test_texts_can_be_stored_and_read(text: str) -> None:
    for command in (deposit("1"), withdraw("1"), send("1")):
        with pytest.raises(InvalidValue):
            replace(command, reference=text)
    with pytest.raises(InvalidValue):
        replace(FREEZE, reason=text)


def test_no_event_is_booked_before_the_one_that_it_follows() -> None:
    """Clocks of two processes differ: what was decided later is later."""
    ahead = AT + timedelta(seconds=2)
    account.given(OPENED, deposited("1.00", ahead)).when(withdraw("1")).then(withdrawn("1.00", ahead))
    for payer, payee in (
        (own(deposited("1.00", ahead)), other()),
        (own(), structs.replace(other(), booked_at=ahead)),
    ):
        assert [each.booked_at for each in transfer(payer, payee, send("1"), zone=AUCKLAND)] == [ahead, ahead]


def test_the_sides_of_a_movement_sum_to_zero() -> None:
    cash = cash_account("GBP")
    assert sides(deposited("3.00")) == ((OWN, Decimal("3.00")), (cash, Decimal("-3.00")))
    assert sides(withdrawn("3.00")) == ((OWN, Decimal("-3.00")), (cash, Decimal("3.00")))
    sent, received = transfer(own(), other(), send("3"), zone=AUCKLAND)
    assert sides(sent) == ((OWN, Decimal("-3.00")), (OTHER, Decimal("3.00")))
    assert sides(received) == ((OTHER, Decimal("3.00")), (OWN, Decimal("-3.00")))
    assert cash_account("EUR") != cash


def test_the_fold_keeps_what_the_rules_need() -> None:
    assert own(deposited("10.00"), withdrawn("2.50"), FROZEN) == Account(
        account_id=OWN,
        owner_id=ADA,
        currency="GBP",
        balance=Decimal("7.50"),
        overdraft_limit=Decimal("50.00"),
        status=Status.FROZEN,
        booked_at=AT,
    )
