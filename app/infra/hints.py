"""Wake-ups over Redis pub/sub: fast when they arrive, never needed for correctness."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

import redis.asyncio as aioredis
import structlog
from redis.exceptions import RedisError

_log = structlog.get_logger()
_RECONNECT_S = 0.5

LOG = "log"
"""The topic of the log, and its channel."""

VIEWS = "views"
"""The channel of views: a message names those that moved, with commas between. Each is a topic of its own."""

WANTED = "wanted"
"""The channel of those who wait for views: a message names these, likewise."""


class HintSender:
    """Publishes without letting anybody wait; what is said while one message is under way becomes one message."""

    def __init__(self, redis: aioredis.Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, f"{prefix}:hint:"
        self._said: dict[str, set[str]] = {}
        self._sending: asyncio.Task[None] | None = None

    def log_moved(self, position: int) -> None:
        """Says that the log reaches this position, or one that was said before."""
        self._say(LOG, str(position))

    def wanted(self, view: str) -> None:
        """Says that somebody waits for the view to move."""
        self._say(WANTED, view)

    async def drain(self) -> None:
        """Waits for the message under way, if there is one; call it before the client is closed."""
        if self._sending is not None:
            await self._sending

    def _say(self, channel: str, topic: str) -> None:
        self._said.setdefault(channel, set()).add(topic)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._said:
            channel, topics = self._said.popitem()
            with contextlib.suppress(RedisError, OSError):
                await self._redis.publish(self._prefix + channel, ",".join(topics))


class HintListener:
    """Wakes those who wait for topics of its channels. One subscription serves the process, and is renewed for ever."""

    def __init__(self, redis: aioredis.Redis, prefix: str, *channels: str) -> None:
        self._redis, self._prefix, self._channels = redis, f"{prefix}:hint:", channels
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self.heard = self.interruptions = 0
        """Messages, and how often the subscription was lost, and with it what was said meanwhile."""

    @property
    def is_listening(self) -> bool:
        """Whether somebody listens, or tries to."""
        return self._task is not None and not self._task.done()

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

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                self.interruptions += 1
                _log.warning("hints lost, reconnecting", error=str(error))
                await asyncio.sleep(_RECONNECT_S)

    async def _follow(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(*(self._prefix + channel for channel in self._channels))
            self._wake(list(self._waiting))
            async for message in pubsub.listen():
                self.heard += 1
                log_moved = message["channel"].decode() == self._prefix + LOG
                self._wake([LOG] if log_moved else message["data"].decode().split(","))

    def _wake(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for woken in self._waiting.get(topic, ()):
                woken.set()


async def wait(woken: asyncio.Event, timeout_s: float) -> bool:
    """Waits for a hint, at most so long, and clears it. Returns whether there was one."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await woken.wait()
    hinted = woken.is_set()
    woken.clear()
    return hinted
