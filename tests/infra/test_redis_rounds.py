"""Round trips to Redis that many share: every script is answered, and one message tells of all that moved."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import redis.asyncio as aioredis
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import ResponseError

from app.bootstrap import open_redis
from app.infra.embedded import Servers
from app.infra.hints import VIEWS
from app.infra.redis_rounds import RedisRounds
from app.kernel.clock import new_id

ECHO = "return {KEYS[1], ARGV[1]}"
COUNT = "return redis.call('INCR', KEYS[1])"


@dataclass(frozen=True)
class Line:
    redis: aioredis.Redis
    rounds: RedisRounds
    prefix: str

    async def said(self, pubsub: aioredis.client.PubSub) -> list[set[str]]:
        """Which views moved, message by message."""
        found = []
        while message := await pubsub.get_message(timeout=0.1):
            found.append(set(message["data"].decode().split(",")))
        return found


@pytest.fixture
async def line(servers: Servers) -> AsyncIterator[Line]:
    prefix = f"rounds:{new_id()}"
    async with open_redis(servers.redis_url) as redis:
        yield Line(redis, RedisRounds(redis, prefix), prefix)


@pytest.fixture
async def listening(line: Line) -> AsyncIterator[aioredis.client.PubSub]:
    async with line.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(f"{line.prefix}:hint:{VIEWS}")
        await pubsub.get_message(timeout=1)
        yield pubsub


async def test_every_script_has_its_own_answer_whether_redis_knows_it_or_not(line: Line) -> None:
    echo, count = line.redis.register_script(ECHO), line.redis.register_script(COUNT)
    for _ in range(2):
        await line.redis.script_flush()
        for _ in range(2):
            wishes = [line.rounds.run(echo, [f"k{n}"], [n], "orders") for n in range(5)]
            answers = await asyncio.gather(*wishes, line.rounds.run(count, [f"{line.prefix}:n"], [], None))
            assert answers[:5] == [[f"k{n}".encode(), str(n).encode()] for n in range(5)]
    assert answers[5] == 4


async def test_one_message_tells_of_all_views_that_moved(line: Line, listening: aioredis.client.PubSub) -> None:
    echo = line.redis.register_script(ECHO)
    await asyncio.gather(
        line.rounds.run(echo, ["k"], [1], "orders"),
        line.rounds.run(echo, ["k"], [2], "orders"),
        line.rounds.run(echo, ["k"], [2], None),
        line.rounds.tell("sales"),
        line.rounds.tell("products"),
    )
    assert await line.said(listening) == [{"orders", "sales", "products"}]
    await line.rounds.run(echo, ["k"], [2], None)
    assert await line.said(listening) == []


async def test_who_is_told_finds_what_the_script_wrote(line: Line, listening: aioredis.client.PubSub) -> None:
    slowly = line.redis.register_script("local t = 0 for n = 1, 3000000 do t = t + n end redis.call('SET', KEYS[1], t)")
    await line.redis.script_load(slowly.script)
    writing = asyncio.create_task(line.rounds.run(slowly, [f"{line.prefix}:k"], [], "orders"))
    assert await listening.get_message(timeout=5)
    assert await line.redis.get(f"{line.prefix}:k") is not None
    await writing


async def test_what_writes_much_keeps_nobody_waiting(line: Line, listening: aioredis.client.PubSub) -> None:
    """It goes in a round of its own."""
    echo = line.redis.register_script(ECHO)
    await asyncio.gather(line.rounds.run(echo, ["k"] * 1_000, [1], "orders"), line.rounds.tell("sales"))
    assert sorted(await line.said(listening), key=sorted) == [{"orders"}, {"sales"}]


async def test_a_script_that_fails_fails_for_one(line: Line) -> None:
    echo, broken = line.redis.register_script(ECHO), line.redis.register_script("return redis.call('NONSENSE')")
    answers = await asyncio.gather(
        line.rounds.run(echo, ["k"], [1], "orders"),
        line.rounds.run(broken, ["k"], [], "orders"),
        line.rounds.tell("orders"),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [list, ResponseError, type(None)]


async def test_a_redis_that_is_away_is_everybodys_trouble() -> None:
    async with open_redis("unix:///nowhere/redis.sock") as nowhere:
        rounds, echo = RedisRounds(nowhere, "rounds"), nowhere.register_script(ECHO)
        wishes = (rounds.run(echo, ["k"], [1], "orders"), rounds.tell("sales"))
        answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [RedisGone] * 2
