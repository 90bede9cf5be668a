"""Views rest between two ticks of the clock, unless somebody waits for them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app import bootstrap
from app.infra import log_tail
from app.infra.embedded import Servers
from app.infra.hints import WANTED, HintListener, HintSender
from app.infra.wanted import Found, Wanted
from app.kernel.clock import new_id
from read_model.customers import customer_profile
from tests.support.installation import Installation, installation
from tests.support.projecting import projecting
from tests.support.replay import until_caught_up
from tests.write_model.floor import envelope, registration
from workers.jobs import rest
from workers.jobs.rest import Rest, Resting

LONG_S = 1_000.0


@pytest.fixture(scope="module")
async def made(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        await made.seed()
        yield made


async def test_what_has_moved_rests_until_somebody_waits_for_it(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "TICK_S", LONG_S)
    prefix = f"rest:{new_id()}"
    async with (
        bootstrap.open_redis(made.redis_url) as redis,
        bootstrap.open_redis(made.redis_url) as listening,
        HintListener(listening, prefix, WANTED).listening() as hints,
    ):
        with hints.subscribed("anything") as connected:
            await connected.wait()
        with Rest(hints).of("orders") as orders, Rest(hints).of("products") as products:
            await orders.over()
            orders.begin(took_s=0.0)
            products.begin(took_s=0.0)
            resting = [asyncio.create_task(each.over()) for each in (orders, products)]
            sender = HintSender(redis, prefix)
            sender.wanted("orders")
            await sender.drain()
            await resting[0]
            assert (orders.hurried, products.hurried) == (True, False)
            assert not resting[1].done()
            resting[1].cancel()


async def test_what_took_long_to_move_rests_beyond_the_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "TICK_S", 0.001)
    monkeypatch.setattr(rest, "_LONGEST_S", LONG_S)
    wanted = asyncio.Event()
    resting = Resting(wanted, phase=0.0)
    resting.begin(took_s=0.0)
    await resting.over()
    resting.begin(took_s=LONG_S)
    waiting = asyncio.create_task(resting.over())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    wanted.set()
    await waiting
    assert resting.hurried


async def test_a_view_that_is_behind_does_not_rest(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "TICK_S", LONG_S)
    monkeypatch.setattr(log_tail, "BATCH", 3)
    async with bootstrap.commands(made.settings) as side:
        for _ in range(10):
            await side.bus.dispatch(registration(), envelope())
    async with projecting(made):
        await until_caught_up(made)


async def test_who_waits_for_a_view_waits_for_no_tick(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "TICK_S", LONG_S)
    async with (
        bootstrap.commands(made.settings) as side,
        bootstrap.read_models(made.settings) as (reads, _),
        projecting(made),
    ):
        await until_caught_up(made)
        for _ in range(3):
            receipt = await side.bus.dispatch(registration(), envelope())
            wanted = Wanted(position=receipt.position, wait_s=10.0)
            found = await reads.get(customer_profile.VIEW, receipt.aggregate_id, wanted)
            assert isinstance(found, Found)
