"""A customer's order history: whose it is, what a page costs, and that it is the list, page by page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
import redis.asyncio as aioredis

from app import bootstrap
from app.kernel import typeid
from app.kernel.clock import new_id
from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books, carried_out, person
from tests.support.installation import Installation
from tests.write_model.floor import until

NODE = "id version status customerId customerName placedAt itemCount total { amount currency } refunded { amount }"
HISTORY = f"""query ($id: ID, $first: Int, $after: String, $token: String, $ms: Int) {{
    customerOrders(customerId: $id, first: $first, after: $after, token: $token, waitMs: $ms) {{
        totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        edges {{ cursor node {{ {NODE} }} }} }} }}"""
LISTED = f"""query ($id: ID!, $token: String) {{
    orders(filter: {{customerId: $id}}, first: 100, token: $token, waitMs: 10000) {{
    edges {{ cursor node {{ {NODE} }} }} }} }}"""
NUMBER = 27


@dataclass(frozen=True)
class Past:
    """Someone with orders, someone without; `token` is that of the last entry."""

    books: Books
    buyer: str
    idler: str
    token: str


@pytest.fixture(scope="module")
async def kept(http: httpx.AsyncClient) -> Past:
    """Orders of which three each share a moment, entered with the last ones first; and one of them came back."""
    made = await books(http, {"tea": (None, None)})
    buyer, idler = await person(http, "Kim"), await person(http, "Lee")
    for number in reversed(range(NUMBER)):
        at = f"1985-01-{number // 3 + 1:02}T12:00:00Z"
        order = await made.order(at, {"tea": number + 1}, customerId=buyer)
    back = await made.take_back(order["aggregateId"], "1985-03-01T12:00:00Z", 1, 1)
    return Past(made, buyer, idler, back["token"])


async def history(http: httpx.AsyncClient, customer: str, **said: Any) -> Any:
    answer = await ask(http, HISTORY, {"id": customer, "ms": 10_000, **said})
    assert "errors" not in answer, answer
    return answer["data"]["customerOrders"]


async def listed(http: httpx.AsyncClient, kept: Past) -> list[Any]:
    """The same orders as `orders` lists them."""
    edges: list[Any] = (await ask(http, LISTED, {"id": kept.buyer, "token": kept.token}))["data"]["orders"]["edges"]
    return edges


@pytest.mark.parametrize("size", [1, 4, 19, 20, 21, 26, 27, 100])
async def test_pages_are_the_list(http: httpx.AsyncClient, kept: Past, size: int) -> None:
    found: list[Any] = []
    after = None
    while True:
        page = await history(http, kept.buyer, first=size, after=after, token=kept.token)
        assert page["totalCount"] == NUMBER
        assert page["pageInfo"]["hasPreviousPage"] == bool(found)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        found, after = found + page["edges"], page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == await listed(http, kept)
    assert len(found) == NUMBER


async def test_unless_told_otherwise_a_page_has_twenty(http: httpx.AsyncClient, kept: Past) -> None:
    text = "query ($id: ID) { customerOrders(customerId: $id) { edges { cursor } pageInfo { hasNextPage } } }"
    page = (await ask(http, text, {"id": kept.buyer}))["data"]["customerOrders"]
    assert (len(page["edges"]), page["pageInfo"]["hasNextPage"]) == (20, True)
    none = await history(http, kept.buyer, first=0)
    assert (none["edges"], none["totalCount"], none["pageInfo"]["hasNextPage"]) == ([], NUMBER, True)


async def test_without_orders_the_list_is_empty(http: httpx.AsyncClient, kept: Past) -> None:
    for customer in (kept.idler, typeid.encode("customer", new_id())):
        for said in ({}, {"first": 100}):
            page = await history(http, customer, token=kept.token, **said)
            assert (page["edges"], page["totalCount"]) == ([], 0)
            assert not page["pageInfo"]["hasNextPage"]


async def test_what_was_just_written_is_on_the_page(http: httpx.AsyncClient, kept: Past) -> None:
    customer, product = await person(http, "Lin"), kept.books.products["tea"]
    old = await kept.books.order("1985-01-01T12:00:00Z", {"tea": 2}, customerId=customer)
    wanted = {"customerId": customer, "items": [{"productId": product, "quantity": 1}]}
    new = await carried_out(http, "placeOrder", wanted)
    page = await history(http, customer, token=new["token"])
    assert states(page) == [(new["aggregateId"], "PENDING", 1), (old["aggregateId"], "DELIVERED", 1)]
    back = await kept.books.take_back(old["aggregateId"], "1985-02-01T12:00:00Z", 1, 2)
    cancelled = await carried_out(http, "cancelOrder", {"orderId": new["aggregateId"]})
    late = await kept.books.order("1985-01-02T12:00:00Z", {"tea": 1}, customerId=customer)
    assert cancelled["token"] > back["token"]
    assert states(await history(http, customer, token=late["token"])) == [
        (new["aggregateId"], "CANCELLED", 2),
        (late["aggregateId"], "DELIVERED", 1),
        (old["aggregateId"], "RETURNED", 2),
    ]


def states(page: Any) -> list[tuple[str, str, int]]:
    return [(edge["node"]["id"], edge["node"]["status"], edge["node"]["version"]) for edge in page["edges"]]


async def test_a_token_that_is_not_reached_is_told(
    http: httpx.AsyncClient, database: asyncpg.Connection, kept: Past
) -> None:
    """For the ready-made page and for the table's alike: neither shows what is older."""
    async with database.transaction():
        await database.execute("select from read.checkpoints where view = 'customer_orders' for update")
        late = await kept.books.order("1985-01-02T12:00:00Z", {"tea": 1})
        for first in (1, 100):
            asked = {"id": kept.buyer, "first": first, "token": late["token"], "ms": 50}
            assert code_of(await ask(http, HISTORY, asked)) == "STILL_PROCESSING"
    for first in (1, 100):
        page = await history(http, kept.buyer, first=first, token=late["token"])
        assert page["totalCount"] == NUMBER


async def test_a_list_is_ones_own_or_an_operators(closed: Installation, kept: Past) -> None:
    text = "query ($id: ID) { customerOrders(customerId: $id, first: 1) { totalCount edges { node { customerId } } } }"
    mine = {"totalCount": NUMBER, "edges": [{"node": {"customerId": kept.buyer}}]}
    nothing = {"totalCount": 0, "edges": []}
    buyer = closed.bearer("customer", subject=kept.buyer)
    for headers, given, seen in (
        (buyer, None, mine),
        (buyer, kept.buyer, mine),
        (buyer, kept.idler, nothing),
        (closed.bearer("customer", subject=kept.idler), kept.buyer, nothing),
        (closed.bearer("customer", subject=kept.idler), None, nothing),
        (closed.bearer("operator"), kept.buyer, mine),
    ):
        assert await closed.query(text, headers, id=given) == {"customerOrders": seen}
    refused = await closed.ask(text, headers=closed.bearer("operator"))
    assert (code_of(refused), refused["errors"][0]["extensions"]["field"]) == ("INVALID_VALUE", "customerId")


async def test_an_empty_list_has_a_freshness(closed: Installation, kept: Past) -> None:
    text = "query ($id: ID) { customerOrders(customerId: $id) { edges { cursor } freshness { state position } } }"
    shown = await closed.query(text, closed.bearer("customer", subject=kept.idler), id=kept.buyer)
    assert shown["customerOrders"]["edges"] == []
    assert shown["customerOrders"]["freshness"]["position"] > 0


@asynccontextmanager
async def opened(shop: Installation) -> AsyncIterator[tuple[aioredis.Redis, str]]:
    """Redis, and what the view's keys there begin with."""
    async with bootstrap.read_models(shop.settings) as (_, stores):
        yield stores.redis, f"{stores.prefix}:customer_orders:1:"


async def test_redis_flushed_the_answer_is_the_same(shop: Installation, http: httpx.AsyncClient, kept: Past) -> None:
    before = await history(http, kept.buyer, token=kept.token)
    async with opened(shop) as (redis, prefix):
        await redis.delete(*[key async for key in redis.scan_iter(f"{prefix}*")])
        assert await history(http, kept.buyer, token=kept.token) == before


@asynccontextmanager
async def heard(redis: aioredis.Redis, prefix: str) -> AsyncIterator[list[str]]:
    """Which commands Redis is given about the view during the block, but for the scripts, which workers write with."""
    said: list[str] = []
    async with redis.monitor() as monitor:

        async def listen() -> None:
            async for each in monitor.listen():
                if each["command"] == "ECHO enough":
                    return
                if prefix in each["command"] and each["client_type"] != "lua":
                    said.append(each["command"].split()[0])

        listening = asyncio.create_task(listen())
        try:
            yield said
        finally:
            await redis.echo("enough")
            await listening
        said[:] = [each for each in said if each != "EVALSHA"]


@asynccontextmanager
async def shut(database: asyncpg.Connection) -> AsyncIterator[None]:
    """Nobody can read the view's tables or its checkpoint during the block."""
    tables = "read.checkpoints, read.customer_orders__1, read.customer_orders__1_orders"
    async with database.transaction():
        await database.execute(f"lock table {tables} in access exclusive mode")
        yield


async def test_the_first_page_is_one_read_of_redis_and_none_of_postgresql(
    shop: Installation, http: httpx.AsyncClient, database: asyncpg.Connection, kept: Past
) -> None:
    whole = await history(http, kept.buyer)
    async with opened(shop) as (redis, prefix), asyncio.timeout(60):
        needed = (f"{prefix}0:checkpoint", f"{prefix}doc:{typeid.decode('customer', kept.buyer)}")
        await until(lambda: _exist(redis, *needed))
        async with shut(database), heard(redis, prefix) as said:
            assert await history(http, kept.buyer) == whole
            assert await history(http, kept.buyer, first=3, token=kept.token) == whole | {
                "edges": whole["edges"][:3],
                "pageInfo": whole["pageInfo"] | {"endCursor": whole["edges"][2]["cursor"]},
            }
    assert said == ["MGET", "MGET"]


async def _exist(redis: aioredis.Redis, *keys: str) -> bool:
    return bool(await redis.exists(*keys) == len(keys))


@pytest.mark.parametrize(
    "asked", ["(customerId: $id, first: 21) { totalCount }", "(customerId: $id) { freshness { state } }"]
)
async def test_longer_pages_and_freshness_ask_postgresql(
    http: httpx.AsyncClient, database: asyncpg.Connection, kept: Past, asked: str
) -> None:
    """So that the test before proves something."""
    async with shut(database):
        asking = asyncio.create_task(ask(http, f"query ($id: ID) {{ customerOrders{asked} }}", {"id": kept.buyer}))
        await asyncio.sleep(0.5)
        assert not asking.done()
    assert "errors" not in await asking


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"id": "order_01k00000000000000000000000"}, "MALFORMED_ID"),
        ({"id": ""}, "MALFORMED_ID"),
        ({"first": -1}, "INVALID_VALUE"),
        ({"first": 101}, "INVALID_VALUE"),
        ({"after": "?"}, "MALFORMED_CURSOR"),
        ({"after": ""}, "MALFORMED_CURSOR"),
        ({"token": "?"}, "MALFORMED_TOKEN"),
        ({"ms": -1}, "INVALID_VALUE"),
    ],
    ids=str,
)
async def test_bad_input_is_told(http: httpx.AsyncClient, kept: Past, wrong: dict[str, Any], code: str) -> None:
    assert code_of(await ask(http, HISTORY, {"id": kept.buyer} | wrong)) == code
