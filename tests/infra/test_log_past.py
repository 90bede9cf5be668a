"""Those who go through the past of the log side by side read it once, and nobody is held up by who stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from app.infra import log_past
from app.infra.db import PROJECTION_ROLE, Pool, open_pool
from app.infra.embedded import Servers
from app.infra.log_past import LogPast
from tests.infra.statements import statements_of
from tests.support.installation import Installation, installation
from tests.support.long_log import copy_orders
from workers.ending import end

STRETCH = 10
KEPT = 4
TYPES = ["OrderPlaced", "OrderPaid"]
POSITIONS = "select position from write.events where position > $1 and type = any($2) order by position"


@pytest.fixture(scope="module")
async def log(servers: Servers) -> AsyncIterator[Installation]:
    """Some hundreds of events."""
    async with installation(servers) as made:
        await made.seed()
        await copy_orders(made.database_url, 100)
        yield made


@pytest.fixture
async def pool(log: Installation, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    monkeypatch.setattr(log_past, "_POSITIONS", STRETCH)
    monkeypatch.setattr(log_past, "_KEPT", KEPT)
    monkeypatch.setattr(log_past, "_APART", STRETCH)
    monkeypatch.setattr(log_past, "_NEAR", 4 * KEPT * STRETCH)
    async with await open_pool(log.database_url, PROJECTION_ROLE, size=1) as pool:
        yield pool


@dataclass
class Walker:
    """Goes through the past, and notes where it has been."""

    past: LogPast
    horizon: int
    seen: list[int] = field(default_factory=list)
    upto: int = 0

    async def walk(self, after: int = 0, pause: float = 0.0) -> None:
        async with aclosing(self.past.between(after, self.horizon)) as stretches:
            async for part in stretches:
                self.seen += [row["position"] for row in part.rows]
                self.upto = part.upto
                await asyncio.sleep(pause)


async def positions(pool: Pool, after: int = 0) -> list[int]:
    return [row["position"] for row in await pool.fetch(POSITIONS, after, TYPES)]


async def walkers(pool: Pool) -> tuple[Walker, Walker]:
    past = LogPast(pool, TYPES)
    horizon = await past.horizon()
    return Walker(past, horizon), Walker(past, horizon)


async def test_a_quick_and_a_slow_one_read_the_log_once(pool: Pool) -> None:
    quick, slow = await walkers(pool)
    async with statements_of(pool) as sent:
        await asyncio.gather(quick.walk(), slow.walk(pause=0.005))
    assert quick.seen == slow.seen == await positions(pool)
    assert len(sent) == -(-quick.horizon // STRETCH) > 4 * KEPT


async def test_who_begins_elsewhere_soon_shares_what_is_read(pool: Pool) -> None:
    one, other = await walkers(pool)
    async with statements_of(pool) as sent:
        await asyncio.gather(one.walk(), other.walk(after=STRETCH // 2))
    assert other.seen == await positions(pool, after=STRETCH // 2)
    assert len(sent) == -(-one.horizon // STRETCH) + 1


async def test_who_stands_still_holds_nobody_up(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_past, "_PATIENCE_S", 0.01)
    going, standing = await walkers(pool)
    stands = asyncio.create_task(standing.walk(pause=60))
    try:
        async with asyncio.timeout(10):
            await going.walk()
    finally:
        await end([stands])
    assert going.seen == await positions(pool)
    assert standing.upto == STRETCH


async def test_who_has_gone_is_not_waited_for(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_past, "_PATIENCE_S", 60)
    going, leaving = await walkers(pool)
    leaves = asyncio.create_task(leaving.walk(pause=60))
    goes = asyncio.create_task(going.walk())
    await asyncio.sleep(0.5)
    assert STRETCH < going.upto <= KEPT * STRETCH
    await end([leaves])
    async with asyncio.timeout(10):
        await goes
    assert going.seen == await positions(pool)
