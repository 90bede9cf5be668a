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
from typing import Any
from uuid import uuid4

import httpx
import pytest
from redis.asyncio import Redis

from app.infra.embedded import Servers
from tests.support.installation import Installation, installation
from tests.support.replay import assert_views_equal_a_replay

PAIRS = int(os.environ.get("COUNTERFOIL_TEST_PAIRS", "10000"))
CLIENTS = 25
PIECES = 1_000_000

REGISTER = """mutation ($input: RegisterCustomerInput!) { registerCustomer(input: $input) {
  ... on CommandAccepted { aggregateId token } } }"""
ADD = """mutation ($input: AddProductInput!) { addProduct(input: $input) { ... on CommandAccepted { aggregateId } } }"""
RECEIVE = (
    """mutation ($input: ReceiveStockInput!) { receiveStock(input: $input) { ... on CommandAccepted { token } } }"""
)
PLACE = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
  __typename ... on CommandAccepted { aggregateId version token } ... on CommandRejected { code message } } }"""
ORDER = """query ($id: ID!, $version: Int) { order(id: $id, minVersion: $version, waitMs: 5000) {
  __typename ... on Order { id version status total { amount } } ... on Processing { currentVersion parked } } }"""
ORDER_BY_HEADER = """query ($id: ID!) { order(id: $id, waitMs: 5000) { __typename ... on Order { id } } }"""
ORDERS = """query ($customer: ID!, $token: String) {
    orders(filter: {customerId: $customer}, first: 3, token: $token, waitMs: 5000) {
  edges { node { id } } freshness { state position } } }"""
PRODUCT = """query ($id: ID!, $token: String) { product(id: $id, token: $token, waitMs: 5000) {
  __typename ... on Product { onHand } } }"""


@dataclass
class Client:
    """One customer with a product of their own, so that the stock to be seen is known exactly."""

    http: httpx.AsyncClient
    customer: str = ""
    product: str = ""
    ordered: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    orders: list[str] = field(default_factory=list)

    async def ask(self, query: str, variables: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        """The answer, insisting through whatever a restart makes of a request: the command id makes that safe."""
        deadline = time.monotonic() + 60
        while True:
            try:
                body = {"query": query, "variables": variables}
                response = await self.http.post("/graphql", json=body, headers=headers or {})
                answer = response.json()
                codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
                assert "INTERNAL" not in codes, answer
                if "UNAVAILABLE" not in codes:
                    return answer
            except httpx.TransportError:
                assert time.monotonic() < deadline
            await asyncio.sleep(0.05)

    async def prepare(self) -> None:
        address = {"street": "1 High St", "city": "Leeds", "postalCode": "LS1", "country": "United Kingdom"}
        person = {"name": "Pat", "email": f"{uuid4()}@example.com", "address": address}
        registered = await self.ask(REGISTER, {"input": person})
        self.customer = registered["data"]["registerCustomer"]["aggregateId"]
        product = {"sku": str(uuid4()), "name": "Tea", "price": {"amount": "2.50", "currency": "GBP"}}
        added = await self.ask(ADD, {"input": product})
        self.product = added["data"]["addProduct"]["aggregateId"]
        await self.ask(RECEIVE, {"input": {"productId": self.product, "pieces": PIECES}})

    async def pair(self) -> None:
        """Places an order, and reads it back through one of the views."""
        receipt = await self.place(random.randint(1, 3))
        read = random.choice((self.by_version, self.by_header, self.in_the_list, self.in_the_stock))
        self.outcomes[await read(receipt)] += 1

    async def place(self, quantity: int) -> Any:
        wanted = {
            "commandId": str(uuid4()),
            "customerId": self.customer,
            "items": [{"productId": self.product, "quantity": quantity}],
        }
        while True:
            receipt = (await self.ask(PLACE, {"input": wanted}))["data"]["placeOrder"]
            if receipt["__typename"] == "CommandAccepted":
                self.ordered += quantity
                self.orders.append(receipt["aggregateId"])
                return receipt
            assert receipt["code"] == "BUSY", receipt

    async def by_version(self, receipt: Any) -> str:
        variables = {"id": receipt["aggregateId"], "version": receipt["version"]}
        order = (await self.ask(ORDER, variables))["data"]["order"]
        assert order is not None, f"stale: {variables} is not there"
        if order["__typename"] == "Processing":
            return "processing"
        assert order["version"] >= receipt["version"], "stale"
        return "order by version"

    async def by_header(self, receipt: Any) -> str:
        headers = {"Consistency-Token": receipt["token"]}
        order = (await self.ask(ORDER_BY_HEADER, {"id": receipt["aggregateId"]}, headers))["data"]["order"]
        assert order is not None, "stale: the order is not there"
        return "processing" if order["__typename"] == "Processing" else "order by header"

    async def in_the_list(self, receipt: Any) -> str:
        answer = await self.ask(ORDERS, {"customer": self.customer, "token": receipt["token"]})
        if answer["data"]["orders"] is None:
            assert answer["errors"][0]["extensions"]["code"] == "STILL_PROCESSING", answer
            return "processing"
        ids = [edge["node"]["id"] for edge in answer["data"]["orders"]["edges"]]
        assert ids[0] == receipt["aggregateId"], "stale: the list does not begin with the order just placed"
        return "order in the list"

    async def in_the_stock(self, receipt: Any) -> str:
        product = (await self.ask(PRODUCT, {"id": self.product, "token": receipt["token"]}))["data"]["product"]
        assert product is not None, "stale: the product is not there"
        if product["__typename"] == "Processing":
            return "processing"
        assert product["onHand"] == PIECES - self.ordered, "stale stock"
        return "stock"


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
            await asyncio.gather(*(_pairs(client, PAIRS // CLIENTS) for client in clients))
            took = time.monotonic() - began
            finished.set()
            await disturbing
            outcomes = sum((client.outcomes for client in clients), Counter())
            figure(f"{PAIRS} pairs in {took:.0f} s: {dict(outcomes)}; {dict(havoc.done)}")
            assert sum(outcomes.values()) == PAIRS // CLIENTS * CLIENTS
            rows = await assert_views_equal_a_replay(shop)
            figure(f"{rows} rows equal a fresh replay of the log")
            await _nothing_is_lost(shop, [order for client in clients for order in client.orders])


async def _pairs(client: Client, number: int) -> None:
    for _ in range(number):
        await client.pair()


async def _nothing_is_lost(shop: Installation, accepted: list[str]) -> None:
    listed: list[str] = []
    after = None
    page = """query ($after: String) {
        orders(first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
    }"""
    while True:
        orders = (await shop.query(page, after=after))["orders"]
        listed += [edge["node"]["id"] for edge in orders["edges"]]
        after = orders["pageInfo"]["endCursor"]
        if not orders["pageInfo"]["hasNextPage"]:
            break
    assert len(listed) == len(set(listed))
    assert set(listed) == set(accepted)


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
