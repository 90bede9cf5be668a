"""Operations that are answered by their plans: as the library would answer, and never from what has changed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.installation import Installation

ORDERS = "{ orders(first: 1) { edges { node { id version } } } }"
ORDER = """query ($id: ID!, $version: Int) { order(id: $id, minVersion: $version) {
    __typename ... on Order { id version status total { amount } history { status } } } }"""
PAY = (
    "mutation ($id: ID!) { payOrder(input: { orderId: $id }) { __typename ... on CommandAccepted { version token } } }"
)
PLACE = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
    __typename ... on CommandAccepted { aggregateId } ... on CommandRejected { code field } } }"""
ADA = "customer_01kdvdna00f24vxxn2s19mcv8a"
TEAPOT = "product_01kdvdna00fwy9g9krev4k3t4y"


@pytest.fixture
async def http(shop: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:
        yield client


async def by_the_library(http: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    """The library takes what has a parameter in its content type."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return await http.post("/graphql", content=json.dumps(body), headers=headers)


async def counted(http: httpx.AsyncClient) -> dict[str, int]:
    lines = (await http.get("/metrics")).text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {
        way: int(float(values[f'counterfoil_graphql_operations_total{{way="{way}"}}']))
        for way in ("plan", "completed", "without_plan")
    }


async def ways(http: httpx.AsyncClient, query: str, **variables: Any) -> set[str]:
    """The ways that answering this operation took."""
    before = await counted(http)
    await http.post("/graphql", json={"query": query, "variables": variables})
    after = await counted(http)
    return {way for way in after if after[way] > before[way]}


@pytest.mark.parametrize(
    ("query", "variables", "way"),
    [
        (ORDERS, {}, "plan"),
        (ORDER, {"id": "order_01kdvdna00f7st90pxtr01k87r"}, "plan"),
        (ORDER, {"id": "nonsense"}, "completed"),
        (ORDER, {}, "completed"),
        (PLACE, {"input": {"customerId": ADA, "items": [{"productId": TEAPOT, "quantity": 0}]}}, "plan"),
        ("{ __schema { queryType { name } } }", {}, "without_plan"),
        ("{ nonsense }", {}, "without_plan"),
    ],
)
async def test_which_way_it_goes(http: httpx.AsyncClient, query: str, variables: dict[str, Any], way: str) -> None:
    assert await ways(http, query, **variables) == {way}


@pytest.mark.parametrize(
    "body",
    [
        {"query": ORDERS},
        {"query": ORDERS, "variables": None, "operationName": None, "extensions": None},
        {"query": ORDER, "variables": {"id": "nonsense"}},
        {"query": ORDER, "variables": {"id": "order_01kdvdna00f7st90pxtr01k87r", "version": 99, "unknown": [1]}},
        {"query": "query A { __typename } query B { b: __typename }", "operationName": "B"},
    ],
    ids=str,
)
async def test_the_answer_is_the_librarys(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    ours, theirs = await http.post("/graphql", json=body), await by_the_library(http, body)
    assert ours.json() == theirs.json()
    assert ours.status_code == theirs.status_code == 200
    assert ours.headers.keys() - {"date"} == theirs.headers.keys() - {"date"}
    assert ours.headers["content-type"] == theirs.headers["content-type"] == "application/json"


async def test_what_was_shown_before_is_not_shown_once_it_has_changed(http: httpx.AsyncClient) -> None:
    given = {"customerId": ADA, "items": [{"productId": TEAPOT, "quantity": 1}]}
    placed = (await http.post("/graphql", json={"query": PLACE, "variables": {"input": given}})).json()
    order_id = placed["data"]["placeOrder"]["aggregateId"]
    for _ in range(3):
        assert await shown(http, order_id, 1) == (1, "PENDING", 1)
    response = await http.post("/graphql", json={"query": PAY, "variables": {"id": order_id}})
    assert response.headers["consistency-token"] == response.json()["data"]["payOrder"]["token"]
    for version in (2, 1, 2):
        assert await shown(http, order_id, version) == (2, "PAID", 2)
    listed = {"query": ORDERS}
    told = {"Consistency-Token": response.headers["consistency-token"]}
    first = (await http.post("/graphql", json=listed, headers=told)).json()["data"]["orders"]["edges"][0]["node"]
    assert first == {"id": order_id, "version": 2}


async def shown(http: httpx.AsyncClient, order_id: str, version: int) -> tuple[int, str, int]:
    body = {"query": ORDER, "variables": {"id": order_id, "version": version}}
    order = (await http.post("/graphql", json=body)).json()["data"]["order"]
    return order["version"], order["status"], len(order["history"])


async def test_a_body_in_pieces(http: httpx.AsyncClient) -> None:
    body = json.dumps({"query": ORDERS}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    response = await http.post("/graphql", content=pieces(), headers={"Content-Type": "application/json"})
    assert len(response.json()["data"]["orders"]["edges"]) == 1
