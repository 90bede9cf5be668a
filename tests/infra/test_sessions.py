"""Connections that serve many statements before they go back, and those for whom they must not stand in the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from app.infra.db import QUERY_ROLE, TRANSIENT, Pool, open_pool
from app.infra.embedded import Servers
from app.infra.server_lives import ServerLives
from app.infra.sessions import Sessions
from tests.support.installation import installation
from tests.write_model.floor import until

WHO = "select pg_backend_pid()"


@dataclass
class Desk:
    """Sessions over a pool of their own."""

    pool: Pool
    lives: ServerLives
    sessions: Sessions

    async def who(self) -> int:
        found: int = await self.sessions.fetchval(WHO)
        return found

    async def all_back(self) -> bool:
        return self.pool.get_idle_size() == self.pool.get_size()


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    async with installation(servers) as made:
        yield made.database_url


@pytest.fixture(params=[1, 3])
async def desk(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    lives = ServerLives()
    async with asyncio.timeout(30), await open_pool(url, QUERY_ROLE, size=request.param, greet=lives.greet) as pool:
        lives.of(pool)
        yield Desk(pool, lives, Sessions(pool, lives))


async def test_the_same_connection_serves_one_statement_after_the_other_and_then_goes_back(desk: Desk) -> None:
    assert len({await desk.who() for _ in range(20)}) == 1
    assert not await desk.all_back()
    await until(desk.all_back)


async def test_many_at_once_all_have_their_own_answer(desk: Desk) -> None:
    asked = [desk.sessions.fetchval("select $1::int + 0 * length(pg_sleep(0.001)::text)", n) for n in range(500)]
    assert await asyncio.gather(*asked) == list(range(500))
    assert desk.pool.get_size() <= desk.pool.get_max_size()


async def test_nothing_is_found_in_no_rows(desk: Desk) -> None:
    assert await desk.sessions.fetchval("select 1 where false") is None
    assert await desk.sessions.fetch("select 1 where false") == []


async def test_those_who_want_the_pool_itself_have_their_turn(desk: Desk) -> None:
    async def busily() -> None:
        while True:
            await desk.who()

    busy = [asyncio.create_task(busily()) for _ in range(8)]
    await desk.who()
    for _ in range(5):
        assert await desk.pool.fetchval("select 1") == 1
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_what_goes_wrong_is_raised_and_stands_in_nobodys_way(desk: Desk) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await desk.sessions.fetch("select 1 / 0")
        assert await desk.sessions.fetchval("select 7") == 7


async def test_who_does_not_wait_to_the_end_leaves_no_answer_to_others(desk: Desk) -> None:
    for _ in range(5):
        impatient = [asyncio.create_task(desk.sessions.fetchval("select pg_sleep(1)")) for _ in range(5)]
        await asyncio.sleep(0.02)
        for task in impatient:
            task.cancel()
        assert await asyncio.gather(*(desk.sessions.fetchval("select $1::int", n) for n in range(5))) == [*range(5)]
        assert all(
            isinstance(each, asyncio.CancelledError)
            for each in await asyncio.gather(*impatient, return_exceptions=True)
        )


async def test_whose_turn_comes_when_they_have_gone_leave_it_to_the_next(desk: Desk) -> None:
    async def longer() -> None:
        """Those who come next are told that it is their turn, and go before they have heard it."""
        await desk.sessions.fetchval("select pg_sleep(0.05)")
        for each in gone:
            each.cancel()

    size = desk.pool.get_max_size()
    asked = [asyncio.create_task(longer()) for _ in range(size)]
    await asyncio.sleep(0.01)
    gone = [asyncio.create_task(desk.who()) for _ in range(2 * size)]
    await asyncio.sleep(0)
    assert await desk.who() > 0
    await asyncio.gather(*asked)
    assert await asyncio.gather(*(desk.who() for _ in range(3 * size)))
    assert all(each.cancelled() for each in gone)


async def test_no_connection_of_another_life_is_used_again(desk: Desk) -> None:
    before = await desk.who()
    desk.lives.count += 1
    await desk.pool.expire_connections()
    assert await desk.who() != before


@pytest.mark.parametrize("pause_s", [0.0, 0.01], ids=["at once", "when the pool knows"])
async def test_a_connection_that_was_cut_is_not_used_again(desk: Desk, url: str, pause_s: float) -> None:
    administrator = await asyncpg.connect(url)
    for _ in range(3):
        before = await desk.who()
        await administrator.execute("select pg_terminate_backend($1)", before)
        await asyncio.sleep(pause_s)
        try:
            assert await desk.who() != before
        except TRANSIENT:
            assert await desk.who() != before
    await administrator.close()


async def test_where_there_is_no_server_everybody_is_told(desk: Desk) -> None:
    await desk.pool.close()
    asked = await asyncio.gather(*(desk.who() for _ in range(10)), return_exceptions=True)
    assert {type(each) for each in asked} == {asyncpg.InterfaceError}
