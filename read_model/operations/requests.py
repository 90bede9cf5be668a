"""What operators have asked for, in order: workers carry it out, and people look up who did what and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import View
from write_model.operations.events import (
    DeadLetterDiscarded,
    DeadLettersRetryRequested,
    OperationEvent,
    ViewRebuildRequested,
)


class Request(Struct, frozen=True, kw_only=True):
    """One request, known by its command; `log_position` is its place among all, `kind` the name of its event.

    `letter` is the position of the event that a consumer is to do without, `sequence` the aggregate
    to be retried, of a type; `only_checked` says that a view is rebuilt to be compared alone.
    """

    request_id: UUID
    log_position: int
    kind: str
    consumer: str
    sequence: UUID | None
    sequence_type: str | None
    letter: int | None
    only_checked: bool
    reason: str | None
    requested_by: str
    requested_at: datetime


def keys(recorded: Recorded[Any]) -> tuple[UUID]:
    """The command that asked."""
    return (UUID(recorded.metadata["command_id"]),)


def evolve(_: Request | None, recorded: Recorded[Any], key: UUID) -> Request:
    """The request as it was made; it never changes."""
    event: OperationEvent = recorded.event
    discarded = event if isinstance(event, DeadLetterDiscarded) else None
    retried = event if isinstance(event, DeadLettersRetryRequested) else None
    return Request(
        request_id=key,
        log_position=recorded.position,
        kind=type(event).__name__,
        consumer=event.consumer,
        sequence=retried.sequence if retried else None,
        sequence_type=retried.sequence_type if retried else None,
        letter=discarded.position if discarded else None,
        only_checked=isinstance(event, ViewRebuildRequested) and event.only_check,
        reason=discarded.reason if discarded else None,
        requested_by=str(recorded.metadata["actor"]),
        requested_at=event.requested_at,
    )


VIEW = View(
    name="requests",
    row=Request,
    handles=get_args(OperationEvent),
    keys=keys,
    evolve=evolve,
    indexes=("log_position",),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request, in `words`, and when a worker had carried it out, or found that it cannot be."""

    words: str
    failed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A request, with its outcome once there is one."""

    request: Request
    outcome: Outcome | None


async def latest(reads: ReadModels, consumer: str | None, most: int) -> list[Listed]:
    """The last requests, of one consumer or of all, the latest first."""
    table = reads.table(VIEW)
    rows = await reads.fetch(
        f"select {table.selected}, c.outcome, c.failed, c.carried_out_at "
        f"from {table.table} present left join read.carried_out c using (request_id) "
        "where $1::text is null or consumer = $1 order by log_position desc limit $2",
        consumer,
        most,
    )
    return [Listed(table.stored(row).row, _outcome(row)) for row in rows]


async def outcome(reads: ReadModels, request_id: UUID) -> Outcome | None:
    """What came of a request, once a worker has carried it out."""
    rows = await reads.fetch("select * from read.carried_out where request_id = $1", request_id)
    return _outcome(rows[0]) if rows else None


def _outcome(row: Any) -> Outcome | None:
    return Outcome(row["outcome"], row["failed"], row["carried_out_at"]) if row["outcome"] is not None else None
