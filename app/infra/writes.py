"""Writing rows and checkpoints of all the shards of a worker process at once.

Every shard keeps its own fence: its rows are written if its checkpoint moves, and only then. What one of them cannot
write is written by none of them in that statement, so each is then written by itself, and only it fails. And nobody
waits for a checkpoint that somebody else has locked but the one whose it is.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import asyncpg

from app.infra.db import TRANSIENT, Connection, Pool
from app.infra.table_views import Progress, TableView, Write, moving, parameters
from app.infra.tables import Table
from app.infra.together import Together

_MOST_BYTES = 100_000
"""What writes more goes by itself, and nobody waits for it."""

_KEPT_STATEMENTS = 32
"""Fewer than asyncpg keeps prepared for a connection."""


class Writes:
    """Writes what folding has made of shards, those that fall together in one statement.

    What somebody waits for goes apart from the rest, and of the rest what is in Redis, since readers are likely to come
    for one of its rows by its id.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._hurried, self._in_redis, self._others = Together(self._go), Together(self._go), Together(self._go)
        self._passing, self._patient = _Statements(patient=False), _Statements(patient=True)

    async def write(
        self,
        table: TableView[Any],
        progress: Progress,
        rows: Sequence[bytes] = (),
        entities: Sequence[bytes] = (),
        *,
        hurried: bool = False,
    ) -> None:
        """Moves the checkpoint, and writes rows and entities with it, as their tables' `document` gives them.

        Raises Fenced, and writes nothing, if the epoch or start is not ours, whatever the others' are.
        """
        write = table.write(progress, rows, entities)
        line = self._hurried if hurried else self._in_redis if table.view.in_redis else self._others
        together = write.size <= _MOST_BYTES and await line.ask(write)
        if not together and (error := await self._alone(write)):
            raise error

    async def write_beside(
        self,
        table: TableView[Any],
        progress: Progress,
        documents: tuple[Sequence[bytes], Sequence[bytes]],
        beside: Callable[[Connection], Awaitable[None]],
        *,
        amending: bool = False,
    ) -> None:
        """The same for one shard alone, of rows and entities, in a transaction in which `beside` writes, too.

        When `amending`, rows may be written anew that are at their position already.
        """
        write = table.write(progress, *documents)
        async with self._pool.acquire() as connection, connection.transaction():
            statement = moving(tables := [*write.documents], patient=True, amending=amending)
            if await connection.fetchval(statement, *parameters(tables, [write])) is None:
                raise write.fenced()
            await beside(connection)
            if amending:  # what is amended is not projected again, so the commit waits for the disk
                await connection.execute("set local synchronous_commit = on")

    async def _go(self, writes: Sequence[Write]) -> Sequence[bool]:
        """Which of them are written. Those that are not have to try by themselves, and find out why."""
        try:
            return await self._all(writes, self._passing)
        except TRANSIENT:
            raise
        except asyncpg.PostgresError:
            return [False] * len(writes)

    async def _alone(self, write: Write) -> Exception | None:
        try:
            (written,) = await self._all([write], self._patient)
        except asyncpg.UndefinedTableError:
            return write.fenced()
        except (asyncpg.PostgresError, *TRANSIENT) as error:
            return error
        return None if written else write.fenced()

    async def _all(self, writes: Sequence[Write], statements: "_Statements") -> Sequence[bool]:
        try:
            found = await self._written(writes, statements)
        except asyncpg.UndefinedTableError:  # of a generation that was dropped: perhaps none of these is of it
            statements.forget()
            found = await self._written(writes, statements)
        moved = {tuple(row)[:4] for row in found}
        return [write.epoch in moved for write in writes]

    async def _written(self, writes: Sequence[Write], statements: "_Statements") -> Sequence[asyncpg.Record]:
        tables, statement = statements.over({table for write in writes for table in write.documents})
        return await self._pool.fetch(statement, *parameters(tables, writes))


class _Statements:
    """The statements in use, so few of them that every connection keeps them prepared.

    A statement does as well for fewer tables than it writes, but each costs a little even where it gets no rows.
    """

    def __init__(self, *, patient: bool) -> None:
        self._patient = patient
        self._known: OrderedDict[frozenset[Table[Any]], tuple[Sequence[Table[Any]], str]] = OrderedDict()

    def over(self, tables: Collection[Table[Any]]) -> tuple[Sequence[Table[Any]], str]:
        """A statement that writes to these tables, and all tables that it writes to, in the order of parameters."""
        wanted = frozenset(tables)
        found = self._closest(wanted)
        if found is None:
            found, order = wanted, sorted(wanted, key=lambda table: table.table)
            self._known[found] = order, moving(order, patient=self._patient)
        self._known.move_to_end(found)
        if len(self._known) > _KEPT_STATEMENTS:
            self._known.popitem(last=False)
        return self._known[found]

    def forget(self) -> None:
        """Uses none of them again: one names a table that is not there any more."""
        self._known.clear()

    def _closest(self, wanted: frozenset[Table[Any]]) -> frozenset[Table[Any]] | None:
        most = len(wanted) + len(wanted) // 2
        enough = [known for known in self._known if len(known) <= most and known >= wanted]
        return min(enough, key=len, default=None)
