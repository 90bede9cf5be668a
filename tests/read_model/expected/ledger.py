"""What the ledger's views must show, summed up from what is written of each account."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from app.kernel.view import Key
from read_model.ledger.account_balance import AccountBalance
from read_model.ledger.account_history import HistoryEntry
from read_model.ledger.audit_trail import AuditEntry
from read_model.ledger.cash_accounts import CashAccount
from read_model.ledger.ledger_days import LedgerDay
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import Account, Booked, Shop
from write_model.ledger.events import cash_account

_EVENTS = {
    "OPENED": "AccountOpened",
    "DEPOSIT": "MoneyDeposited",
    "WITHDRAWAL": "MoneyWithdrawn",
    "TRANSFER_SENT": "TransferSent",
    "TRANSFER_RECEIVED": "TransferReceived",
    "FROZEN": "AccountFrozen",
    "UNFROZEN": "AccountUnfrozen",
    "CLOSED": "AccountClosed",
}


def account_balance(shop: Shop) -> Rows:
    """Every account, with the sum of what was added to it."""
    return {
        each.account_id: AccountBalance(
            account_id=each.account_id,
            owner_id=each.owner_id,
            currency=each.currency,
            balance=each.held(each.version),
            overdraft_limit=each.limit,
            status=each.status,
            opened_at=each.entries[0].at,
        )
        for each in shop.accounts.values()
    }


def account_history(shop: Shop) -> Rows:
    """Everything that happened on an account, with the sum of what was added to it until then."""
    shown: dict[Key, HistoryEntry] = {}
    for account, version, booked in _booked(shop):
        entry = f"{account.account_id}/{version}"
        shown[entry] = HistoryEntry(
            entry=entry,
            account_id=account.account_id,
            account_version=version,
            booked_at=booked.at,
            kind=booked.kind,
            amount=booked.amount,
            balance=account.held(version),
            currency=account.currency,
            counterparty=booked.other,
            text=booked.text,
            command_id=booked.command_id,
        )
    return shown


def audit_trail(shop: Shop) -> Rows:
    """The same, with who did it."""
    shown: dict[Key, AuditEntry] = {}
    for account, version, booked in _booked(shop):
        entry = f"{account.account_id}/{version}"
        shown[entry] = AuditEntry(
            entry=entry,
            log_position=shop.positions[account.account_id, version],
            account_id=account.account_id,
            account_version=version,
            recorded_at=booked.recorded_at,
            event=_EVENTS[booked.kind],
            amount=booked.amount,
            currency=account.currency if booked.amount or booked.kind == "OPENED" else None,
            actor=booked.sent_by,
            command=booked.command,
            command_id=booked.command_id,
            correlation_id=booked.command_id,
            causation_id=None,
        )
    return shown


def ledger_days(shop: Shop) -> Rows:
    """What came in, went out and was passed on, by the day and the currency."""
    moved: defaultdict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    days = {}
    for account, _, booked in _booked(shop):
        if booked.amount is not None:
            day = shop.day(booked.at)
            moved[str(day), account.currency, booked.kind].append(abs(booked.amount))
            days[str(day), account.currency] = day
    return {
        f"{day}|{currency}": LedgerDay(
            key=f"{day}|{currency}",
            day=days[day, currency],
            currency=currency,
            deposits=len(moved[day, currency, "DEPOSIT"]),
            deposited=sum(moved[day, currency, "DEPOSIT"], Decimal(0)),
            withdrawals=len(moved[day, currency, "WITHDRAWAL"]),
            withdrawn=sum(moved[day, currency, "WITHDRAWAL"], Decimal(0)),
            transfers=len(moved[day, currency, "TRANSFER_RECEIVED"]),
            transferred=sum(moved[day, currency, "TRANSFER_RECEIVED"], Decimal(0)),
        )
        for day, currency in list(days)
    }


def cash_accounts(shop: Shop) -> Rows:
    """Of each currency, less than nothing by what all accounts together hold."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    movements: defaultdict[str, int] = defaultdict(int)
    for account in shop.accounts.values():
        held[account.currency] += account.held(account.version)
    for account, _, booked in _booked(shop):
        movements[account.currency] += booked.kind in ("DEPOSIT", "WITHDRAWAL")
    shown: dict[Key, CashAccount] = {}
    for currency in (each for each, number in movements.items() if number):
        key: UUID = cash_account(currency)
        shown[key] = CashAccount(
            account_id=key, currency=currency, balance=-held[currency], movements=movements[currency]
        )
    return shown


def _booked(shop: Shop) -> Iterator[tuple[Account, int, Booked]]:
    """Everything that happened on any account, with the version that it made."""
    for account in shop.accounts.values():
        for version, booked in enumerate(account.entries, 1):
            yield account, version, booked
