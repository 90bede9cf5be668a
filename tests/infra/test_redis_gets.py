"""Reads that share a moment of Redis: one round trip for all who ask, and nobody waits for ever."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import redis.asyncio as aioredis
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from app.bootstrap import open_redis
from app.infra import redis_gets as module
from app.infra.decoded import Decoded
from app.infra.embedded import Servers
from app.infra.redis_gets import Moment, RedisGets
from app.kernel.clock import new_id

LONG = 30.0


@dataclass(frozen=True)
class Shelf:
    """Ten keys of Redis, each with its own number."""

    redis: aioredis.Redis
    gets: RedisGets
    prefix: str

    def name(self, n: int) -> bytes:
        return f"{self.prefix}:{n}".encode()

    async def fill(self) -> None:
        await self.redis.mset({self.name(n): str(n) for n in range(10)})

    def ask(self, *numbers: int) -> asyncio.Task[Moment]:
        """Somebody who asks, each in a task of their own."""

        async def asking() -> Moment:
            return await self.gets.ask(*map(self.name, numbers))

        return asyncio.create_task(asking())

    async def mgets(self) -> int:
        """How many there were since Redis started."""
        calls: int = (await self.redis.info("commandstats"))["cmdstat_mget"]["calls"]
        return calls


@pytest.fixture
async def shelf(servers: Servers) -> AsyncIterator[Shelf]:
    async with open_redis(servers.redis_url, socket_timeout=1.0) as redis:
        made = Shelf(redis, RedisGets(redis), f"gets:{new_id()}")
        await made.fill()
        await made.ask(0)
        yield made


@contextmanager
def silenced(servers: Servers) -> Iterator[None]:
    """Redis takes what is said to it and answers nothing, until the block ends."""
    assert servers.redis is not None
    assert servers.redis.pid is not None
    os.kill(servers.redis.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if servers.redis.pid is not None:
            os.kill(servers.redis.pid, signal.SIGCONT)


async def outcomes(asking: list[asyncio.Task[Moment]]) -> list[Moment | BaseException]:
    async with asyncio.timeout(LONG):
        return await asyncio.gather(*asking, return_exceptions=True)


async def test_what_many_ask_for_in_one_turn_is_one_command_that_names_each_key_once(shelf: Shelf) -> None:
    before = await shelf.mgets()
    moments = await asyncio.gather(*(shelf.ask(n, 9) for n in range(9)))
    assert [moment[shelf.name(n)] for n, moment in enumerate(moments)] == [str(n).encode() for n in range(9)]
    assert await shelf.mgets() == before + 1
    assert {len(moment) for moment in moments} == {10}, "all were told of one moment"


async def test_what_is_not_there_is_none(shelf: Shelf) -> None:
    assert (await shelf.ask(77))[shelf.name(77)] is None


async def test_who_asks_while_redis_answers_others_goes_together_with_the_next(shelf: Shelf, servers: Servers) -> None:
    before = await shelf.mgets()
    with silenced(servers):
        first = shelf.ask(1)
        await asyncio.sleep(0.05)
        later = [shelf.ask(n) for n in (2, 3)]
        await asyncio.sleep(0.05)
    found = await asyncio.gather(first, *later)
    assert [moment[shelf.name(n)] for n, moment in enumerate(found, 1)] == [b"1", b"2", b"3"]
    assert await shelf.mgets() == before + 2


async def test_an_answer_in_many_parts_is_put_together(shelf: Shelf) -> None:
    large = os.urandom(3_000_000)
    await shelf.redis.set(shelf.name(5), large)
    assert (await shelf.ask(4, 5, 6)) == {shelf.name(4): b"4", shelf.name(5): large, shelf.name(6): b"6"}


async def test_somebody_who_gives_up_disturbs_nobody(shelf: Shelf, servers: Servers) -> None:
    with silenced(servers):
        asking = [shelf.ask(n) for n in range(3)]
        await asyncio.sleep(0.05)
        gathered = [shelf.ask(n) for n in range(3, 6)]
        await asyncio.sleep(0.05)
        for given_up in (asking[1], gathered[1]):
            given_up.cancel()
    found = await outcomes([*asking, *gathered])
    assert [isinstance(each, asyncio.CancelledError) for each in found] == [False, True, False] * 2
    assert [each[shelf.name(n)] for n, each in enumerate(found) if isinstance(each, dict)] == [b"0", b"2", b"3", b"5"]


async def test_a_redis_that_dies_fails_all_who_wait_and_is_found_again(shelf: Shelf, servers: Servers) -> None:
    with silenced(servers):
        asking = [shelf.ask(1)]
        await asyncio.sleep(0.05)
        asking += [shelf.ask(2), shelf.ask(3)]
        await asyncio.sleep(0.05)
        servers.kill_redis()
        found = await outcomes(asking)
    assert all(isinstance(each, RedisError | OSError) for each in found)
    assert isinstance((await outcomes([shelf.ask(1)]))[0], RedisError | OSError), "nobody is there"
    servers.revive()
    await shelf.fill()
    assert (await shelf.ask(1))[shelf.name(1)] == b"1"


async def test_a_redis_that_says_nothing_fails_all_who_wait_at_once(
    shelf: Shelf, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.2)
    with silenced(servers):
        asking = [shelf.ask(1)]
        await asyncio.sleep(0.1)
        asking += [shelf.ask(2), shelf.ask(3)]
        found = await outcomes(asking)
        assert [type(each) for each in found] == [RedisTimeout] * 3
    assert (await shelf.ask(2))[shelf.name(2)] == b"2", "what was answered too late is not taken for this answer"


async def test_what_redis_refuses_is_told_and_the_next_question_is_answered(shelf: Shelf) -> None:
    await shelf.redis.acl_setuser("default", enabled=True, commands=["-mget"])
    try:
        assert [type(each) for each in await outcomes([shelf.ask(1), shelf.ask(2)])] == [ResponseError] * 2
    finally:
        await shelf.redis.acl_setuser("default", enabled=True, commands=["+mget"])
    assert (await shelf.ask(1))[shelf.name(1)] == b"1"


class TestDecoded:
    """What was decoded stands for a document only as long as that is the same."""

    def test_a_document_is_decoded_once_as_long_as_it_is_the_same(self) -> None:
        decoded, calls = Decoded(), list[bytes]()

        def decode(document: bytes) -> bytes:
            calls.append(document)
            return document.upper()

        assert [decoded.of(b"k", b"one", decode) for _ in range(3)] == [b"ONE"] * 3
        assert decoded.of(b"k", b"two", decode) == b"TWO"
        assert decoded.of(b"k", b"one", decode) == b"ONE", "also when it becomes again what it was"
        assert decoded.of(b"l", b"one", decode) == b"ONE"
        assert calls == [b"one", b"two", b"one", b"one"]

    def test_what_was_not_asked_for_lately_is_forgotten_and_the_rest_is_not(self) -> None:
        decoded, calls = Decoded(most_bytes=30), list[bytes]()

        def decode(document: bytes) -> bytes:
            calls.append(document)
            return document

        for n in range(20):
            decoded.of(b"often", b"0123456789", decode)
            decoded.of(str(n).encode(), b"0123456789", decode)
        assert len(calls) == 21
        assert len(decoded._newer) + len(decoded._older) < 8
