"""PostgreSQL is killed under load: clients are told to try again, and nothing that was accepted is lost."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.infra.embedded import Servers
from tests.journeys.clients import Client, assert_nothing_is_lost, pairs
from tests.support.installation import installation
from tests.support.replay import assert_views_equal_a_replay, until_caught_up

CLIENTS = 6
PAIRS = 100


@pytest.fixture
def durable() -> Iterator[Servers]:
    """Servers of the test's own, which keep what they acknowledge."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Servers(Path(folder)) as running:
            yield running


async def test_what_was_accepted_survives_and_nobody_sees_an_error_of_ours(
    durable: Servers, figure: Callable[[str], None]
) -> None:
    async with installation(durable) as shop:
        shop.start_workers(2)
        await shop.start_api()
        async with httpx.AsyncClient(base_url=shop.url, timeout=60) as http:
            clients = [Client(http) for _ in range(CLIENTS)]
            await asyncio.gather(*(client.prepare() for client in clients))
            placing = asyncio.gather(*(pairs(client, PAIRS) for client in clients))
            kills = 0
            while not placing.done():
                await asyncio.sleep(2.0)
                durable.kill_postgres()
                await asyncio.to_thread(durable.revive)
                kills += 1
            await placing
            figure(f"{CLIENTS * PAIRS} pairs, PostgreSQL killed {kills} times")
        await until_caught_up(shop, seconds=10)
        await assert_views_equal_a_replay(shop)
        await assert_nothing_is_lost(shop, [order for client in clients for order in client.orders])
        said = shop.log_of("api") + shop.log_of("worker")
        for words in ("unforeseen error", "projection failed", "Traceback"):
            assert words not in said
