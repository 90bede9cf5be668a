"""The shop goes on under load while every view is rebuilt, one's definition changes, and one is rolled back.

Commands come at about a hundred a second; every one is read back with its version or token, a customer follows an order
by subscription, and nobody sees an error, an older answer than their own write, or a list that goes back.
"""

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app import registry
from app.infra import rebuilding
from app.infra.db import PROJECTION_ROLE, open_pool
from app.infra.embedded import Servers
from read_model.orders.order_details import VIEW as DETAILS
from tests.journeys.clients import Client
from tests.support.installation import Installation, free_port, installation
from tests.support.replay import assert_views_equal_a_replay
from tests.support.sources import copied

RATE = float(os.environ.get("COUNTERFOIL_TEST_RATE", "100"))
CLIENTS = 20

CHANGED = {"read_model__orders__order_details": ("    documents=True,\n", "    documents=True,\n    revision=2,\n")}
"""A new definition of `order_details`, as a deployment brings it."""

COUNT = "query ($token: String) { orders(first: 1, token: $token, waitMs: 5000) { totalCount } }"


@dataclass
class Load:
    """Clients that place orders at a rate and read them back, of whichever API serves now."""

    clients: list[Client]
    outcomes: Counter[str] = field(default_factory=Counter)
    counted: int = 0

    async def run(self, until: asyncio.Event) -> None:
        began, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            group.create_task(self.count(until))
            while not until.is_set():
                group.create_task(self.clients[number % len(self.clients)].pair())
                number += 1
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))

    async def count(self, until: asyncio.Event) -> None:
        """A list that is read without a token, over and over: the number of orders never falls."""
        seen = 0
        while not until.is_set():
            answer = await self.clients[0].ask(COUNT, {})
            assert "errors" not in answer, answer
            total = answer["data"]["orders"]["totalCount"]
            assert total >= seen, f"{total} orders after {seen}"
            seen, self.counted = total, self.counted + 1
            await asyncio.sleep(0.01)


async def test_nobody_notices(servers: Servers, tmp_path: Path, figure: Callable[[str], None]) -> None:
    async with installation(servers) as shop:
        await shop.seed()
        shop.start_workers(2)
        await shop.start_api()
        async with httpx.AsyncClient(base_url=shop.url, timeout=60) as http:
            clients = [Client(http) for _ in range(CLIENTS)]
            await asyncio.gather(*(client.prepare() for client in clients))
            load, over = Load(clients), asyncio.Event()
            running = asyncio.create_task(load.run(over))
            try:
                await asyncio.sleep(2.0)
                await rebuild_every_view(shop)
                await roll_back_one(shop)
                newer = await deploy_a_changed_one(shop, tmp_path)
                await ask_both(shop, newer, clients)
            finally:
                over.set()
                await running
            outcomes = sum((client.outcomes for client in clients), Counter[str]())
            orders = sum(len(client.orders) for client in clients)
            figure(f"{orders} orders read back: {dict(outcomes)}; {load.counted} counts that never fell")
            assert outcomes["processing"] < orders // 100
        newer.stop()
        assert await assert_views_equal_a_replay(shop) > orders
        said = shop.log_of("api") + shop.log_of("worker")
        for words in ("unforeseen error", "projection failed", "Traceback"):
            assert words not in said


async def rebuild_every_view(shop: Installation) -> None:
    async with await open_pool(shop.database_url, PROJECTION_ROLE, size=1) as pool:
        begun = {view.name: await rebuilding.begin(pool, view) for view in registry.VIEWS}
    await until_live(shop, begun)


async def roll_back_one(shop: Installation) -> None:
    async with (
        await open_pool(shop.database_url, PROJECTION_ROLE, size=1) as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        assert await rebuilding.roll_back(connection, DETAILS) == 1
    await until_live(shop, {DETAILS.name: 1})


async def deploy_a_changed_one(shop: Installation, folder: Path) -> Installation:
    """New workers and a new API beside the old ones; the API turns ready once the new generation is live."""
    logs = Path(tempfile.mkdtemp(dir=folder))
    newer = replace(shop, folder=copied(folder / "newer", **CHANGED), port=free_port(), processes=[], logs=logs)
    assert await asyncio.to_thread(newer.start("migrate").wait) == 0, newer.log_of("migrate")
    newer.start_workers(1)
    await newer.start_api()
    await until_live(shop, {DETAILS.name: 3})
    return newer


async def ask_both(shop: Installation, newer: Installation, clients: list[Client]) -> None:
    """The old API reads the old definition, which goes on, and the new one the new, of the same orders."""
    for client in clients:
        order = client.orders[-1]
        shown = [await status(each, order) for each in (shop, newer)]
        assert shown[0] == shown[1]


async def status(shop: Installation, order: str) -> Any:
    text = "query ($id: ID!) { order(id: $id, minVersion: 1) { ... on Order { id status total { amount } } } }"
    return await shop.query(text, id=order)


async def until_live(shop: Installation, wanted: dict[str, int]) -> None:
    connection = await asyncpg.connect(shop.database_url)
    try:
        while not wanted.items() <= await live(connection):  # noqa: ASYNC110 - workers get there
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def live(connection: asyncpg.Connection) -> Any:
    rows = await connection.fetch("select view, generation from read.generations where state = 'LIVE'")
    return {row["view"]: row["generation"] for row in rows}.items()
