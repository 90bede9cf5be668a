"""`recentlyViewed` and the reports that it is made of: whose it is, its pages, its products, and reading one's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.schema.access import ADDRESS, PRICE
from tests.schema.asking import ask, code_of
from tests.support.installation import Installation

NODE = "productId viewedAt product { id name discontinued }"
LIST = f"""query ($c: ID, $first: Int, $after: String, $token: String, $ms: Int) {{
    recentlyViewed(customerId: $c, first: $first, after: $after, token: $token, waitMs: $ms) {{
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        freshness {{ state position lagMs }} edges {{ cursor node {{ {NODE} }} }} }} }}"""
NUMBER = 23


async def command(shop: Installation, name: str, given: dict[str, Any], **headers: str) -> Any:
    """The receipt of a command."""
    text = f"""mutation ($i: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $i) {{
        ... on CommandAccepted {{ aggregateId token }} }} }}"""
    return (await shop.query(text, headers, i=given))[name]


async def customer(shop: Installation) -> str:
    person = {"name": "Kim", "email": f"{uuid4()}@example.com", "address": ADDRESS}
    id_: str = (await command(shop, "registerCustomer", person))["aggregateId"]
    return id_


async def product(shop: Installation, name: str = "Tea") -> str:
    given = {"sku": str(uuid4()), "name": name, "price": PRICE}
    id_: str = (await command(shop, "addProduct", given))["aggregateId"]
    return id_


async def viewed(shop: Installation, product: str, customer: str | None = None, **headers: str) -> str:
    """The token of a report."""
    given = {"productId": product, "customerId": customer}
    token: str = (await command(shop, "viewProduct", given, **headers))["token"]
    return token


@dataclass(frozen=True)
class Viewer:
    """A customer who looked at many products; `looked` is what the list should show."""

    id: str
    headers: dict[str, str]
    looked: list[str]
    token: str


@pytest.fixture(scope="module")
async def viewer(shop: Installation) -> Viewer:
    """Someone who looked at 23 products, then again at the third; they reported each themselves."""
    me = await customer(shop)
    headers = shop.bearer("customer", subject=me)
    products = [await product(shop, f"Tea {n}") for n in range(NUMBER)]
    for each in [*products, products[2]]:
        token = await viewed(shop, each, **headers)
    looked = [products[2], *(each for each in reversed(products) if each != products[2])]
    return Viewer(me, headers, looked[:20], token)


async def listed(http: httpx.AsyncClient, customer: str | None, /, **arguments: Any) -> Any:
    """The answer for this customer, as an operator sees it."""
    answer = await ask(http, LIST, {"c": customer, "ms": 10_000, **arguments})
    assert "errors" not in answer, answer
    return answer["data"]["recentlyViewed"]


def products_of(connection: Any) -> list[str]:
    for edge in connection["edges"]:
        assert edge["node"]["product"]["id"] == edge["node"]["productId"]
    return [edge["node"]["productId"] for edge in connection["edges"]]


async def test_the_last_twenty_products_are_shown_the_newest_first(http: httpx.AsyncClient, viewer: Viewer) -> None:
    got = await listed(http, viewer.id, token=viewer.token)
    assert products_of(got) == viewer.looked
    assert [edge["node"]["product"]["name"] for edge in got["edges"]][:2] == ["Tea 2", "Tea 22"]
    times = [edge["node"]["viewedAt"] for edge in got["edges"]]
    assert times == sorted(times, reverse=True)
    assert (got["pageInfo"]["hasNextPage"], got["pageInfo"]["hasPreviousPage"]) == (False, False)
    assert got["freshness"]["state"] in ("FRESH", "LAGGING")
    assert got["freshness"]["position"] > 0


@pytest.mark.parametrize("size", [1, 7, 19, 20, 100])
async def test_pages(http: httpx.AsyncClient, viewer: Viewer, size: int) -> None:
    after = None
    for beginning in range(0, len(viewer.looked), size):
        got = await listed(http, viewer.id, token=viewer.token, first=size, after=after)
        assert products_of(got) == viewer.looked[beginning : beginning + size]
        assert got["pageInfo"] == {
            "hasNextPage": beginning + size < len(viewer.looked),
            "hasPreviousPage": beginning > 0,
            "startCursor": got["edges"][0]["cursor"],
            "endCursor": got["edges"][-1]["cursor"],
        }
        after = got["pageInfo"]["endCursor"]


async def test_sizes_and_cursors_are_checked_for_strangers_as_well(
    http: httpx.AsyncClient, shop: Installation, viewer: Viewer
) -> None:
    of_orders = (await ask(http, "{ orders(first: 1) { edges { cursor } } }"))["data"]["orders"]["edges"][0]["cursor"]
    for headers in ({}, shop.bearer("customer", subject=await customer(shop))):
        for first in (-1, 101):
            assert code_of(await ask(http, LIST, {"c": viewer.id, "first": first}, **headers)) == "INVALID_VALUE"
        for after in ("", "x", "\ud800", of_orders):
            assert code_of(await ask(http, LIST, {"c": viewer.id, "after": after}, **headers)) == "MALFORMED_CURSOR"
        assert code_of(await ask(http, LIST, {"c": viewer.id, "token": "x"}, **headers)) == "MALFORMED_TOKEN"
    assert (await listed(http, viewer.id, first=0))["edges"] == []
    assert len((await listed(http, viewer.id, first=None))["edges"]) == 20


@pytest.mark.parametrize(
    "id_", ["", "x", "order_01k00000000000000000000000", "customer_01k", "customer_\ud800", "\x00"]
)
async def test_ids_that_are_none(http: httpx.AsyncClient, id_: str) -> None:
    answer = await ask(http, LIST, {"c": id_})
    assert code_of(answer) == "MALFORMED_ID"
    assert answer["errors"][0]["extensions"]["field"] == "customerId"


async def test_whose_it_is(http: httpx.AsyncClient, shop: Installation, viewer: Viewer) -> None:
    """One's own without naming oneself; a stranger's is empty, and looks like that of someone who never looked."""
    for mine in (None, viewer.id):
        assert products_of((await ask(http, LIST, {"c": mine}, **viewer.headers))["data"]["recentlyViewed"])
    nobody = await customer(shop)
    stranger = shop.bearer("customer", subject=nobody)
    answers = [await ask(http, LIST, {"c": whose}, **stranger) for whose in (viewer.id, nobody, None)]
    assert [answer["data"]["recentlyViewed"]["edges"] for answer in answers] == [[], [], []]
    assert len({str(answer["data"]["recentlyViewed"]["pageInfo"]) for answer in answers}) == 1
    unnamed = await ask(http, LIST, {"c": None})
    assert code_of(unnamed) == "INVALID_VALUE"
    assert unnamed["errors"][0]["extensions"]["field"] == "customerId"


async def test_operators_report_for_others_and_visitors_are_on_no_list(
    http: httpx.AsyncClient, shop: Installation
) -> None:
    kim, product_id = await customer(shop), await product(shop)
    token = await viewed(shop, product_id)
    assert (await listed(http, kim, token=token))["edges"] == []
    token = await viewed(shop, product_id, kim)
    assert products_of(await listed(http, kim, token=token)) == [product_id]


async def test_what_was_discontinued_since_is_still_shown(http: httpx.AsyncClient, shop: Installation) -> None:
    kim, product_id = await customer(shop), await product(shop)
    await viewed(shop, product_id, kim)
    token = (await command(shop, "discontinueProduct", {"productId": product_id}))["token"]
    assert [edge["node"]["product"] for edge in (await listed(http, kim, token=token))["edges"]] == [
        {"id": product_id, "name": "Tea", "discontinued": True}
    ]


async def test_a_report_sent_again_is_answered_with_the_first_receipt(shop: Installation) -> None:
    given = {"productId": await product(shop), "commandId": str(uuid4())}
    first = await command(shop, "viewProduct", given)
    assert first["aggregateId"].startswith("view_")
    assert await command(shop, "viewProduct", given) == first
    status = f'{{ commandStatus(commandId: "{given["commandId"]}") {{ type aggregateId version }} }}'
    async with asyncio.timeout(30):
        while (known := (await shop.query(status))["commandStatus"])["type"] is None:
            pass
    assert known == {"type": "ViewProduct", "aggregateId": first["aggregateId"], "version": 1}


class TestReadingOnesOwn:
    """With the checkpoints of a view held, as if its worker were slow."""

    async def test_the_list_waits_for_its_token(
        self, http: httpx.AsyncClient, shop: Installation, database: asyncpg.Connection
    ) -> None:
        kim, one, other = await customer(shop), await product(shop), await product(shop)
        await listed(http, kim, token=await viewed(shop, one, kim))
        async with _held(database, "recently_viewed"):
            token = await viewed(shop, other, kim)
            assert products_of(await listed(http, kim, ms=0)) == [one]
            assert code_of(await ask(http, LIST, {"c": kim, "token": token, "ms": 0})) == "STILL_PROCESSING"
            by_header = await ask(http, LIST, {"c": kim, "ms": 0}, Consistency_Token=token)
            assert code_of(by_header) == "STILL_PROCESSING"
            waiting = asyncio.create_task(listed(http, kim, token=token))
            assert code_of(await ask(http, LIST, {"c": kim, "token": token, "ms": 50})) == "STILL_PROCESSING"
            assert not waiting.done()
        assert products_of(await waiting) == [other, one]

    async def test_its_products_are_as_fresh_as_the_token(
        self, http: httpx.AsyncClient, shop: Installation, database: asyncpg.Connection
    ) -> None:
        kim = await customer(shop)
        async with _held(database, "product"):
            new = await product(shop)
            token = await viewed(shop, new, kim)
            assert code_of(await ask(http, LIST, {"c": kim, "token": token, "ms": 200})) == "STILL_PROCESSING"
            async with asyncio.timeout(30):
                while not (unsaid := (await listed(http, kim))["edges"]):
                    pass
            assert (unsaid[0]["node"]["productId"], unsaid[0]["node"]["product"]) == (new, None)
        assert products_of(await listed(http, kim, token=token)) == [new]


@asynccontextmanager
async def _held(database: asyncpg.Connection, view: str) -> AsyncIterator[None]:
    async with database.transaction():
        await database.execute("select from read.checkpoints where view = $1 for update", view)
        yield
