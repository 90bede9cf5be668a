"""Rows by their ids, for commands: as they are now, together with what others ask for; or locked, for one alone."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import asyncpg

from app.infra.db import Connection, Pool
from app.infra.together import Together

Rows = Mapping[UUID, asyncpg.Record]


class Reads(Protocol):
    """Where a command's work reads."""

    @property
    def locking(self) -> bool:
        """True if what was locked stays as it is until the work is done."""

    async def lock(self, query: str, ids: Sequence[UUID]) -> None:
        """Locks what the query selects `for` something, where this is locking."""

    async def rows(self, query: str, ids: Sequence[UUID]) -> Rows:
        """By id, the rows that a `select` of `any($1::uuid[])` finds. The id is its first column."""


class SharedReads:
    """Reads without locks. What is asked for at about the same time with one query is read in one go."""

    locking = False

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._rounds: dict[str, Together[Sequence[UUID], Rows]] = {}

    async def lock(self, query: str, ids: Sequence[UUID]) -> None:
        """Locks nothing."""

    async def rows(self, query: str, ids: Sequence[UUID]) -> Rows:
        """The rows as they were committed at some moment after this was asked; all of them at the same."""
        rounds = self._rounds.get(query)
        if rounds is None:
            rounds = self._rounds[query] = Together(_Round(self._pool, query))
        return await rounds.ask(ids)


class _Round:
    """Reads for all who ask; each is given the rows of all, and looks for its own."""

    def __init__(self, pool: Pool, query: str) -> None:
        self._pool, self._query = pool, query

    async def __call__(self, asked: Sequence[Sequence[UUID]]) -> Sequence[Rows]:
        wanted = asked[0] if len(asked) == 1 else list({each for ids in asked for each in ids})
        found = _by_id(await self._pool.fetch(self._query, wanted))
        return [found] * len(asked)


class LockingReads:
    """Locks and reads within the transaction that is open on a connection."""

    locking = True

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def lock(self, query: str, ids: Sequence[UUID]) -> None:
        """Locks until the transaction ends."""
        await self.connection.execute(query, ids)

    async def rows(self, query: str, ids: Sequence[UUID]) -> Rows:
        """The rows as they are now."""
        return _by_id(await self.connection.fetch(query, ids))


def _by_id(rows: Sequence[asyncpg.Record]) -> Rows:
    return {row[0]: row for row in rows}
