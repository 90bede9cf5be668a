"""The other side of all cash that came in or went out: an account for each currency, which no command writes.

What all accounts of a currency hold and what its cash account holds sum to zero. It is a row that every deposit
changes, so it is a view's: there a batch of events changes it once, and nobody waits for it (see 0036).
"""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from app.infra.freshness import ReadModels
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from write_model.ledger.events import MoneyDeposited, MoneyWithdrawn, sides


class CashAccount(Struct, frozen=True, kw_only=True):
    """The cash of one currency. `balance` is below zero as long as more came in than went out: it is owed."""

    account_id: UUID
    currency: str
    balance: Decimal
    movements: int


def keys(recorded: Recorded[Any]) -> tuple[UUID]:
    """The account of the movement's other side."""
    return (sides(recorded.event)[1].account_id,)


def evolve(present: CashAccount | None, recorded: Recorded[Any], account_id: UUID) -> CashAccount:
    """The account with one movement more."""
    event: MoneyDeposited | MoneyWithdrawn = recorded.event
    row = present or CashAccount(account_id=account_id, currency=event.currency, balance=Decimal(0), movements=0)
    return replace(row, balance=row.balance + sides(event)[1].amount, movements=row.movements + 1)


VIEW: Final = View(
    name="cash_accounts",
    row=CashAccount,
    handles=(MoneyDeposited, MoneyWithdrawn),
    keys=keys,
    evolve=evolve,
    commutes=True,
)


async def read(reads: ReadModels) -> list[CashAccount]:
    """All of them, by currency."""
    table = reads.table(VIEW)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present order by currency")
    return [table.stored(row).row for row in rows]
