"""PostgreSQL is killed under load and while views are rebuilt: clients are told to try again, and nothing that was
accepted is lost.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.infra import rebuilding
from app.infra.db import PROJECTION_ROLE, open_pool
from app.infra.embedded import Servers
from read_model.orders import customer_orders, order_details
from tests.journeys.clients import Client, assert_nothing_is_lost, pairs
from tests.support.installation import Installation, installation
from tests.support.long_log import copy_orders
from tests.support.replay import assert_views_equal_a_replay, until_caught_up

CLIENTS = 6
PAIRS = 100
OLDER_ORDERS = 2_000
REBUILT = (order_details.VIEW, customer_orders.VIEW)

NOT_LIVE = "select count(*) from read.generations where view = any($1) and generation = 2 and state <> 'LIVE'"


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
            await older_orders(shop, Client(http))
            await begin_rebuilds(shop)
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
        await until_rebuilt(shop)
        assert await assert_views_equal_a_replay(shop) > OLDER_ORDERS
        accepted = [order for client in clients for order in client.orders]
        await assert_nothing_is_lost(shop, accepted, besides=OLDER_ORDERS + 1)
        said = shop.log_of("api") + shop.log_of("worker")
        for words in ("unforeseen error", "projection failed", "Traceback"):
            assert words not in said


async def older_orders(shop: Installation, client: Client) -> None:
    """Copies of what one client orders, who looks at nothing afterwards: views take them off the stock, too."""
    await client.prepare()
    await pairs(client, 1)
    await copy_orders(shop.database_url, OLDER_ORDERS)


async def begin_rebuilds(shop: Installation) -> None:
    async with await open_pool(shop.database_url, PROJECTION_ROLE, size=1) as pool:
        for view in REBUILT:
            assert await rebuilding.begin(pool, view) == 2


async def until_rebuilt(shop: Installation) -> None:
    connection = await asyncpg.connect(shop.database_url)
    try:
        async with asyncio.timeout(60):
            while await connection.fetchval(NOT_LIVE, [view.name for view in REBUILT]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        await connection.close()
