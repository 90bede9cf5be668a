"""What is hot: the order of recent views, whose weight halves with every hour."""

from typing import Any

import httpx
import pytest
import redis.asyncio as aioredis

from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books, carried_out
from tests.support.installation import Installation

HOT = """query ($first: Int, $after: String, $token: String) {
    hotProducts(first: $first, after: $after, token: $token) {
        edges { node { recentViews product { id } } } pageInfo { hasNextPage endCursor } freshness { state } } }"""


async def looked_at(made: Books, name: str) -> Any:
    return await carried_out(made.http, "viewProduct", {"productId": made.products[name]})


async def hot(made: Books, token: str) -> list[tuple[str, float]]:
    """Of these products, by name: their views now."""
    answer = await ask(made.http, HOT, {"first": 100, "token": token})
    names = {id_: name for name, id_ in made.products.items()}
    nodes = [edge["node"] for edge in answer["data"]["hotProducts"]["edges"]]
    return [(names[n["product"]["id"]], n["recentViews"]) for n in nodes if n["product"]["id"] in names]


async def test_the_most_viewed_come_first_and_what_is_discontinued_not_at_all(
    shop: Installation, http: httpx.AsyncClient
) -> None:
    made = await books(http, dict.fromkeys(("tea", "cup", "pot", "nail"), (None, None)))
    for name in ("tea", "cup", "cup", "pot", "cup", "tea"):
        done = await looked_at(made, name)
    shown = await hot(made, done["token"])
    assert [name for name, _ in shown] == ["cup", "tea", "pot"]
    assert [round(views) for _, views in shown] == [3, 2, 1]
    assert all(views < count for (_, views), count in zip(shown, (3, 2, 1), strict=True)), "they cool"
    async with aioredis.Redis.from_url(shop.redis_url) as redis:
        await redis.delete(*[key async for key in redis.scan_iter("*:hot_products:*:checkpoint")])
    assert [name for name, _ in await hot(made, done["token"])] == ["cup", "tea", "pot"]
    done = await carried_out(http, "discontinueProduct", {"productId": made.products["cup"]})
    assert [name for name, _ in await hot(made, done["token"])] == ["tea", "pot"]


async def test_pages_are_the_list(http: httpx.AsyncClient) -> None:
    whole = await ids(http, 100, None, 1)
    pages: list[str] = []
    after = None
    for _ in range(len(whole)):
        answer = (await ask(http, HOT, {"first": 1, "after": after}))["data"]["hotProducts"]
        pages += [edge["node"]["product"]["id"] for edge in answer["edges"]]
        after = answer["pageInfo"]["endCursor"]
    assert pages == whole
    assert not answer["pageInfo"]["hasNextPage"]


async def ids(http: httpx.AsyncClient, first: int, after: str | None, least: int) -> list[str]:
    answer = await ask(http, HOT, {"first": first, "after": after})
    found = [edge["node"]["product"]["id"] for edge in answer["data"]["hotProducts"]["edges"]]
    assert len(found) >= least
    return found


@pytest.mark.parametrize("wrong", [{"after": "?"}, {"first": -1}, {"token": "?"}], ids=str)
async def test_bad_input_is_told(http: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert code_of(await ask(http, HOT, wrong)) in {"INVALID_VALUE", "MALFORMED_CURSOR", "MALFORMED_TOKEN"}
