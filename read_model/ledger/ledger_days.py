"""What moved on a business day, in each currency.

A transfer counts once, where it comes from: so a day's figures are whole after every event, and what is moved within
the bank is in no sum of what came in or went out.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, assert_never

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from write_model.ledger.events import MoneyDeposited, MoneyWithdrawn, TransferSent


class LedgerDay(Struct, frozen=True, kw_only=True):
    """One business day in one currency: how many movements of each kind, and what they come to."""

    key: str
    day: date
    currency: str
    deposits: int = 0
    deposited: Decimal = Decimal(0)
    withdrawals: int = 0
    withdrawn: Decimal = Decimal(0)
    transfers: int = 0
    transferred: Decimal = Decimal(0)

    @property
    def movements(self) -> int:
        """How many there were."""
        return self.deposits + self.withdrawals + self.transfers

    @property
    def volume(self) -> Decimal:
        """What all of them come to."""
        return self.deposited + self.withdrawn + self.transferred

    @property
    def net(self) -> Decimal:
        """By how much more all accounts together held at its end than at its beginning."""
        return self.deposited - self.withdrawn


def keys(recorded: Recorded[Any]) -> tuple[str]:
    """The day, in the movement's currency."""
    return (f"{recorded.event.booked_on}|{recorded.event.currency}",)


def evolve(present: LedgerDay | None, recorded: Recorded[Any], day: str) -> LedgerDay:
    """The day with one movement more."""
    event: MoneyDeposited | MoneyWithdrawn | TransferSent = recorded.event
    row = present or LedgerDay(key=day, day=event.booked_on, currency=event.currency)
    match event:
        case MoneyDeposited():
            return replace(row, deposits=row.deposits + 1, deposited=row.deposited + event.amount)
        case MoneyWithdrawn():
            return replace(row, withdrawals=row.withdrawals + 1, withdrawn=row.withdrawn + event.amount)
        case TransferSent():
            return replace(row, transfers=row.transfers + 1, transferred=row.transferred + event.amount)
        case _:
            assert_never(event)


VIEW: Final = View(
    name="ledger_days",
    row=LedgerDay,
    handles=(MoneyDeposited, MoneyWithdrawn, TransferSent),
    keys=keys,
    evolve=evolve,
    commutes=True,
    indexes=("day, key",),
)

LATEST_FIRST: Final = Ordering("day-", "day", "key", date, descending=True, key_kind=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysFilter:
    """Which days, the last included, and which currency."""

    since: date | None = None
    until: date | None = None
    currency: str | None = None


_DAYS = """
($1::date is null or day >= $1) and ($2::date is null or day <= $2) and ($3::text is null or currency = $3)
"""


async def find(reads: ReadModels, wanted: DaysFilter, arguments: PageArguments) -> Page[LedgerDay]:
    """A page of days on which anything moved, the latest first."""
    table, query = reads.table(VIEW), KeysetQuery(LATEST_FIRST, arguments)
    parameters: list[Any] = [wanted.since, wanted.until, wanted.currency]
    tail = query.tail([_DAYS], parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, lambda row: table.stored(row).row)
