"""Appending to the event log: the statement that writes a command's rows, events and record, all or nothing."""

from collections.abc import Iterator, Sequence
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
    select event_id, aggregate_type, aggregate_id, version, type, schema_version, data, $3
    from (values {events}) as e (event_id, aggregate_type, aggregate_id, version, type, schema_version, data)
    where {{all_is_well}}
    returning position, aggregate_id, version
)
insert into write.commands (command_id, type, fingerprint, actor, aggregate_type, aggregate_id, version, position)
select $4, $5, $6, $7, $1, $2, max(version) filter (where aggregate_id = $2), max(position) from appended
returning version, position
"""
_EVENT = "(${}::uuid, ${}::text, ${}::uuid, ${}::bigint, ${}::text, ${}::smallint, ${}::jsonb)"
_EVENT_HAS = _EVENT.count("$")
_SHARED = 7
"""Parameters that all events of a statement share."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The events of one aggregate, to follow its present version."""

    aggregate_type: str
    aggregate_id: UUID
    version: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class AppendedCommand:
    """A command's own record, kept beside its events."""

    type: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Appending:
    """A statement that is ready to be sent, and what it is for; `aggregates` are all whose events it appends."""

    text: str
    values: Sequence[Any]
    command_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    aggregates: frozenset[UUID]

    def receipt(self, row: asyncpg.Record | None) -> Receipt:
        """What the row says that the statement returned."""
        assert row is not None
        return Receipt(self.command_id, self.aggregate_type, self.aggregate_id, row["version"], row["position"])


def appending(
    envelope: Envelope,
    command: AppendedCommand,
    decisions: Sequence[Decision],
    writes: Sequence[Write] = (),
    assumptions: Sequence[Assumption] = (),
) -> Appending:
    """Appends events of each aggregate after its present version, with the command's record, in one statement.

    The record is of the first of the decisions. The writes come first in the statement, in their order. It raises
    asyncpg.UniqueViolationError when a version or the command id is taken, NotNullViolationError when an assumption
    does not hold: then no position is drawn, and the record, which must have one, is refused.
    """
    own = decisions[0]
    shared: list[Any] = [
        own.aggregate_type,
        own.aggregate_id,
        as_json(_metadata(envelope, command)),
        envelope.command_id,
        command.type,
        command.fingerprint,
        envelope.actor.subject,
    ]
    events = [value for decision in decisions for value in _events(decision)]
    text, values = as_one(_append(len(events) // _EVENT_HAS), shared + events, writes, assumptions)
    aggregates = frozenset([decision.aggregate_id for decision in decisions])
    return Appending(text, values, envelope.command_id, own.aggregate_type, own.aggregate_id, aggregates)


def _events(decision: Decision) -> Iterator[Any]:
    """The parameters of the events of one aggregate, one event's after the other's."""
    for version, event in enumerate(decision.events, decision.version + 1):
        yield from (new_id(), decision.aggregate_type, decision.aggregate_id, version)
        yield from (type(event).__name__, event.SCHEMA_VERSION, as_json(event))


async def append(connection: Connection, it: Appending) -> Receipt:
    """Sends it. Commits with the connection's transaction, or, where none is open, at once."""
    return it.receipt(await connection.fetchrow(it.text, *it.values))


@lru_cache(maxsize=100)
def _append(events: int) -> str:
    """The statement for so many events. Arrays would do for any number, and take longer to encode."""
    firsts = range(_SHARED + 1, _SHARED + _EVENT_HAS * events, _EVENT_HAS)
    rows = [_EVENT.format(*range(first, first + _EVENT_HAS)) for first in firsts]
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
