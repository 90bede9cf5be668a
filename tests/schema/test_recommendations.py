"""Recommendations: what goes with what was bought last, then what is popular; never what is there already, or gone."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis.asyncio as aioredis

from tests.schema.access import ADDRESS
from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books, carried_out
from tests.support.installation import Installation

ASKED = """query ($id: ID, $first: Int, $after: String, $token: String) {
    recommendations(customerId: $id, first: $first, after: $after, token: $token) {
        edges { node { boughtTogether product { id name } } } pageInfo { hasNextPage endCursor }
        freshness { state } } }"""


class Street:
    """Customers who buy of the same few products."""

    def __init__(self, http: httpx.AsyncClient, made: Books) -> None:
        self.http, self.made = http, made

    async def customer(self) -> str:
        who = {"name": "Pat", "email": f"{uuid4()}@example.com", "address": ADDRESS}
        return str((await carried_out(self.http, "registerCustomer", who))["aggregateId"])

    async def buys(self, customer: str, *names: str) -> Any:
        items = [{"productId": self.made.products[name], "quantity": 1} for name in names]
        return await carried_out(self.http, "placeOrder", {"customerId": customer, "items": items})

    async def recommended(self, customer: str, token: str) -> Mapping[str, int]:
        """Of this street's products, by name: how many orders speak for each, in their order."""
        answer = await ask(self.http, ASKED, {"id": customer, "first": 50, "token": token})
        nodes = [edge["node"] for edge in answer["data"]["recommendations"]["edges"]]
        own = {id_: name for name, id_ in self.made.products.items()}
        return {own[n["product"]["id"]]: n["boughtTogether"] for n in nodes if n["product"]["id"] in own}


@pytest.fixture
async def street(http: httpx.AsyncClient) -> Street:
    return Street(http, await books(http, dict.fromkeys(("tea", "cup", "pot", "spoon", "nail", "lamp"), (None, None))))


async def test_what_goes_with_it_comes_first_and_what_they_have_never(street: Street) -> None:
    someone, me = await street.customer(), await street.customer()
    for _ in range(2):
        await street.buys(someone, "tea", "cup", "pot")
    await street.buys(someone, "tea", "pot", "lamp")
    await street.buys(someone, "nail", "spoon")
    done = await street.buys(me, "tea", "lamp")
    shown = await street.recommended(me, done["token"])
    assert list(shown.items())[:2] == [("pot", 4), ("cup", 2)]
    assert shown["nail"] == shown["spoon"] == 0
    assert shown.keys() == {"pot", "cup", "nail", "spoon"}


async def test_a_cancelled_order_speaks_for_nothing_and_gives_back_what_was_bought(street: Street) -> None:
    someone, me = await street.customer(), await street.customer()
    regretted = await street.buys(someone, "tea", "cup")
    await street.buys(someone, "tea", "pot")
    mine, other = await street.buys(me, "tea"), await street.buys(me, "nail")
    assert list((await street.recommended(me, other["token"])).items())[:2] in (
        [("pot", 1), ("cup", 1)],
        [("cup", 1), ("pot", 1)],
    )
    done = await carried_out(street.http, "cancelOrder", {"orderId": regretted["aggregateId"]})
    shown = await street.recommended(me, done["token"])
    assert (shown["pot"], shown.get("cup", 0)) == (1, 0)
    done = await carried_out(street.http, "cancelOrder", {"orderId": mine["aggregateId"]})
    assert (await street.recommended(me, done["token"])).keys() == {"tea", "pot"}


async def test_never_what_is_discontinued_or_sold_out(street: Street) -> None:
    someone, me = await street.customer(), await street.customer()
    await street.buys(someone, "tea", "cup", "pot", "lamp")
    await street.buys(me, "tea")
    gone = {"productId": street.made.products["cup"]}
    await carried_out(street.http, "discontinueProduct", gone)
    lost = {"productId": street.made.products["pot"], "change": -9_999, "reason": "broken"}
    done = await carried_out(street.http, "correctStock", lost)
    assert await street.recommended(me, done["token"]) == {"lamp": 1}


async def test_without_redis_the_tables_say_the_same(shop: Installation, street: Street) -> None:
    someone, me = await street.customer(), await street.customer()
    for pair in (("tea", "cup"), ("tea", "pot"), ("tea", "pot"), ("lamp", "cup")):
        await street.buys(someone, *pair)
    done = await street.buys(me, "tea", "lamp")
    before = await street.recommended(me, done["token"])
    assert dict(before) == {"cup": 2, "pot": 2} | {name: 0 for name in before if name not in ("cup", "pot")}
    async with aioredis.Redis.from_url(shop.redis_url) as redis:
        for view in ("bought_together", "product_popularity", "recommendations"):
            await redis.delete(*[key async for key in redis.scan_iter(f"*:{view}:*:checkpoint")])
        assert await street.recommended(me, done["token"]) == before


async def test_someone_who_bought_nothing_sees_what_is_popular(street: Street) -> None:
    someone, me = await street.customer(), await street.customer()
    done = await street.buys(someone, "tea")
    answer = await ask(street.http, ASKED, {"id": me, "first": 50, "token": done["token"]})
    nodes = [edge["node"] for edge in answer["data"]["recommendations"]["edges"]]
    assert nodes
    assert {node["boughtTogether"] for node in nodes} == {0}


async def test_pages_are_the_list(street: Street) -> None:
    me = await street.customer()
    whole = (await ask(street.http, ASKED, {"id": me, "first": 50}))["data"]["recommendations"]["edges"]
    shown: list[Any] = []
    after, more = None, True
    while more:
        page = (await ask(street.http, ASKED, {"id": me, "first": 7, "after": after}))["data"]["recommendations"]
        shown, after, more = shown + page["edges"], page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert shown == whole


@pytest.mark.parametrize("wrong", [{}, {"id": "?"}, {"id": ""}, {"after": "?"}, {"first": -1}, {"token": "?"}], ids=str)
async def test_bad_input_is_told(http: httpx.AsyncClient, street: Street, wrong: dict[str, Any]) -> None:
    """An operator has to say whose."""
    said = {"id": await street.customer()} | wrong if wrong else {}
    codes = {"INVALID_VALUE", "MALFORMED_ID", "MALFORMED_CURSOR", "MALFORMED_TOKEN"}
    assert code_of(await ask(http, ASKED, said)) in codes
