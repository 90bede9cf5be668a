"""What sells best: by three measures, over a window of the shop's days, in Redis and in the table alike."""

from typing import Any

import httpx
import pytest
import redis.asyncio as aioredis

from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books
from tests.support.installation import Installation

POPULAR = """query ($days: Int!, $until: Date, $by: PopularityMeasure, $first: Int, $after: String, $token: String) {
    popularProducts(days: $days, until: $until, by: $by, first: $first, after: $after, token: $token) {
        edges { node { product { name } pieces orders revenue { amount currency } } }
        pageInfo { hasNextPage hasPreviousPage endCursor } since until timeZone freshness { state } } }"""


@pytest.fixture(scope="module")
async def kept(http: httpx.AsyncClient) -> tuple[Books, str]:
    """The books of 1998, and the token of their last entry."""
    made = await books(http, dict.fromkeys(("tea", "cup", "pot", "nail"), (None, None)))
    order = await made.order("1998-03-01T12:00:00Z", {"tea": 10, "cup": 1})
    await made.order("1998-03-02T12:00:00Z", {"tea": 1, "cup": 1, "pot": 1}, price="50.00")
    await made.order("1998-03-03T12:00:00Z", {"cup": 2})
    await made.order("1998-03-04T12:00:00Z", {"nail": 3})
    await made.take_back(order["aggregateId"], "1998-03-10T12:00:00Z", 1, 8)
    last = await made.credit("1998-03-04T12:00:00Z", "nail", 3)
    return made, last["token"]


async def shown(http: httpx.AsyncClient, kept: tuple[Books, str], **said: Any) -> list[tuple[Any, ...]]:
    answer = await ask(http, POPULAR, {"days": 4, "until": "1998-03-04", "token": kept[1], **said})
    nodes = [edge["node"] for edge in answer["data"]["popularProducts"]["edges"]]
    return [(n["product"]["name"], n["pieces"], n["orders"], n["revenue"]["amount"]) for n in nodes]


TEA, CUP, POT = ("tea", 3, 2, "54.00"), ("cup", 4, 3, "56.00"), ("pot", 1, 1, "50.00")


async def test_by_pieces_by_orders_and_by_revenue(http: httpx.AsyncClient, kept: tuple[Books, str]) -> None:
    """What came back on the 10th is off the 1st; the note of the 4th takes off what was sold that day."""
    assert await shown(http, kept) == [CUP, TEA, POT]
    assert await shown(http, kept, by="REVENUE") == [CUP, TEA, POT]
    by_orders = await shown(http, kept, by="ORDERS")
    assert by_orders[:2] == [CUP, TEA]
    assert sorted(by_orders[2:]) == [("nail", 0, 1, "0.00"), POT]


async def test_the_window_is_so_many_days_up_to_the_last(http: httpx.AsyncClient, kept: tuple[Books, str]) -> None:
    assert await shown(http, kept, days=1, until="1998-03-03") == [("cup", 2, 1, "4.00")]
    assert await shown(http, kept, days=2, until="1998-03-03") == [
        ("cup", 3, 2, "54.00"),
        *sorted([("tea", 1, 1, "50.00"), POT], key=lambda each: kept[0].products[each[0]], reverse=True),
    ]
    assert await shown(http, kept, days=365, until="1999-02-28") == await shown(http, kept)
    assert await shown(http, kept, days=365, until="1999-03-01") == await shown(http, kept, days=3)
    assert await shown(http, kept, days=30, until="1950-03-01") == []


async def test_without_redis_the_table_says_the_same(
    shop: Installation, http: httpx.AsyncClient, kept: tuple[Books, str]
) -> None:
    said = [{"by": by, "days": days} for by in ("PIECES", "ORDERS", "REVENUE") for days in (1, 2, 4)]
    before = [await shown(http, kept, **each) for each in said]
    async with aioredis.Redis.from_url(shop.redis_url) as redis:
        await redis.delete(*[key async for key in redis.scan_iter("*:product_popularity:*:checkpoint")])
        assert [await shown(http, kept, **each) for each in said] == before


async def test_pages_are_the_list(http: httpx.AsyncClient, kept: tuple[Books, str]) -> None:
    whole, names, after = await shown(http, kept), [], None
    while True:
        said = {"days": 4, "until": "1998-03-04", "first": 1, "after": after}
        page = (await ask(http, POPULAR, said))["data"]["popularProducts"]
        names += [edge["node"]["product"]["name"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert names == [each[0] for each in whole]


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": 366}, {"until": "0001-01-01"}, {"after": "?"}, {"first": 101}, {"token": "?"}],
    ids=str,
)
async def test_bad_input_is_told(http: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await ask(http, POPULAR, {"days": 4} | wrong)
    assert code_of(answer) in {"INVALID_VALUE", "MALFORMED_CURSOR", "MALFORMED_TOKEN"}
