"""An order that lived through much, and how it was read right after each command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from app.kernel.clock import new_id, now
from tests.schema.asking import ask
from tests.schema.past import books, carried_out, person
from tests.support.installation import Installation

MONEY = "{ amount currency }"
ORDER = f"""id version status customerId customerName customerEmail reference itemCount placedAt paymentMethod
    trackingCode total {MONEY} refunded {MONEY} shippingAddress {{ city country }} billingAddress {{ city country }}
    items {{ line productId sku name quantity returned unitPrice {MONEY} amount {MONEY} }}
    charges {{ code amount {MONEY} }} history {{ status at actor reason }}"""
READ = f"""query ($id: ID!, $asOf: DateTime, $version: Int, $token: String, $ms: Int) {{
    order(id: $id, asOf: $asOf, minVersion: $version, token: $token, waitMs: $ms) {{
        __typename ... on Order {{ {ORDER} }}
        ... on Processing {{ expectedVersion currentVersion parked }} }} }}"""
HISTORY = f"""query ($id: ID!, $first: Int, $after: String, $version: Int, $token: String, $ms: Int) {{
    orderHistory(id: $id, first: $first, after: $after, minVersion: $version, token: $token, waitMs: $ms) {{
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        edges {{ cursor node {{ version event at happenedAt actor command commandId correlationId causationId summary
            pieces amount {MONEY} trackingCode reason order {{ __typename {ORDER} }} }} }} }} }}"""

CLERK, PACKER = "clerk-7", "packer-3"


@dataclass
class Life:
    """The order as it was read after each command, what the commands were called, and moments before each, and after
    all of them."""

    owner: str
    order: str
    states: list[Any] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    token: str = ""


@asynccontextmanager
async def as_someone(door: Installation, role: str, subject: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API who says who they are."""
    headers = door.bearer(role, subject=subject)
    async with httpx.AsyncClient(base_url=door.url, timeout=30, headers=headers) as client:
        yield client


async def lived(door: Installation) -> Life:
    """An order of three cups and a pot, of which all came back; its customer did some of it, the shop the rest."""
    async with (
        as_someone(door, "operator", CLERK) as clerk,
        as_someone(door, "operator", PACKER) as packer,
    ):
        owner = await person(clerk, "Noor")
        goods = (await books(clerk, {"cup": (None, None), "pot": (None, None)})).products
        async with as_someone(door, "customer", owner) as customer:
            wanted = [{"productId": goods["cup"], "quantity": 3}, {"productId": goods["pot"], "quantity": 1}]
            life = Life(owner, "")
            await step(life, customer, "placeOrder", {"customerId": owner, "items": wanted})
            await step(life, customer, "payOrder")
            await step(life, packer, "shipOrder", {"trackingCode": "RM7"})
            await step(life, packer, "deliverOrder")
            await step(life, customer, "returnItems", {"items": [{"line": 1, "quantity": 2}]})
            rest = [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 1}]
            await step(life, clerk, "returnItems", {"items": rest})
    life.moments.append(now())
    return life


async def step(life: Life, http: httpx.AsyncClient, mutation: str, given: dict[str, Any] | None = None) -> None:
    """Something happens to the order, and is read by whoever did it."""
    life.moments.append(now())
    command = str(new_id())
    said = (given or {}) | {"commandId": command} | ({"orderId": life.order} if life.order else {})
    receipt = await carried_out(http, mutation, said)
    life.order, life.token = receipt["aggregateId"], receipt["token"]
    life.commands.append(command)
    life.states.append(await read(http, life.order, version=receipt["version"], ms=10_000))


async def read(http: httpx.AsyncClient, order: str, **said: Any) -> Any:
    """The order, or what is said of it."""
    answer = await ask(http, READ, {"id": order, "ms": 10_000, **said})
    assert "errors" not in answer, answer
    return answer["data"]["order"]


async def history(http: httpx.AsyncClient, order: str, **said: Any) -> Any:
    """A page of the order's history, whole."""
    answer = await ask(http, HISTORY, {"id": order, "ms": 10_000, **said})
    assert "errors" not in answer, answer
    return answer["data"]["orderHistory"]
