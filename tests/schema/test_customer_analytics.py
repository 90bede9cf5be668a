"""What a customer is worth: figures by currency, and who may see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
import redis.asyncio as aioredis

from app.kernel import typeid
from app.kernel.clock import new_id
from tests.schema.access import ADDRESS
from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books, carried_out, person
from tests.support.installation import Installation

MONEY = "{ amount currency }"
ANALYTICS = f"""query ($id: ID!, $currency: String, $token: String, $ms: Int) {{
    customerAnalytics(customerId: $id, currency: $currency, token: $token, waitMs: $ms) {{
        __typename ... on CustomerAnalytics {{
            customerId customerName totalOrders totalSpent {MONEY} returned {MONEY} averageOrderValue {MONEY}
            favouriteCategory country firstOrderOn lastOrderOn segment lifetimeValue {MONEY} }} }} }}"""


@dataclass(frozen=True)
class Market:
    """Someone who bought, someone who did not; `token` is that of the last entry."""

    books: Books
    buyer: str
    idler: str
    token: str


@pytest.fixture(scope="module")
async def market(http: httpx.AsyncClient) -> Market:
    """Two orders in pounds, one with what came back; three in francs; and a credit note of either of the two."""
    made = await books(http, {"tea": ("Tea", None), "spade": ("Garden", None)})
    buyer, idler = await person(http, "Kim"), await person(http, "Lee")
    french = {"customerId": buyer, "address": {"country": "France"}}
    order = await made.order("1983-06-30T23:30:00Z", {"spade": 10, "tea": 9}, "10.00", **french)
    await made.order("1986-06-30T12:00:00Z", {"tea": 1}, "20.00", **french)
    await made.take_back(order["aggregateId"], "1983-08-01T12:00:00Z", 1, 5)
    for month in ("01", "02", "03"):
        await made.order(f"1984-{month}-01T12:00:00Z", {"tea": 1}, "150.00", customerId=buyer, currency="CHF")
    await made.credit("1987-01-01T00:00:00Z", "tea", 1, "4.00", customerId=buyer)
    last = await made.credit("1987-01-01T00:00:00Z", "tea", 1, "4.00", customerId=idler, currency="CHF")
    return Market(made, buyer, idler, last["token"])


async def analytics(http: httpx.AsyncClient, id: str, headers: Mapping[str, str] | None = None, **said: Any) -> Any:
    answer = await ask(http, ANALYTICS, {"id": id, "ms": 10_000, **said}, **(headers or {}))
    assert "errors" not in answer, answer
    return answer["data"]["customerAnalytics"]


def pounds(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


async def test_figures_in_pounds(http: httpx.AsyncClient, market: Market) -> None:
    """The first order was placed in summer time, so on the day after its day in UTC."""
    assert await analytics(http, market.buyer, token=market.token) == {
        "__typename": "CustomerAnalytics",
        "customerId": market.buyer,
        "customerName": "Kim",
        "totalOrders": 2,
        "totalSpent": pounds("156.00"),
        "returned": pounds("54.00"),
        "averageOrderValue": pounds("78.00"),
        "favouriteCategory": "Tea",
        "country": "France",
        "firstOrderOn": "1983-07-01",
        "lastOrderOn": "1986-06-30",
        "segment": "REGULAR",
        "lifetimeValue": pounds(f"{Decimal(156) * 3 / (Decimal(1095) / Decimal('365.25')):.2f}"),
    }


async def test_another_currency_has_figures_of_its_own(http: httpx.AsyncClient, market: Market) -> None:
    found = await analytics(http, market.buyer, currency="CHF", token=market.token)
    assert found["totalSpent"] == {"amount": "450.00", "currency": "CHF"}
    assert (found["totalOrders"], found["lastOrderOn"]) == (3, "1984-03-01")
    assert found["country"] == ADDRESS["country"]


async def test_a_credit_note_without_orders_leaves_less_than_nothing(http: httpx.AsyncClient, market: Market) -> None:
    """Nor is who has no order on any list."""
    found = await analytics(http, market.idler, currency="CHF", token=market.token)
    assert (found["totalOrders"], found["segment"], found["averageOrderValue"]) == (0, "NONE", None)
    assert found["totalSpent"] == {"amount": "-4.00", "currency": "CHF"}
    assert found["lifetimeValue"] == {"amount": "0.00", "currency": "CHF"}


async def test_without_orders_there_are_zeros(http: httpx.AsyncClient, market: Market) -> None:
    zeros = {
        "__typename": "CustomerAnalytics",
        "totalOrders": 0,
        "totalSpent": pounds("0.00"),
        "returned": pounds("0.00"),
        "averageOrderValue": None,
        "favouriteCategory": None,
        "country": None,
        "firstOrderOn": None,
        "lastOrderOn": None,
        "segment": "NONE",
        "lifetimeValue": pounds("0.00"),
    }
    nobody = typeid.encode("customer", new_id())
    for customer, name in ((market.idler, "Lee"), (nobody, None)):
        found = await analytics(http, customer, token=market.token)
        assert found == {**zeros, "customerId": customer, "customerName": name}


async def test_a_new_order_is_in_the_figures_at_once_and_cancelled_out_of_them(
    http: httpx.AsyncClient, market: Market
) -> None:
    customer = await person(http, "Lin")
    wanted = {"customerId": customer, "items": [{"productId": market.books.products["tea"], "quantity": 3}]}
    placed = await carried_out(http, "placeOrder", wanted)
    found = await analytics(http, customer, token=placed["token"])
    assert (found["totalOrders"], found["totalSpent"], found["segment"]) == (1, pounds("6.00"), "NEW")
    cancelled = await carried_out(http, "cancelOrder", {"orderId": placed["aggregateId"]})
    found = await analytics(http, customer, token=cancelled["token"])
    assert (found["totalOrders"], found["totalSpent"], found["segment"]) == (0, pounds("0.00"), "NONE")


async def test_figures_are_the_customers_and_the_operators(closed: Installation, market: Market) -> None:
    mine, other = market.buyer, market.idler
    text = "query ($id: ID!) { customerAnalytics(customerId: $id) { ... on CustomerAnalytics { customerId } } }"
    headers = closed.bearer("customer", subject=mine)
    assert await closed.query(text, headers, id=mine) == {"customerAnalytics": {"customerId": mine}}
    assert await closed.query(text, headers, id=other) == {"customerAnalytics": None}
    assert await closed.query(text, closed.bearer("operator"), id=other) == {"customerAnalytics": {"customerId": other}}


async def test_redis_flushed_the_answer_is_the_same(
    shop: Installation, http: httpx.AsyncClient, market: Market
) -> None:
    before = await analytics(http, market.buyer, token=market.token)
    async with aioredis.Redis.from_url(shop.redis_url) as redis:
        await redis.delete(*[key async for key in redis.scan_iter("*:customer_analytics:*")])
    assert await analytics(http, market.buyer, token=market.token) == before


BAD_ANALYTICS = [
    ({"id": "customer_x"}, "MALFORMED_ID"),
    ({"currency": "pounds"}, "INVALID_VALUE"),
    ({"currency": "GB\x00"}, "INVALID_VALUE"),
    ({"currency": ""}, "INVALID_VALUE"),
    ({"token": "?"}, "MALFORMED_TOKEN"),
    ({"ms": -1}, "INVALID_VALUE"),
]


@pytest.mark.parametrize(("wrong", "code"), BAD_ANALYTICS, ids=str)
async def test_bad_questions_for_one(http: httpx.AsyncClient, market: Market, wrong: dict[str, Any], code: str) -> None:
    assert code_of(await ask(http, ANALYTICS, {"id": market.idler} | wrong)) == code
