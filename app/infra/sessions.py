"""Statements over the connections of a pool, of which each serves many before it goes back.

To take a connection out of the pool and to give it back costs this process as much as a small statement.
"""

import asyncio
import contextlib
from collections import deque
from typing import Any, Final

import asyncpg

from app.infra.db import TRANSIENT, Pool
from app.infra.server_lives import ServerLives

_MOST_STATEMENTS: Final = 200
"""After so many in a row it is the turn of those who wait for the pool itself."""

_IDLE_S: Final = 0.02


class _Session:
    """A connection that is out of the pool, and the life of the server to which it leads."""

    __slots__ = ("connection", "life", "statements", "swept_at")

    def __init__(self, connection: asyncpg.pool.PoolConnectionProxy, life: int) -> None:
        self.connection, self.life = connection, life
        self.statements, self.swept_at = 0, -1

    def is_good(self, life: int) -> bool:
        """Whether it may serve once more, in this life."""
        return self.life == life and self.statements < _MOST_STATEMENTS and self._is_open()

    def _is_open(self) -> bool:
        """What the server has closed, the pool has taken back, and it answers no more questions."""
        try:
            return not self.connection.is_closed()
        except asyncpg.InterfaceError:
            return False


class Sessions:
    """Runs single statements that only read.

    A connection that leads to another life of the server than the present one, or over which anything went wrong, is
    the pool's to judge.
    """

    def __init__(self, pool: Pool, lives: ServerLives) -> None:
        self._pool, self._lives = pool, lives
        self._idle: list[_Session] = []
        self._waiting: deque[asyncio.Future[_Session | None]] = deque()
        self._out = 0
        self._sweeping = False
        self._returning: set[asyncio.Task[None]] = set()

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """All rows."""
        session = self._at_hand() or await self._taken()
        try:
            rows: list[asyncpg.Record] = await session.connection.fetch(statement, *values)
        except BaseException:
            self._give_back(session)
            raise
        session.statements += 1
        self._keep(session)
        return rows

    async def fetchval(self, statement: str, *values: Any) -> Any:
        """The first value of the first row, None where there is none."""
        rows = await self.fetch(statement, *values)
        return rows[0][0] if rows else None

    def _at_hand(self) -> _Session | None:
        while self._idle:
            session = self._idle.pop()
            if session.is_good(self._lives.count):
                return session
            self._give_back(session)
        return None

    async def _taken(self) -> _Session:
        """Somebody else's who is done with it, if all are out, or one of the pool's."""
        if self._out >= self._pool.get_max_size() and (session := await self._passed_on()) is not None:
            return session
        self._out += 1
        try:
            connection = await self._pool.acquire()
        except BaseException:
            self._gone()
            raise
        return _Session(connection, self._lives.count)

    async def _passed_on(self) -> _Session | None:
        waiting: asyncio.Future[_Session | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._decline(waiting.result())
            raise

    def _decline(self, session: _Session | None) -> None:
        """Somebody was given their turn who does not want it any more."""
        if session is not None:
            self._keep(session)
        else:
            self._pass_on(None)

    def _keep(self, session: _Session) -> None:
        if not session.is_good(self._lives.count):
            self._give_back(session)
        elif not self._pass_on(session):
            self._idle.append(session)
            self._sweep_later()

    def _pass_on(self, session: _Session | None) -> bool:
        """Whether there was somebody who waits; with None they have to ask the pool."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(session)
                return True
        return False

    def _give_back(self, session: _Session) -> None:
        returning = asyncio.ensure_future(self._return(session))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)

    async def _return(self, session: _Session) -> None:
        try:
            with contextlib.suppress(*TRANSIENT):
                await self._pool.release(session.connection)
        finally:
            self._gone()

    def _gone(self) -> None:
        self._out -= 1
        self._pass_on(None)

    def _sweep_later(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(_IDLE_S, self._sweep)

    def _sweep(self) -> None:
        """Gives back what nobody has used since the last time."""
        self._sweeping = False
        idle, self._idle = self._idle, []
        for session in idle:
            if session.swept_at == session.statements:
                self._give_back(session)
            else:
                session.swept_at = session.statements
                self._idle.append(session)
        if self._idle:
            self._sweep_later()
