"""The list of orders: pages forwards and backwards, filters and counts, against the plain list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.schema.access import ADDRESS
from tests.schema.asking import ask
from tests.support.installation import Installation

FIELDS = "edges { cursor node { id version status customerId placedAt total { amount currency } itemCount } }"
PAGE = f"""query ($f: OrderFilter, $s: OrderSort!, $first: Int, $after: String, $last: Int, $before: String) {{
    orders(filter: $f, sort: $s, first: $first, after: $after, last: $last, before: $before) {{
        totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        freshness {{ state position lagMs }} {FIELDS} }} }}"""
SORTS = {"PLACED_AT_DESC": "placedAt", "PLACED_AT_ASC": "placedAt", "TOTAL_DESC": "total", "TOTAL_ASC": "total"}
FIRST = datetime(2011, 1, 1, tzinfo=UTC)
NUMBER = 23


@pytest.fixture(scope="module")
async def customer(shop: Installation) -> str:
    """A customer with orders of which several share a moment, and several a total."""
    known = await shop.query("{ orders(first: 1) { edges { node { id } } } }")
    order = await shop.query(
        "query ($id: ID!) { order(id: $id) { ... on Order { items { productId } } } }",
        id=known["orders"]["edges"][0]["node"]["id"],
    )
    product = order["order"]["items"][0]["productId"]
    person = {"name": "Kim", "email": f"{uuid4()}@example.com", "address": ADDRESS}
    register = """mutation ($i: RegisterCustomerInput!) { registerCustomer(input: $i) {
        ... on CommandAccepted { aggregateId } } }"""
    mine: str = (await shop.query(register, i=person))["registerCustomer"]["aggregateId"]
    receive = """mutation ($i: ReceiveStockInput!) { receiveStock(input: $i) { __typename } }"""
    await shop.query(receive, i={"productId": product, "pieces": 1_000})
    token = ""
    record = """mutation ($i: RecordPastOrderInput!) { recordPastOrder(input: $i) {
        ... on CommandAccepted { token aggregateId } } }"""
    for n in range(NUMBER):
        past = {
            "reference": str(n),
            "customerId": mine,
            "items": [{"productId": product, "quantity": 1, "unitPrice": f"{n % 4 + 1}.25"}],
            "currency": "GBP",
            "address": ADDRESS,
            "placedAt": (FIRST + timedelta(days=n // 3)).isoformat(),
        }
        token = (await shop.query(record, i=past))["recordPastOrder"]["token"]
    listed = f'{{ orders(filter: {{customerId: "{mine}"}}, token: "{token}", waitMs: 10000) {{ totalCount }} }}'
    assert (await shop.query(listed))["orders"]["totalCount"] == NUMBER
    return mine


async def page(http: httpx.AsyncClient, customer: str, sort: str, **arguments: Any) -> Any:
    """A page of the customer's orders."""
    answer = await ask(http, PAGE, {"f": {"customerId": customer}, "s": sort, **arguments})
    assert "errors" not in answer, answer
    return answer["data"]["orders"]


def nodes(connection: Any) -> list[Any]:
    """What stands on a page."""
    return [edge["node"] for edge in connection["edges"]]


def place(node: Any, by: str) -> tuple[Any, str]:
    """Where an order stands in a list; ids sort as their UUIDs do."""
    value = Decimal(node["total"]["amount"]) if by == "total" else node["placedAt"]
    return value, node["id"]


async def plain(http: httpx.AsyncClient, customer: str, sort: str) -> list[Any]:
    """All orders on one page, sorted here."""
    everything = nodes(await page(http, customer, "PLACED_AT_ASC", first=100))
    assert len(everything) == NUMBER
    return sorted(everything, key=lambda node: place(node, SORTS[sort]), reverse=sort.endswith("DESC"))


@pytest.mark.parametrize("size", [1, 2, 7, NUMBER - 1, NUMBER, 100])
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_forwards(http: httpx.AsyncClient, customer: str, sort: str, size: int) -> None:
    found: list[Any] = []
    after = None
    while True:
        got = await page(http, customer, sort, first=size, after=after)
        _consistent(got, has_previous=bool(found), has_next=len(found) + size < NUMBER)
        found += nodes(got)
        after = got["pageInfo"]["endCursor"]
        if not got["pageInfo"]["hasNextPage"]:
            break
    assert found == await plain(http, customer, sort)


@pytest.mark.parametrize("size", [1, 2, 7, NUMBER - 1, NUMBER, 100])
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_backwards(http: httpx.AsyncClient, customer: str, sort: str, size: int) -> None:
    found: list[Any] = []
    before = None
    while True:
        got = await page(http, customer, sort, last=size, before=before)
        _consistent(got, has_previous=len(found) + size < NUMBER, has_next=bool(found))
        found = nodes(got) + found
        before = got["pageInfo"]["startCursor"]
        if not got["pageInfo"]["hasPreviousPage"]:
            break
    assert found == await plain(http, customer, sort)


def _consistent(got: Any, *, has_previous: bool, has_next: bool) -> None:
    assert got["totalCount"] == NUMBER
    assert got["pageInfo"] == {
        "hasPreviousPage": has_previous,
        "hasNextPage": has_next,
        "startCursor": got["edges"][0]["cursor"],
        "endCursor": got["edges"][-1]["cursor"],
    }


async def test_an_empty_page(http: httpx.AsyncClient, customer: str) -> None:
    got = await page(http, customer, "TOTAL_ASC", first=0)
    assert got["edges"] == []
    assert got["totalCount"] == NUMBER
    last = await page(http, customer, "TOTAL_ASC", last=1)
    beyond = await page(http, customer, "TOTAL_ASC", first=5, after=last["pageInfo"]["endCursor"])
    assert beyond["edges"] == []
    assert not beyond["pageInfo"]["hasNextPage"]
    assert beyond["pageInfo"]["startCursor"] is None


async def test_freshness(http: httpx.AsyncClient, customer: str) -> None:
    """With everything projected, the list is at the head of the log; a heartbeat may be under way."""
    freshness = (await page(http, customer, "TOTAL_ASC", first=0))["freshness"]
    assert freshness["state"] in ("FRESH", "LAGGING")
    assert freshness["position"] > 0
    assert freshness["lagMs"] >= 0


def day(n: int) -> str:
    """The moment so many days after the first."""
    return (FIRST + timedelta(days=n)).isoformat().replace("+00:00", "Z")


Test = Callable[[Any], bool]
FILTERS: dict[str, tuple[dict[str, Any], Test]] = {
    "from a day": ({"placedFrom": day(2)}, lambda node: node["placedAt"] >= day(2)),
    "to a day, which is left out": ({"placedTo": day(2)}, lambda node: node["placedAt"] < day(2)),
    "between days": ({"placedFrom": day(1), "placedTo": day(3)}, lambda node: day(1) <= node["placedAt"] < day(3)),
    "at least": ({"minTotal": "3.25"}, lambda node: Decimal(node["total"]["amount"]) >= Decimal("3.25")),
    "at most": ({"maxTotal": "3.25"}, lambda node: Decimal(node["total"]["amount"]) <= Decimal("3.25")),
    "between amounts": (
        {"minTotal": "1.26", "maxTotal": "3.25"},
        lambda node: Decimal("1.26") <= Decimal(node["total"]["amount"]) <= Decimal("3.25"),
    ),
    "the only status": ({"status": ["DELIVERED"]}, lambda _: True),
    "several statuses": ({"status": ["PENDING", "DELIVERED"]}, lambda _: True),
    "another status": ({"status": ["PENDING"]}, lambda _: False),
    "no status": ({"status": []}, lambda _: False),
    "nothing in between": ({"minTotal": "3", "maxTotal": "2"}, lambda _: False),
    "day and amount": (
        {"placedFrom": day(2), "minTotal": "3.25"},
        lambda node: node["placedAt"] >= day(2) and Decimal(node["total"]["amount"]) >= Decimal("3.25"),
    ),
}


@pytest.mark.parametrize(("conditions", "test"), FILTERS.values(), ids=FILTERS)
async def test_filters(http: httpx.AsyncClient, customer: str, conditions: dict[str, Any], test: Test) -> None:
    wanted = [node for node in await plain(http, customer, "PLACED_AT_ASC") if test(node)]
    given = {"customerId": customer, **conditions}
    answer = await ask(http, PAGE, {"f": given, "s": "PLACED_AT_ASC", "first": 100})
    assert nodes(answer["data"]["orders"]) == wanted
    assert answer["data"]["orders"]["totalCount"] == len(wanted)
    few = await ask(http, PAGE, {"f": given, "s": "TOTAL_DESC", "first": 2})
    assert few["data"]["orders"]["totalCount"] == len(wanted)


async def test_without_a_filter_everyones_orders_are_listed(http: httpx.AsyncClient, customer: str) -> None:
    everyones = await ask(http, "{ orders(first: 100) { edges { node { customerId } } } }")
    customers = {node["customerId"] for node in nodes(everyones["data"]["orders"])}
    assert customer in customers
    assert len(customers) > 1
