"""Reading keys of Redis together: what many ask for in one turn of the event loop is one MGET, over one connection."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import hiredis
import redis.asyncio as aioredis
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import InvalidResponse, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

_TIMEOUT_S = 1.0
"""How long Redis may take to answer."""

Moment = Mapping[bytes, bytes | None]
"""What keys held at one moment, None those that are not there."""


class RedisGets:
    """Answers who asks in the same turn of the event loop, or while Redis answers others, out of one moment.

    The connection is one of the client's, which closes it in the end; one that is lost is replaced when next somebody
    asks. What goes wrong goes wrong for all who wait then, at once: they have other places to look.
    """

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis
        self._line: _Line | None = None
        self._busy = False
        self._names: dict[bytes, None] = {}
        self._waiting: list[asyncio.Future[Moment]] = []
        self._asked: tuple[Sequence[bytes], Sequence[asyncio.Future[Moment]]] = ((), ())
        self._soon: asyncio.Handle | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def ask(self, *names: bytes) -> asyncio.Future[Moment]:
        """What these keys hold, and others perhaps. Raises RedisError or OSError."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Moment] = loop.create_future()
        for name in names:
            self._names[name] = None
        self._waiting.append(answer)
        if not self._busy:
            self._busy = True
            self._soon = loop.call_soon(self._go)
        return answer

    def _go(self) -> None:
        if self._line is None:
            self._connecting = asyncio.create_task(self._connect())
            return
        self._asked = tuple(self._names), self._waiting
        self._names, self._waiting = {}, []
        self._line.send("MGET", *self._asked[0])
        self._deadline = asyncio.get_running_loop().call_later(_TIMEOUT_S, self._give_up, self._line)

    async def _connect(self) -> None:
        try:
            self._line = await _Line.open(self._redis.connection_pool, self)
        except Exception as error:  # noqa: BLE001 - it is theirs who asked
            self._fail(error)
        else:
            self._go()

    def answered(self, answer: Any) -> None:
        """Takes the answer to what was asked, and asks for what has gathered meanwhile."""
        if isinstance(answer, Exception):
            self._fail(answer)
            return
        names, asked = self._settle()
        self._busy = bool(self._waiting)
        if self._busy:
            self._go()
        moment = dict(zip(names, answer, strict=True))
        for future in asked:
            if not future.done():
                future.set_result(moment)

    def lost(self, line: "_Line", error: Exception | None) -> None:
        """Takes note that the connection is gone."""
        if line is self._line:
            self._line = None
            self._fail(RedisGone(f"the connection was lost: {error or 'closed by Redis'}"))

    def _give_up(self, line: "_Line") -> None:
        self._line = None
        line.abort()
        self._fail(RedisTimeout(f"no answer within {_TIMEOUT_S} s"))

    def _settle(self) -> tuple[Sequence[bytes], Sequence[asyncio.Future[Moment]]]:
        """What was asked, and by whom, which is over now."""
        if self._deadline is not None:
            self._deadline.cancel()
        settled, self._asked = self._asked, ((), ())
        return settled

    def _fail(self, error: Exception) -> None:
        if self._soon is not None:
            self._soon.cancel()
        failed = [*self._settle()[1], *self._waiting]
        self._names, self._waiting, self._busy = {}, [], False
        for future in failed:
            if not future.done():
                future.set_exception(error)


class _Line(asyncio.Protocol):
    """A connection that asks one thing at a time. The client makes it and logs in; then its bytes come here."""

    def __init__(self, connection: Any, pool: aioredis.ConnectionPool, gets: RedisGets) -> None:
        self._connection, self._pool, self._gets = connection, pool, gets
        self._transport: Any = connection._writer.transport  # noqa: SLF001 - it has no other name
        self._before = self._transport.get_protocol()
        self._reader = hiredis.Reader(protocolError=InvalidResponse, replyError=ResponseError)
        self._transport.set_protocol(self)
        self._returning: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, pool: aioredis.ConnectionPool, gets: RedisGets) -> "_Line":
        """Raises RedisError or OSError."""
        return cls(await pool.get_connection(), pool, gets)

    def send(self, *command: Any) -> None:
        """Sends it, and does not wait."""
        self._transport.write(hiredis.pack_command(command))

    def abort(self) -> None:
        """Closes without waiting."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Takes a part of an answer."""
        try:
            self._reader.feed(data)
            answer = self._reader.gets()
        except RedisError:
            self.abort()
            return
        if answer is not False:
            self._gets.answered(answer)

    def connection_lost(self, error: Exception | None) -> None:
        """Gives the connection back to the client, who may make another of it."""
        self._before.connection_lost(error)
        self._gets.lost(self, error)
        self._returning = asyncio.create_task(self._give_back())

    async def _give_back(self) -> None:
        await self._connection.disconnect(nowait=True)
        await self._pool.release(self._connection)
