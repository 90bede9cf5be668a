"""Clients that write and read at once, while workers are killed and Redis is flushed, killed and restarted."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from app.infra.embedded import Servers
from tests.journeys.clients import Client, assert_nothing_is_lost, pairs
from tests.support.installation import Installation, installation
from tests.support.replay import assert_views_equal_a_replay

PAIRS = int(os.environ.get("COUNTERFOIL_TEST_PAIRS", "10000"))
CLIENTS = 25


@dataclass
class Havoc:
    """Kills a worker every second or so, and takes Redis' memory or Redis itself now and then."""

    shop: Installation
    servers: Servers
    done: Counter[str] = field(default_factory=Counter)

    async def run(self, finished: asyncio.Event) -> None:
        while not finished.is_set():
            await asyncio.sleep(random.uniform(0.7, 1.5))
            await random.choice((self.kill_a_worker, self.kill_a_worker, self.flush, self.restart, self.kill))()

    async def kill_a_worker(self) -> None:
        workers = [each for each in self.shop.processes if b"worker" in _command_line(each.pid)]
        random.choice(workers).send_signal(signal.SIGKILL)
        self.shop.start_workers(1)
        self.done["workers killed"] += 1

    async def flush(self) -> None:
        async with Redis.from_url(self.shop.redis_url) as redis:
            await redis.flushall()
        self.done["redis flushed"] += 1

    async def restart(self) -> None:
        self.servers.restart_redis()
        self.done["redis restarted"] += 1

    async def kill(self) -> None:
        self.servers.kill_redis()
        await asyncio.sleep(random.uniform(0, 0.5))
        self.servers.revive()
        self.done["redis killed"] += 1


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


@pytest.mark.timeout(600)
async def test_ten_thousand_pairs_under_havoc(servers: Servers, figure: Callable[[str], None]) -> None:
    async with installation(servers) as shop:
        shop.start_workers(2)
        await shop.start_api()
        havoc, finished = Havoc(shop, servers), asyncio.Event()
        async with httpx.AsyncClient(base_url=shop.url, timeout=30) as http:
            clients = [Client(http) for _ in range(CLIENTS)]
            await asyncio.gather(*(client.prepare() for client in clients))
            disturbing = asyncio.create_task(havoc.run(finished))
            began = time.monotonic()
            await asyncio.gather(*(pairs(client, PAIRS // CLIENTS) for client in clients))
            took = time.monotonic() - began
            finished.set()
            await disturbing
            outcomes = sum((client.outcomes for client in clients), Counter())
            figure(f"{PAIRS} pairs in {took:.0f} s: {dict(outcomes)}; {dict(havoc.done)}")
            assert sum(outcomes.values()) == PAIRS // CLIENTS * CLIENTS
            rows = await assert_views_equal_a_replay(shop)
            figure(f"{rows} rows equal a fresh replay of the log")
            await assert_nothing_is_lost(shop, [order for client in clients for order in client.orders])


async def test_without_workers_a_read_says_processing_and_never_shows_what_is_older(servers: Servers) -> None:
    async with installation(servers) as shop:
        await shop.start_api()
        async with httpx.AsyncClient(base_url=shop.url, timeout=30) as http:
            client = Client(http)
            await client.prepare()
            receipt = await client.place(1)
            short = {"id": receipt["aggregateId"], "version": 1, "token": receipt["token"]}
            by_version = "query ($id: ID!) { order(id: $id, minVersion: 1, waitMs: 100) { __typename } }"
            by_token = "query ($id: ID!, $token: String) { order(id: $id, token: $token, waitMs: 100) { __typename } }"
            in_list = "query ($token: String) { orders(token: $token, waitMs: 100) { edges { cursor } } }"
            for query in (by_version, by_token):
                assert (await client.ask(query, short))["data"]["order"] == {"__typename": "Processing"}
            answer = await client.ask(in_list, short)
            assert answer["data"] == {"orders": None}
            assert answer["errors"][0]["extensions"]["code"] == "STILL_PROCESSING"
            shop.start_workers(1)
            assert await client.by_version(receipt) == "order by version"
            assert await client.in_the_list(receipt) == "order in the list"
