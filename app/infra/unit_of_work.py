"""One command's work: what handlers and repositories are given to read with, and to say what is to be written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from app.infra.appending import Decision
from app.infra.one_statement import Assumption, Write
from app.infra.reads import Reads
from app.kernel.errors import Refusal, VersionConflict
from app.kernel.messages import Envelope, Event, Principal


@dataclass(slots=True)
class Work:
    """Who asked, what is known, and what was decided. What is written is queued: the bus sends it with the events.

    What is `locking` stands in an open transaction, and nothing that it has locked can change until that ends.
    Otherwise nothing is locked, and every read is for itself: what was decided on must be of a kind that the tables
    look at themselves when it is written (versions of aggregates, keys, checks), or be assumed here in so many words.
    """

    envelope: Envelope
    reads: Reads
    decisions: list[Decision] = field(default_factory=list, init=False)
    writes: list[Write] = field(default_factory=list, init=False)
    assumptions: list[Assumption] = field(default_factory=list, init=False)
    locks: dict[str, list[UUID]] = field(default_factory=dict, init=False)
    _refusals: dict[str, Refusal] = field(default_factory=dict, init=False)

    @property
    def actor(self) -> Principal:
        """Who asked."""
        return self.envelope.actor

    @property
    def locking(self) -> bool:
        """True if this work locks what it decides on."""
        return self.reads.locking

    async def lock(self, query: str, ids: Sequence[UUID]) -> None:
        """Locks rows until the transaction ends, if this work locks; if not, the writes will lock them.

        The query is a `select` of `any($1::uuid[])` whose first column is the id, `for` something `{waiting}`. Reading
        comes after it, in a statement of its own: one that waits for a lock sees other tables as they were before it
        waited.
        """
        self.will_lock(query, ids)
        if self.locking:
            await self.reads.lock(query.format(waiting=""), ids)

    def will_lock(self, query: str, ids: Sequence[UUID]) -> None:
        """Says which rows the writes will lock, by the query that would lock them."""
        self.locks[query] = [*self.locks.get(query, ()), *ids]

    async def row(self, query: str, key: UUID) -> asyncpg.Record | None:
        """The row of this id, or None, of a `select` of `any($1::uuid[])` whose first column is the id."""
        return (await self.reads.rows(query, (key,))).get(key)

    async def rows(self, query: str, ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
        """By id, the rows of those that there are, of such a `select`."""
        found = await self.reads.rows(query, ids)
        return {key: row for key in ids if (row := found.get(key)) is not None}

    def write(self, statement: str, *parameters: Any) -> None:
        """Queues an insert, update or delete, to be carried out after those queued before and before the append.

        All of a command's see the tables as they were before any of them, and each row can be written by one alone.
        """
        self.writes.append(Write(statement, parameters))

    def assume(self, query: str, *parameters: Any, rows: int) -> None:
        """Lets the command fail, and be decided anew, unless the query finds so many rows after all writes."""
        self.assumptions.append(Assumption(query, parameters, rows))

    def refuse_if_taken(self, key: str, refusal: Refusal) -> None:
        """Says what a violation of the unique key of this name means to who asked."""
        self._refusals[key] = refusal

    def refusal_of(self, violation: asyncpg.IntegrityConstraintViolationError) -> Refusal | None:
        """What the violation means to who asked, or None where it is no fault of theirs."""
        return self._refusals.get(violation.constraint_name or "")

    def expect(self, aggregate_id: UUID, version: int) -> None:
        """Raises VersionConflict when the client expected another version of the aggregate just loaded.

        Version 0 is an aggregate that does not exist: the handler says so, as it does of one that is not the asker's.
        """
        expected = self.envelope.expected_version
        if version > 0 and expected not in (None, version):
            raise VersionConflict(aggregate_id=aggregate_id, expected=expected, actual=version)

    def record(self, aggregate_type: str, aggregate_id: UUID, version: int, events: Sequence[Event]) -> None:
        """Hands over the events to append after `version`, at least one: once for each aggregate that is decided on.

        The first is the command's own, which its receipt names. All of it is appended, or nothing.
        """
        assert events
        assert all(each.aggregate_id != aggregate_id for each in self.decisions), "an aggregate is decided on once"
        self.decisions.append(Decision(aggregate_type, aggregate_id, version, events))
