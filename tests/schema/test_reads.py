"""Reading what was just written: versions, tokens, and what is said where the view is not there yet."""

import asyncio
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from app.infra.wanted import Wanted
from app.kernel.clock import new_id
from schema.context import Installation as Context
from schema.context import RequestContext, Shop, Waiting
from tests.schema.access import PRICE
from tests.schema.asking import ask, code_of

ADD = """mutation ($i: AddProductInput!) { addProduct(input: $i) {
    ... on CommandAccepted { aggregateId version token } } }"""
CHANGE = """mutation ($i: ChangePriceInput!) { changePrice(input: $i) {
    ... on CommandAccepted { aggregateId version token } } }"""
SHOWN = """__typename ... on Product { id version price { amount } }
    ... on Processing { expectedVersion currentVersion lagMs retryAfterMs parked }"""
LEEDS = Shop("GBP", ZoneInfo("Europe/London"))
PRODUCT = f"""query ($id: ID!, $v: Int, $token: String, $ms: Int) {{
    product(id: $id, minVersion: $v, token: $token, waitMs: $ms) {{ {SHOWN} }} }}"""


async def added(http: httpx.AsyncClient) -> Any:
    """The receipt of a new product."""
    given = {"sku": str(uuid4()), "name": "Tea", "price": PRICE}
    return (await ask(http, ADD, {"i": given}))["data"]["addProduct"]


async def repriced(http: httpx.AsyncClient, product: str, amount: str) -> Any:
    """The receipt of a change of price."""
    given = {"productId": product, "price": PRICE | {"amount": amount}}
    return (await ask(http, CHANGE, {"i": given}))["data"]["changePrice"]


async def product(http: httpx.AsyncClient, id: str, **arguments: Any) -> Any:
    """What a read of the product answers."""
    answer = await ask(http, PRODUCT, {"id": id, **arguments})
    assert "errors" not in answer, answer
    return answer["data"]["product"]


async def test_a_version_and_a_token_are_reached(http: httpx.AsyncClient) -> None:
    for n in range(5):
        receipt = await added(http)
        later = await repriced(http, receipt["aggregateId"], f"{n + 3}.00")
        assert later["version"] == receipt["version"] + 1
        wanted = {"v": later["version"]} if n % 2 else {"token": later["token"]}
        shown = await product(http, receipt["aggregateId"], **wanted, ms=10_000)
        assert shown["price"]["amount"] == f"{n + 3}.00"


async def test_a_waiting_read_is_answered_when_the_view_comes(
    http: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    """The view's checkpoints are held while the read begins to wait."""
    async with database.transaction():
        await database.execute("select from read.checkpoints where view = 'product' for update")
        receipt = await added(http)
        wanted = {"v": receipt["version"], "token": receipt["token"]}
        assert (await product(http, receipt["aggregateId"], **wanted, ms=0))["__typename"] == "Processing"
        waiting = asyncio.create_task(product(http, receipt["aggregateId"], **wanted, ms=10_000))
        assert (await product(http, receipt["aggregateId"], **wanted, ms=50))["__typename"] == "Processing"
        assert not waiting.done()
    assert (await waiting)["__typename"] == "Product"


async def test_the_header_of_a_response_is_the_header_of_the_next_request(http: httpx.AsyncClient) -> None:
    body = {"query": ADD, "variables": {"i": {"sku": str(uuid4()), "name": "Tea", "price": PRICE}}}
    response = await http.post("/graphql", json=body)
    receipt, token = response.json()["data"]["addProduct"], response.headers["consistency-token"]
    assert token == receipt["token"]
    query = {"query": PRODUCT, "variables": {"id": receipt["aggregateId"], "ms": 10_000}}
    read = await http.post("/graphql", json=query, headers={"Consistency-Token": token})
    assert read.json()["data"]["product"]["version"] == 1


async def test_of_several_commands_the_header_has_the_furthest_token(http: httpx.AsyncClient) -> None:
    text = """mutation ($a: AddProductInput!, $b: AddProductInput!) {
        a: addProduct(input: $a) { ... on CommandAccepted { token } }
        b: addProduct(input: $b) { ... on CommandAccepted { token } } }"""
    given = {name: {"sku": str(uuid4()), "name": "Tea", "price": PRICE} for name in ("a", "b")}
    response = await http.post("/graphql", json={"query": text, "variables": given})
    tokens = [response.json()["data"][name]["token"] for name in ("a", "b")]
    assert response.headers["consistency-token"] == tokens[1] != tokens[0]


async def test_an_argument_goes_before_the_header(http: httpx.AsyncClient) -> None:
    token = (await added(http))["token"]
    query = "query ($token: String) { orders(token: $token, waitMs: 10000) { totalCount } }"
    assert "errors" not in await ask(http, query, {"token": token}, Consistency_Token="x")
    assert code_of(await ask(http, query, None, Consistency_Token="x")) == "MALFORMED_TOKEN"


async def test_node_is_whatever_has_the_id(http: httpx.AsyncClient) -> None:
    page = await ask(http, "{ orders(first: 1) { edges { node { id customerId } } } }")
    order = page["data"]["orders"]["edges"][0]["node"]
    items = "query ($id: ID!) { order(id: $id) { ... on Order { items { productId } } } }"
    goods = (await ask(http, items, {"id": order["id"]}))["data"]["order"]["items"][0]["productId"]
    text = """query ($id: ID!) { node(id: $id) { __typename id
        ... on Order { status } ... on Customer { displayAddress } ... on Product { onHand } } }"""
    for id_, kind, field in (
        (order["id"], "Order", "status"),
        (order["customerId"], "Customer", "displayAddress"),
        (goods, "Product", "onHand"),
    ):
        node = (await ask(http, text, {"id": id_}))["data"]["node"]
        assert (node["__typename"], node["id"]) == (kind, id_)
        assert node[field] is not None


@pytest.mark.parametrize(("wait_ms", "seconds"), [(None, 2), (0, 0), (1, 0.001), (10_001, 10), (2**31 - 1, 10)])
def test_waiting_has_a_limit(wait_ms: int | None, seconds: float) -> None:
    context = RequestContext(Context(new_id(), Waiting(2_000, 10_000), LEEDS, None, None, None), None, str(new_id()))
    assert context.wanted(wait_ms=wait_ms) == Wanted(wait_s=seconds)
