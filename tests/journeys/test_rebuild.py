"""The shop goes on under load while every view is rebuilt, one's definition changes, and one is rolled back.

Commands come at about a hundred a second; every one is read back with its version or token, a customer follows an order
by subscription, and nobody sees an error, an older answer than their own write, or a list that goes back.
"""

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
from tests.schema.live import Socket, socket
from tests.support.installation import Installation, free_port, installation
from tests.support.replay import assert_views_equal_a_replay, until_caught_up
from tests.support.sources import copied

RATE = float(os.environ.get("COUNTERFOIL_TEST_RATE", "100"))
CLIENTS = 40

CHANGED = {"read_model__orders__order_details": ("    documents=True,\n", "    documents=True,\n    revision=2,\n")}
"""A new definition of `order_details`, as a deployment brings it."""

STATUS = """query ($id: ID!) { order(id: $id, minVersion: 1, waitMs: 5000) {
  ... on Order { id status total { amount } } } }"""
FOLLOW = "subscription ($id: ID!) { orderChanged(id: $id) { version status } }"
COUNT = "query ($token: String) { orders(first: 1, token: $token, waitMs: 5000) { totalCount } }"


@dataclass
class Load:
    """Clients that place orders at a rate and read them back, of whichever API serves now."""

    clients: list[Client]
    counted: int = 0
    took_s: float = 0.0

    def __post_init__(self) -> None:
        self.locks = [asyncio.Lock() for _ in self.clients]

    async def run(self, until: asyncio.Event) -> None:
        began, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            group.create_task(self.count(until))
            while not until.is_set():
                group.create_task(self.pair(number % len(self.clients)))
                number += 1
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
            self.took_s = time.monotonic() - began

    async def pair(self, client: int) -> None:
        """A client does one thing after the other: only so it knows what comes first in its list."""
        async with self.locks[client]:
            await self.clients[client].pair()

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
            clients, customer = [Client(http) for _ in range(CLIENTS)], Client(http)
            await asyncio.gather(*(client.prepare() for client in (*clients, customer)))
            load, over = Load(clients), asyncio.Event()
            running = asyncio.create_task(load.run(over))
            try:
                async with followed(shop, customer) as order:
                    await rebuild_every_view(shop)
                    await order.becomes("PAID", "payOrder", "PayOrderInput")
                    await roll_back_one(shop)
                    await order.becomes("SHIPPED", "shipOrder", "ShipOrderInput")
                    newer = await deploy_a_changed_one(shop, tmp_path)
                    await order.becomes("DELIVERED", "deliverOrder", "DeliverOrderInput")
                    await ask_both(shop, newer, clients)
            finally:
                over.set()
                await running
            outcomes = sum((client.outcomes for client in clients), Counter[str]())
            orders = sum(len(client.orders) for client in clients)
            rate = f"{orders / load.took_s:.0f} a second"
            figure(f"{orders} orders read back, {rate}: {dict(outcomes)}; {load.counted} counts that never fell")
            assert outcomes["processing"] < orders // 100
        await until_caught_up(shop)  # the changed definition as well, which nobody projects from now on
        newer.stop()
        assert await assert_views_equal_a_replay(shop) > orders
        said = shop.log_of("api") + shop.log_of("worker")
        for words in ("unforeseen error", "projection failed", "Traceback"):
            assert words not in said


@dataclass
class Followed:
    """An order that somebody follows, and each change of which they are shown once."""

    shop: Installation
    socket: Socket
    order: str
    version: int = 1

    async def becomes(self, status: str, mutation: str, kind: str) -> None:
        text = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ __typename }} }}"
        done = await self.shop.query(text, input={"orderId": self.order})
        assert done[mutation]["__typename"] == "CommandAccepted", done
        self.version += 1
        shown = (await self.socket.next())["data"]["orderChanged"]
        assert (shown["version"], shown["status"]) == (self.version, status)


@asynccontextmanager
async def followed(shop: Installation, client: Client) -> AsyncIterator[Followed]:
    receipt = await client.place(1)
    async with socket(shop.url) as opened:
        await opened.init()
        await opened.subscribe(FOLLOW, {"id": receipt["aggregateId"]})
        assert (await opened.next())["data"]["orderChanged"] == {"version": 1, "status": "PENDING"}
        yield Followed(shop, opened, receipt["aggregateId"])


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
    """What an API shows of an order, as soon as its view has it: on a busy machine that takes more than one wait."""
    while not (shown := (await shop.query(STATUS, id=order))["order"]):  # noqa: ASYNC110 - it says Processing
        await asyncio.sleep(0.1)
    return shown


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
