"""Hints: they wake who waits, survive a cut connection, and are never needed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import redis.asyncio as aioredis

from app.bootstrap import open_redis
from app.infra.embedded import Servers
from app.infra.hints import LOG, VIEWS, WANTED, HintListener, HintSender
from app.infra.redis_rounds import RedisRounds
from app.kernel.clock import new_id


@dataclass(frozen=True)
class Line:
    redis: aioredis.Redis
    rounds: RedisRounds
    listener: HintListener
    prefix: str


@pytest.fixture
async def line(servers: Servers) -> AsyncIterator[Line]:
    prefix = f"hints:{new_id()}"
    async with (
        open_redis(servers.redis_url) as redis,
        open_redis(servers.redis_url) as listening,
        HintListener(listening, prefix, LOG, VIEWS, WANTED).listening() as listener,
    ):
        with listener.subscribed("anything") as connected:
            await connected.wait()
        yield Line(redis, RedisRounds(redis, prefix), listener, prefix)


async def test_a_hint_wakes_those_who_wait_for_its_topic_and_nobody_else(line: Line) -> None:
    with line.listener.subscribed("orders", "products") as mine, line.listener.subscribed("customers") as other:
        await line.rounds.tell("products")
        await mine.wait()
        assert not other.is_set()
    await line.rounds.tell("products")
    assert not any(line.listener._waiting.values()), "who has gone is forgotten"


async def test_a_commit_wakes_those_who_follow_the_log(line: Line) -> None:
    sender = HintSender(line.redis, line.prefix)
    with line.listener.subscribed(LOG) as woken, line.listener.subscribed("orders") as other:
        for position in (5, 9, 7):
            sender.log_moved(position)
        await sender.drain()
        await woken.wait()
        assert not other.is_set()


async def test_whoever_waits_for_a_view_tells_those_who_project_it(line: Line) -> None:
    sender = HintSender(line.redis, line.prefix)
    with line.listener.subscribed("orders") as orders, line.listener.subscribed("products") as products:
        for view in ("orders", "products", "orders"):
            sender.wanted(view)
        await sender.drain()
        await asyncio.gather(orders.wait(), products.wait())


async def test_a_cut_connection_is_made_again_and_whoever_waits_looks_for_himself(line: Line) -> None:
    with line.listener.subscribed("orders") as woken:
        await line.redis.client_kill_filter(_type="pubsub")
        await woken.wait()
        woken.clear()
        await line.rounds.tell("orders")
        await woken.wait()


async def test_nobody_is_held_up_by_a_redis_that_is_away() -> None:
    async with open_redis("unix:///nowhere/redis.sock") as nowhere:
        sender = HintSender(nowhere, "hints")
        sender.log_moved(5)
        sender.wanted("orders")
        await sender.drain()
        async with HintListener(nowhere, "hints", LOG).listening() as listener:
            with listener.subscribed("orders") as woken:
                await asyncio.sleep(0)
                assert not woken.is_set()
