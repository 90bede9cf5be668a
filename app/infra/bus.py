"""The command bus: one command, one transaction, one receipt."""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from app import tracing
from app.infra.appending import AppendedCommand, Appending, append, appending
from app.infra.db import TRANSIENT, Connection, Pool
from app.infra.event_log import encode
from app.infra.reads import LockingReads, SharedReads
from app.infra.shared_writes import SharedWrites
from app.infra.unit_of_work import Work
from app.kernel.errors import Busy, CommandIdReused, Forbidden, Refusal, VersionConflict
from app.kernel.messages import Command, Envelope, Receipt

Handler = Callable[[Any, Work], Awaitable[None]]
Handlers = Mapping[type[Command], Handler]

_FIRST_RECEIPT = """
select fingerprint, aggregate_type, aggregate_id, version, position from write.commands where command_id = $1
"""
_ATTEMPTS = 12
_LONGEST_PAUSE_S = 0.8

_RACES = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
)
_LOST = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IntegrityConstraintViolationError,
)
"""What becomes of a command that was decided without locks, on what does not hold any more."""


class Hints(Protocol):
    """Where word goes that the log moved. Losing it costs a sweep, never an event."""

    def log_moved(self, position: int) -> None:
        """Says so, without waiting."""


class Bus:
    """Dispatches commands. Sending one again, after whatever failure, is always safe."""

    def __init__(self, pool: Pool, handlers: Handlers, hints: Hints) -> None:
        self._pool, self._handlers, self._hints = pool, handlers, hints
        self._reads, self._writes = SharedReads(pool), SharedWrites(pool)
        self._under_way: Counter[UUID] = Counter()

    @property
    def commands(self) -> Collection[type[Command]]:
        """What can be dispatched."""
        return self._handlers.keys()

    async def dispatch(self, command: Command, envelope: Envelope) -> Receipt:
        """Carries the command out, or returns the first receipt of a command id that was accepted before.

        Raises a Refusal, VersionConflict, or Busy when the write model stayed out of reach; then nothing was written,
        or it was and the same command id will tell.
        """
        if command.for_admins:
            envelope.actor.require_admin()
        elif command.for_operators:
            envelope.actor.require_operator()
        elif not (envelope.actor.roles or envelope.actor.scopes):
            raise Forbidden("Say who you are: send a bearer token.")
        aggregate_ids = command.aggregate_ids
        self._under_way.update(aggregate_ids)
        try:
            receipt = await self._insist(command, envelope)
        finally:
            self._leave(aggregate_ids)
        self._hints.log_moved(receipt.position)
        return receipt

    def _leave(self, aggregate_ids: Collection[UUID]) -> None:
        for each in aggregate_ids:
            self._under_way[each] -= 1
            if not self._under_way[each]:
                del self._under_way[each]

    async def accepted(self, sent: Sequence[tuple[Command, Envelope]]) -> set[UUID]:
        """The ids of those that were accepted before, with this same content."""
        rows = await self._pool.fetch(
            "select command_id, fingerprint from write.commands where command_id = any($1)",
            [envelope.command_id for _, envelope in sent],
        )
        known = {row["command_id"]: row["fingerprint"] for row in rows}
        return {
            envelope.command_id
            for command, envelope in sent
            if known.get(envelope.command_id) == fingerprint(command, envelope)
        }

    async def _insist(self, command: Command, envelope: Envelope) -> Receipt:
        """Tries again after races and restarts: the command id makes a doubtful commit harmless.

        The first attempt locks nothing and can only succeed. Whatever else comes of it is decided anew under locks;
        and so is at once what would lose to another command to one of its aggregates that is under way here.
        """
        print_ = fingerprint(command, envelope)
        try:
            if all(self._under_way[each] == 1 for each in command.aggregate_ids):
                with suppress(Refusal, VersionConflict, *_LOST, *TRANSIENT):
                    return await self._at_once(command, envelope, print_)
            for attempt in range(_ATTEMPTS):
                with suppress(*_RACES, *TRANSIENT):
                    return await self._transact(command, envelope, print_)
                await asyncio.sleep(min(_LONGEST_PAUSE_S, 0.005 * 2**attempt) * random.uniform(0.5, 1.0))
        except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError):
            pass
        raise Busy("The shop is too busy to carry this out now. Nothing was lost: send the same command id again.")

    async def _at_once(self, command: Command, envelope: Envelope, print_: bytes) -> Receipt:
        work = Work(envelope, self._reads)
        await self._handlers[type(command)](command, work)
        statement = statement_of(work, command, print_)
        with tracing.span("append"):
            return statement.receipt(await self._writes.row(statement, work.locks))

    async def _transact(self, command: Command, envelope: Envelope, print_: bytes) -> Receipt:
        """A refusal counts only if no twin of the command was accepted meanwhile: the twin would be its cause."""
        try:
            return await self._carry_out(command, envelope, print_)
        except (Refusal, VersionConflict):
            first = await _first_receipt(self._pool, envelope.command_id, print_)
            if first is None:
                raise
            return first

    async def _carry_out(self, command: Command, envelope: Envelope, print_: bytes) -> Receipt:
        async with self._pool.acquire() as connection, connection.transaction():
            first = await _first_receipt(connection, envelope.command_id, print_)
            if first is not None:
                return first
            work = Work(envelope, LockingReads(connection))
            await self._handlers[type(command)](command, work)
            try:
                with tracing.span("append"):
                    return await append(connection, statement_of(work, command, print_))
            except asyncpg.UniqueViolationError as violation:
                raise work.refusal_of(violation) or violation from None


async def _first_receipt(connection: Connection | Pool, command_id: UUID, print_: bytes) -> Receipt | None:
    row = await connection.fetchrow(_FIRST_RECEIPT, command_id)
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise CommandIdReused(command_id)
    return Receipt(command_id, row["aggregate_type"], row["aggregate_id"], row["version"], row["position"])


def statement_of(work: Work, command: Command, print_: bytes) -> Appending:
    """What the work has queued, its events and the command's record, as one statement."""
    record = AppendedCommand(type(command).__name__, print_)
    assert work.decisions, f"the handler of {record.type} decided nothing"
    decided = {each.aggregate_id for each in work.decisions}
    assert decided <= {*command.aggregate_ids}, f"{record.type} does not name all that it decides on"
    return appending(work.envelope, record, work.decisions, work.writes, work.assumptions)


def fingerprint(command: Command, envelope: Envelope) -> bytes:
    """SHA-256 of what the client said and who said it: what a command id stands for."""
    said = [type(command).__name__, envelope.actor.subject, envelope.expected_version, command.content()]
    return hashlib.sha256(encode(said)).digest()
