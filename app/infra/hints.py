"""Wake-ups over Redis pub/sub: fast when they arrive, never needed for correctness."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import redis.asyncio as aioredis
import structlog
from redis.exceptions import RedisError

_log = structlog.get_logger()
_RECONNECT_S = 0.5

LOG = "log"
"""The topic of the log; views have their own name as topic."""


class HintSender:
    """Publishes the latest position; several commits while one message is under way become one message."""

    def __init__(self, redis: aioredis.Redis, prefix: str) -> None:
        self._redis, self._channel = redis, f"{prefix}:hint:{LOG}"
        self._latest = 0
        self._sending: asyncio.Task[None] | None = None

    def log_moved(self, position: int) -> None:
        """Says that the log reaches this position, without waiting."""
        self._latest = max(self._latest, position)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def drain(self) -> None:
        """Waits for the message under way, if there is one; call it before the client is closed."""
        if self._sending is not None:
            await self._sending

    async def _send(self) -> None:
        sent = 0
        while sent < self._latest:
            sent = self._latest
            with contextlib.suppress(RedisError, OSError):
                await self._redis.publish(self._channel, str(sent))


class HintListener:
    """Wakes those who wait for a topic. One subscription serves the whole process, and reconnects for ever."""

    def __init__(self, listening: aioredis.Redis, sending: aioredis.Redis, prefix: str) -> None:
        self._listening, self._sending, self._prefix = listening, sending, f"{prefix}:hint:"
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["HintListener"]:
        """Listens for as long as the block lasts."""
        self._task = asyncio.create_task(self._listen())
        try:
            yield self
        finally:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @contextmanager
    def subscribed(self, *topics: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever one of the topics moved; the waiter clears it."""
        woken = asyncio.Event()
        for topic in topics:
            self._waiting[topic].add(woken)
        try:
            yield woken
        finally:
            for topic in topics:
                self._waiting[topic].discard(woken)

    async def send(self, topic: str, position: int) -> None:
        """Says that a topic moved. Raises RedisError or OSError when Redis is out of reach."""
        await self._sending.publish(self._prefix + topic, str(position))

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                _log.warning("hints lost, reconnecting", error=str(error))
                await asyncio.sleep(_RECONNECT_S)

    async def _follow(self) -> None:
        async with self._listening.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.psubscribe(self._prefix + "*")
            self._wake_all()
            async for message in pubsub.listen():
                self._wake(message["channel"].decode().removeprefix(self._prefix))

    def _wake_all(self) -> None:
        for topic in list(self._waiting):
            self._wake(topic)

    def _wake(self, topic: str) -> None:
        for woken in self._waiting.get(topic, ()):
            woken.set()


async def wait(woken: asyncio.Event, timeout_s: float) -> None:
    """Waits for a hint, at most so long, and clears it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await woken.wait()
    woken.clear()
