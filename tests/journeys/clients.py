"""Clients that place orders and read them back, through whatever happens to the servers."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.support.installation import Installation

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


async def pairs(client: Client, number: int) -> None:
    for _ in range(number):
        await client.pair()


async def assert_nothing_is_lost(shop: Installation, accepted: list[str], *, besides: int = 0) -> None:
    """The list has what was accepted, and so many orders besides."""
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
    assert set(accepted) <= set(listed)
    assert len(listed) == len(accepted) + besides
