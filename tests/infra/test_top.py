"""Reading rankings: as fresh as wanted, or said not to be, and left to the flat table where Redis cannot tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.hints import VIEWS, HintListener
from app.infra.redis_rankings import Top
from app.infra.redis_views import RedisView
from app.infra.wanted import Behind, Wanted
from tests.infra.stand import Stand, opened
from tests.infra.tally import RANKED, Workshop, places, workshops
from tests.support.installation import installation

LONG_S = 60.0


@pytest.fixture(scope="module")
async def built(servers: Servers) -> AsyncIterator[Workshop]:
    async with installation(servers) as made, workshops(made, RANKED) as shop_floors:
        yield shop_floors[RANKED.name]


@pytest.fixture
async def stand(built: Workshop) -> Stand:
    return await opened(built)


@asynccontextmanager
async def reading(made: Workshop, redis_url: str | None = None) -> AsyncIterator[ReadModels]:
    """A process that reads the view, from this Redis or another."""
    async with (
        bootstrap.open_redis(redis_url or made.made.redis_url) as redis,
        HintListener(made.redis, made.prefix, VIEWS).listening() as hints,
    ):
        documents: dict[str, RedisView[Any]] = {RANKED.name: RedisView(redis, made.prefix, made.table)}
        yield ReadModels(made.pool, {RANKED.name: made.table}, documents, hints)


async def test_an_answer_as_fresh_as_wanted(stand: Stand) -> None:
    await stand.write(0, 5, places("tea", 3, day=2))
    async with reading(stand.made) as reads:
        for wanted in (Wanted(), Wanted(position=5)):
            assert await reads.top(RANKED, [["day"]], 10, wanted) == (5, [Top("tea", (2,))])


async def test_a_view_that_has_not_come_so_far_says_so(stand: Stand) -> None:
    await stand.write(0, 5, places("tea", 3, day=2))
    async with reading(stand.made) as reads:
        behind = await reads.top(RANKED, [["day"]], 10, Wanted(position=6))
    assert isinstance(behind, Behind)
    assert (behind.checkpoint, behind.freshness.head) == (5, 6)


async def test_the_wait_ends_when_the_position_is_reached(stand: Stand) -> None:
    async with reading(stand.made) as reads:
        asked = reads.top(RANKED, [["day", "week"]], 10, Wanted(position=9, wait_s=LONG_S), kept_ms=60_000)
        waiting = asyncio.create_task(asked)
        await stand.write(0, 5, places("tea", 3, day=2))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await stand.write(5, 9, places("tea", 9, day=3, week=1))
        async with asyncio.timeout(10):
            assert await waiting == (9, [Top("tea", (4,))])


@pytest.mark.parametrize("gone", ["flushed", "out of reach"])
async def test_without_redis_only_the_table_can_tell_once_it_is_far_enough(stand: Stand, gone: str) -> None:
    await stand.write(0, 5, places("tea", 3, day=2))
    await stand.made.redis.flushall()
    async with reading(stand.made, "unix:///nowhere/redis.sock" if gone == "out of reach" else None) as reads:
        assert await reads.top(RANKED, [["day"]], 10, Wanted(position=5)) is None
        assert isinstance(await reads.top(RANKED, [["day"]], 10, Wanted(position=9)), Behind)
        asked = reads.top(RANKED, [["day"]], 10, Wanted(position=9, wait_s=LONG_S))
        waiting = asyncio.create_task(asked)
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await stand.write(5, 9, places("tea", 9, day=3), redis=False)
        async with asyncio.timeout(10):
            assert await waiting is None


async def test_a_redis_behind_its_table_is_waited_for_and_then_left(stand: Stand) -> None:
    await stand.write(0, 5, places("tea", 3, day=2))
    await stand.write(5, 9, places("tea", 9, day=3), redis=False)
    async with reading(stand.made) as reads:
        assert await reads.top(RANKED, [["day"]], 10, Wanted(position=9, wait_s=0.2)) is None
