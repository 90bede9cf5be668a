"""The stock report: what is reserved between placing and shipping, what sells, and how long the shelf lasts."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.schema.access import ADDRESS
from tests.schema.asking import ask, code_of
from tests.schema.past import books, carried_out

REPORT = """query ($filter: StockFilter, $asOf: Date, $sort: StockSort, $first: Int, $after: String, $token: String) {
    stockReport(filter: $filter, asOf: $asOf, sort: $sort, first: $first, after: $after, token: $token) {
        edges { node { name onHand reserved soldPerWeek daysOfCover discontinued } }
        pageInfo { hasNextPage endCursor } asOf freshness { state } } }"""


@pytest.fixture(scope="module")
async def kept(http: httpx.AsyncClient) -> tuple[str, str]:
    """The vendor of three products, in 1997, and the token of the last order."""
    vendor = str(uuid4())
    made = await books(http, dict.fromkeys(("slow", "fast", "new"), (None, vendor)))
    await made.order("1997-05-01T12:00:00Z", {"fast": 1_000})
    order = await made.order("1997-05-28T12:00:00Z", {"fast": 400, "slow": 8})
    await made.take_back(order["aggregateId"], "1997-06-20T12:00:00Z", 1, 40)
    last = await made.order("1997-05-29T12:00:00Z", {"slow": 8})
    return vendor, last["token"]


async def shown(http: httpx.AsyncClient, kept: tuple[str, str], **said: Any) -> Any:
    vendor, token = kept
    filter_ = {"vendors": [vendor]} | said.pop("filter", {})
    answer = await ask(http, REPORT, {"filter": filter_, "asOf": "1997-05-28", "token": token, **said})
    return answer["data"]["stockReport"]


async def report(http: httpx.AsyncClient, kept: tuple[str, str], **said: Any) -> list[tuple[Any, ...]]:
    """Name, on hand, reserved, sold per week, days of cover."""
    nodes = [edge["node"] for edge in (await shown(http, kept, **said))["edges"]]
    return [(n["name"], n["onHand"], n["reserved"], n["soldPerWeek"], n["daysOfCover"]) for n in nodes]


FAST, SLOW, NEW = ("fast", 8_640, 0, 340.0, 177.9), ("slow", 9_984, 0, 2.0, 34_944.0), ("new", 10_000, 0, 0.0, None)


async def test_what_sold_in_28_days_up_to_that_day(http: httpx.AsyncClient, kept: tuple[str, str]) -> None:
    """The 40 pieces that came back later are off the day on which they were ordered."""
    assert await report(http, kept, sort="COVER") == [FAST, SLOW, NEW]
    assert await report(http, kept, sort="SOLD") == [FAST, SLOW, NEW]
    assert [each[3] for each in await report(http, kept, sort="SOLD", asOf="1997-05-29")] == [90.0, 4.0, 0.0]
    assert [each[3:] for each in await report(http, kept, sort="ON_HAND", asOf="1997-04-30")] == [(0.0, None)] * 3


async def test_below_a_threshold(http: httpx.AsyncClient, kept: tuple[str, str]) -> None:
    assert await report(http, kept, filter={"belowPieces": 9_984}) == [FAST]
    assert await report(http, kept, filter={"belowDaysOfCover": 178}) == [FAST]
    assert await report(http, kept, filter={"belowDaysOfCover": 100}) == []
    assert await report(http, kept, filter={"vendors": ["nobody"]}) == []


@pytest.mark.parametrize("sort", ["SKU", "ON_HAND", "SOLD", "COVER"])
async def test_pages_are_the_list(http: httpx.AsyncClient, kept: tuple[str, str], sort: str) -> None:
    whole, pages, after = await shown(http, kept, sort=sort), [], None
    for _ in range(3):
        page = await shown(http, kept, sort=sort, first=1, after=after)
        pages += page["edges"]
        after = page["pageInfo"]["endCursor"]
    assert pages == whole["edges"]
    assert not page["pageInfo"]["hasNextPage"]


async def test_pieces_are_reserved_until_they_leave_the_house(http: httpx.AsyncClient) -> None:
    vendor = str(uuid4())
    made = await books(http, {"tea": (None, vendor)})
    who = {"name": "Pat", "email": f"{uuid4()}@example.com", "address": ADDRESS}
    customer = (await carried_out(http, "registerCustomer", who))["aggregateId"]

    async def stock(token: str) -> tuple[int, int]:
        answer = await ask(http, REPORT, {"filter": {"vendors": [vendor]}, "token": token})
        (edge,) = answer["data"]["stockReport"]["edges"]
        return edge["node"]["onHand"], edge["node"]["reserved"]

    async def placed(pieces: int) -> Any:
        items = [{"productId": made.products["tea"], "quantity": pieces}]
        return await carried_out(http, "placeOrder", {"customerId": customer, "items": items})

    first, second = await placed(7), await placed(2)
    assert await stock(second["token"]) == (9_991, 9)
    done = await carried_out(http, "payOrder", {"orderId": first["aggregateId"]})
    assert await stock(done["token"]) == (9_991, 9)
    done = await carried_out(http, "shipOrder", {"orderId": first["aggregateId"]})
    assert await stock(done["token"]) == (9_991, 2)
    done = await carried_out(http, "cancelOrder", {"orderId": second["aggregateId"]})
    assert await stock(done["token"]) == (9_993, 0)
    await carried_out(http, "deliverOrder", {"orderId": first["aggregateId"]})
    back = {"orderId": first["aggregateId"], "items": [{"line": 1, "quantity": 3}]}
    done = await carried_out(http, "returnItems", back)
    assert await stock(done["token"]) == (9_996, 0)
    done = await carried_out(http, "discontinueProduct", {"productId": made.products["tea"]})
    answer = await ask(http, REPORT, {"filter": {"vendors": [vendor]}, "token": done["token"]})
    assert answer["data"]["stockReport"]["edges"] == []
    everything = {"vendors": [vendor], "includeDiscontinued": True}
    answer = await ask(http, REPORT, {"filter": everything, "token": done["token"]})
    assert [edge["node"]["discontinued"] for edge in answer["data"]["stockReport"]["edges"]] == [True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": {"belowPieces": -1}},
        {"filter": {"belowDaysOfCover": -0.5}},
        {"filter": {"vendors": ["\u0000"]}},
        {"asOf": "0001-01-01"},
        {"after": "?"},
        {"token": "?"},
    ],
    ids=str,
)
async def test_bad_input_is_told(http: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert code_of(await ask(http, REPORT, wrong)) in {"INVALID_VALUE", "MALFORMED_CURSOR", "MALFORMED_TOKEN"}
