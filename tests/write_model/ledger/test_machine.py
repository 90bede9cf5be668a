"""Whatever is asked, in whatever order: the bank decides as a plain book in memory does, and its log says the same."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app import bootstrap
from app.infra.embedded import Servers
from app.kernel.clock import now
from app.kernel.errors import Refusal
from app.kernel.messages import Command
from tests.support.installation import Installation, installation
from tests.support.replay import whole_log
from tests.write_model.floor import envelope, registration
from tests.write_model.ledger.bank import balances, deposit, opening, transfer, withdrawal
from write_model.ledger.commands import CloseAccount, FreezeAccount, UnfreezeAccount


@dataclass
class Page:
    """One account in the book: whole pounds or euros."""

    currency: str
    limit: int
    balance: int = 0
    status: str = "OPEN"

    def forbids(self, currency: str, taken: int = 0) -> set[str]:
        """Which rules it would break that so much is taken."""
        broken = set() if self.status == "OPEN" else {f"ACCOUNT_IS_{self.status}"}
        broken |= {"CURRENCY_MISMATCH"} if currency != self.currency else set()
        return broken | ({"INSUFFICIENT_FUNDS"} if self.balance - taken < -self.limit else set())


@dataclass
class Bank:
    """The real one, driven from outside of a running loop."""

    runner: asyncio.Runner
    made: Installation
    side: bootstrap.Commands
    owner: UUID = field(default_factory=lambda: registration().customer_id)

    def asked(self, command: Command) -> str | None:
        """The code of the rule that it was refused by; None if it was carried out."""
        try:
            self.runner.run(self.side.bus.dispatch(command, envelope()))
        except Refusal as refused:
            return refused.code
        return None

    def balances(self) -> dict[UUID, Any]:
        """What all accounts hold."""
        return balances(self.runner.run(whole_log(self.made.database_url)))


@pytest.fixture(scope="module")
def bank(servers: Servers) -> Iterator[Bank]:
    """A bank with one customer."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        made = runner.run(stack.enter_async_context(installation(servers)))
        side = runner.run(stack.enter_async_context(bootstrap.commands(made.settings)))
        customer = registration()
        found = Bank(runner, made, side, customer.customer_id)
        assert found.asked(customer) is None
        yield found
        runner.run(stack.aclose())


CURRENCIES = st.sampled_from(("GBP", "GBP", "GBP", "EUR"))
AMOUNTS = st.integers(1, 12)


class Book(RuleBasedStateMachine):
    """Asks the bank, and keeps the book by hand."""

    bank: ClassVar[Bank]
    accounts = Bundle[UUID]("accounts")

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[UUID, Page] = {}

    @initialize(target=accounts, limit=st.integers(0, 5))
    def opened_first(self, limit: int) -> UUID:
        return self.opened("GBP", limit)

    @rule(target=accounts, currency=CURRENCIES, limit=st.integers(0, 5))
    def open(self, currency: str, limit: int) -> UUID:
        return self.opened(currency, limit)

    def opened(self, currency: str, limit: int) -> UUID:
        command = opening(self.bank.owner, limit, currency)
        assert self.bank.asked(command) is None
        self.pages[command.account_id] = Page(currency, limit)
        return command.account_id

    @rule(account=accounts, amount=AMOUNTS, currency=CURRENCIES)
    def deposit(self, account: UUID, amount: int, currency: str) -> None:
        if self.allowed(deposit(account, amount, currency), self.pages[account].forbids(currency)):
            self.pages[account].balance += amount

    @rule(account=accounts, amount=AMOUNTS, currency=CURRENCIES)
    def withdraw(self, account: UUID, amount: int, currency: str) -> None:
        if self.allowed(withdrawal(account, amount, currency), self.pages[account].forbids(currency, amount)):
            self.pages[account].balance -= amount

    @rule(payer=accounts, payee=accounts, amount=AMOUNTS)
    def transfer(self, payer: UUID, payee: UUID, amount: int) -> None:
        if payer == payee:
            return
        currency = self.pages[payer].currency
        broken = self.pages[payer].forbids(currency, amount) | self.pages[payee].forbids(currency) - {
            "INSUFFICIENT_FUNDS"
        }
        if self.allowed(transfer(payer, payee, amount, currency), broken):
            self.pages[payer].balance -= amount
            self.pages[payee].balance += amount

    @rule(account=accounts)
    def freeze(self, account: UUID) -> None:
        page = self.pages[account]
        broken = page.forbids(page.currency) - {"INSUFFICIENT_FUNDS"}
        if self.allowed(FreezeAccount(at=now(), account_id=account, reason="lost"), broken):
            page.status = "FROZEN"

    @rule(account=accounts)
    def unfreeze(self, account: UUID) -> None:
        page = self.pages[account]
        broken = {"OPEN": {"ACCOUNT_NOT_FROZEN"}, "FROZEN": set[str](), "CLOSED": {"ACCOUNT_IS_CLOSED"}}[page.status]
        if self.allowed(UnfreezeAccount(at=now(), account_id=account), broken):
            page.status = "OPEN"

    @rule(account=accounts)
    def close(self, account: UUID) -> None:
        page = self.pages[account]
        broken = page.forbids(page.currency) | ({"BALANCE_NOT_ZERO"} if page.balance else set())
        if self.allowed(CloseAccount(at=now(), account_id=account), broken):
            page.status = "CLOSED"

    def allowed(self, command: Command, broken: set[str]) -> bool:
        """Asks for it: it is refused by a rule that it breaks, or breaks none."""
        code = self.bank.asked(command)
        assert (code is None and not broken) or code in broken, (command, code, broken)
        return code is None

    @invariant()
    def no_page_is_below_its_limit(self) -> None:
        assert all(page.balance >= -page.limit for page in self.pages.values())

    def teardown(self) -> None:
        if self.pages:
            held = self.bank.balances()
            assert {key: held[key] for key in self.pages} == {key: page.balance for key, page in self.pages.items()}


def test_the_bank_decides_as_the_book_does(bank: Bank) -> None:
    kept = type("KeptBook", (Book,), {"bank": bank})
    run_state_machine_as_test(kept, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))
