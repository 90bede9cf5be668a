"""Writing what several commands decided in one transaction, as long as none has to wait for another.

Every statement could go alone, and commits or fails for its own reasons. Those of one kind that are there at the same
time go together, since a round trip, a transaction and a flush cost more than the rows: first all rows that they will
lock are locked that nobody else holds, and whoever's are not all among them goes alone, to wait for itself; so those
that go together wait for nothing while they hold what others want. If anything fails, all of them go alone, and each
meets its own fate.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app.infra.appending import Appending
from app.infra.db import Connection, Pool

_MOST = 32
"""Statements that go together: what bounds how long they hold their rows."""

_PATIENCE_S = 0.05
"""After which those who came later wait no longer for those before them."""

Locks = Mapping[str, Sequence[UUID]]
"""By query, a `select … for … {waiting}`, the ids of rows that it locks; the id is its first column."""


@dataclass(frozen=True, slots=True)
class _Asked:
    statement: Appending
    locks: Locks
    answer: asyncio.Future[asyncpg.Record | None]


class SharedWrites:
    """Sends statements, together with others of their text."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lanes: dict[str, _Lane] = {}

    async def row(self, statement: Appending, locks: Locks) -> asyncpg.Record | None:
        """The row that the statement returns, when it is committed. Raises what it fails with when it goes alone."""
        lane = self._lanes.get(statement.text)
        if lane is None:
            lane = self._lanes[statement.text] = _Lane(self._pool)
        row = await lane.ask(statement, locks)
        return row or await self._pool.fetchrow(statement.text, *statement.values)


class _Lane:
    """Statements of one text: whoever comes while some are under way goes with the next."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asked: list[_Asked] = []
        self._going: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, statement: Appending, locks: Locks) -> asyncpg.Record | None:
        """The row, or None: then nothing was written, or it is unknown, and the statement must go alone."""
        answer: asyncio.Future[asyncpg.Record | None] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(statement, locks, answer))
        if self._going is None:
            self._going = asyncio.create_task(self._go())
        return await answer

    async def _go(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked[:_MOST], self._asked[_MOST:]
                await self._start(asked)
        finally:
            self._going = None

    async def _start(self, asked: Sequence[_Asked]) -> None:
        task = asyncio.create_task(self._carry_out(asked))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.wait({task}, timeout=_PATIENCE_S)

    async def _carry_out(self, asked: Sequence[_Asked]) -> None:
        try:
            if len(asked) == 1:
                await self._alone(asked[0])
            else:
                await self._together(asked)
        finally:
            for each in asked:
                if not each.answer.done():
                    each.answer.set_result(None)

    async def _alone(self, asked: _Asked) -> None:
        try:
            row = await self._pool.fetchrow(asked.statement.text, *asked.statement.values)
        except Exception as error:  # noqa: BLE001 - it is theirs who asked
            if not asked.answer.done():
                asked.answer.set_exception(error)
        else:
            if not asked.answer.done():
                asked.answer.set_result(row)

    async def _together(self, asked: Sequence[_Asked]) -> None:
        chosen: Sequence[_Asked] = ()
        rows: Sequence[asyncpg.Record] = ()
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            async with self._pool.acquire() as connection, connection.transaction():
                chosen = await _lockable(connection, _of_different_aggregates(asked))
                sent = [each.statement.values for each in chosen]
                rows = await connection.fetchmany(asked[0].statement.text, sent)
            for each, row in zip(chosen, rows, strict=True):
                if not each.answer.done():
                    each.answer.set_result(row)


def _of_different_aggregates(asked: Sequence[_Asked]) -> list[_Asked]:
    """One for each aggregate, since the second is decided on what the first has changed; and for each command id.

    In the order of command ids: should two processes be sent the same commands, neither waits for the other's in turn.
    """
    changed = set[UUID]()
    commands = dict[int, _Asked]()
    for each in asked:
        if changed.isdisjoint(each.statement.aggregates):
            changed |= each.statement.aggregates
            commands[each.statement.command_id.int] = each
    return [commands[number] for number in sorted(commands)]


async def _lockable(connection: Connection, asked: list[_Asked]) -> list[_Asked]:
    """Those whose rows are all locked now, without having waited."""
    for query in dict.fromkeys(query for each in asked for query in each.locks):
        wanted = {key for each in asked for key in each.locks.get(query, ())}
        found = await connection.fetch(query.format(waiting="skip locked"), list(wanted))
        locked = {row[0] for row in found}
        asked = [each for each in asked if locked.issuperset(each.locks.get(query, ()))]
    return asked
