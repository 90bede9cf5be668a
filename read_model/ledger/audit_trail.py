"""Who did what with which command, on all accounts, in the order of the log."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import View
from read_model.ledger.account_history import amount, key
from write_model.ledger.events import AccountEvent


class AuditEntry(Struct, frozen=True, kw_only=True):
    """An event, and the command that it comes from; `entry` is `<account's UUID>/<version>`.

    A transfer has two entries of one command. `amount` is as in the account's history.
    """

    entry: str
    log_position: int
    account_id: UUID
    account_version: int
    recorded_at: datetime
    event: str
    amount: Decimal | None
    currency: str | None
    actor: str
    command: str
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None


def keys(recorded: Recorded[Any]) -> tuple[str]:
    """The version that the event made."""
    return (key(recorded.aggregate_id, recorded.version),)


def evolve(_: AuditEntry | None, recorded: Recorded[Any], entry: str) -> AuditEntry:
    """The entry of the event, which stays as it is."""
    event: AccountEvent = recorded.event
    said = recorded.metadata
    causation_id = said.get("causation_id")
    return AuditEntry(
        entry=entry,
        log_position=recorded.position,
        account_id=recorded.aggregate_id,
        account_version=recorded.version,
        recorded_at=recorded.recorded_at,
        event=type(event).__name__,
        amount=amount(event),
        currency=getattr(event, "currency", None),
        actor=said["actor"],
        command=said["command"],
        command_id=UUID(said["command_id"]),
        correlation_id=UUID(said["correlation_id"]),
        causation_id=UUID(causation_id) if causation_id else None,
    )


VIEW: Final = View(
    name="audit_trail",
    row=AuditEntry,
    handles=get_args(AccountEvent),
    keys=keys,
    evolve=evolve,
    appends=True,
    indexes=(
        "log_position, entry",
        "account_id, log_position, entry",
        "actor, log_position, entry",
        "command_id, log_position, entry",
    ),
)

NEWEST_FIRST: Final = Ordering("position-", "log_position", "entry", int, descending=True, key_kind=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Every given condition must hold."""

    account_id: UUID | None = None
    actor: str | None = None
    command_id: UUID | None = None

    def conditions(self, parameters: list[Any]) -> list[str]:
        """In SQL, with what they compare with appended to the parameters."""
        wanted = {"account_id": self.account_id, "actor": self.actor, "command_id": self.command_id}
        given = {column: value for column, value in wanted.items() if value is not None}
        parameters += given.values()
        return [f"{column} = ${number}" for number, column in enumerate(given, 1)]


async def find(reads: ReadModels, wanted: AuditFilter, arguments: PageArguments) -> Page[AuditEntry]:
    """A page of what was done, the latest first."""
    table, query, parameters = reads.table(VIEW), KeysetQuery(NEWEST_FIRST, arguments), list[Any]()
    tail = query.tail(wanted.conditions(parameters), parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, lambda row: table.stored(row).row)
