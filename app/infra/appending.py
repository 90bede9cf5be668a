"""Appending to the event log: the statement that writes a command's rows, events and record, all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg

from app import tracing
from app.infra.db import Connection
from app.infra.event_log import as_json
from app.infra.one_statement import Assumption, Write, as_one
from app.kernel.clock import new_id
from app.kernel.messages import Envelope, Event, Receipt

_APPEND = """
with {{before}}appended as (
    insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
    select event_id, $1, $2, version, type, schema_version, data, $3
    from (values {events}) as e (event_id, version, type, schema_version, data)
    where {{all_is_well}}
    returning position, version
)
insert into write.commands (command_id, type, fingerprint, actor, aggregate_type, aggregate_id, version, position)
select $4, $5, $6, $7, $1, $2, max(version), max(position) from appended
returning version, position
"""
_EVENT = "(${}::uuid, ${}::bigint, ${}::text, ${}::smallint, ${}::jsonb)"
_SHARED = 7
"""Parameters that all events of a statement share."""


@dataclass(frozen=True, slots=True)
class AppendedCommand:
    """A command's own record, kept beside its events."""

    type: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Appending:
    """A statement that is ready to be sent, and what it is for."""

    text: str
    values: Sequence[Any]
    command_id: UUID
    aggregate_type: str
    aggregate_id: UUID

    def receipt(self, row: asyncpg.Record | None) -> Receipt:
        """What the row says that the statement returned."""
        assert row is not None
        return Receipt(self.command_id, self.aggregate_type, self.aggregate_id, row["version"], row["position"])


def appending(
    envelope: Envelope,
    command: AppendedCommand,
    aggregate: tuple[str, UUID, int],
    events: Sequence[Event],
    writes: Sequence[Write] = (),
    assumptions: Sequence[Assumption] = (),
) -> Appending:
    """Appends one aggregate's events after its present version, with the command's record, in one statement.

    The writes come first in it, in their order. It raises asyncpg.UniqueViolationError when the version or the
    command id is taken, NotNullViolationError when an assumption does not hold: then no position is drawn, and the
    record, which must have one, is refused.
    """
    aggregate_type, aggregate_id, version = aggregate
    shared: list[Any] = [
        aggregate_type,
        aggregate_id,
        as_json(_metadata(envelope, command)),
        envelope.command_id,
        command.type,
        command.fingerprint,
        envelope.actor.subject,
    ]
    own: list[Any] = []
    for following, event in enumerate(events, version + 1):
        own += (new_id(), following, type(event).__name__, event.SCHEMA_VERSION, as_json(event))
    text, values = as_one(_append(len(events)), shared + own, writes, assumptions)
    return Appending(text, values, envelope.command_id, aggregate_type, aggregate_id)


async def append(connection: Connection, it: Appending) -> Receipt:
    """Sends it. Commits with the connection's transaction, or, where none is open, at once."""
    return it.receipt(await connection.fetchrow(it.text, *it.values))


@lru_cache(maxsize=100)
def _append(events: int) -> str:
    """The statement for so many events. Arrays would do for any number, and take longer to encode."""
    rows = [_EVENT.format(*range(first, first + 5)) for first in range(_SHARED + 1, _SHARED + 5 * events, 5)]
    return _APPEND.format(events=", ".join(rows))


def _metadata(envelope: Envelope, command: AppendedCommand) -> dict[str, Any]:
    trace = {"traceparent": named} if (named := tracing.traceparent()) else {}
    return trace | {
        "command": command.type,
        "command_id": envelope.command_id,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
        "actor": envelope.actor.subject,
    }
