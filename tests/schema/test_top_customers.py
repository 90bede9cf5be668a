"""Customers ranked by what they are worth: sorted, filtered, a page at a time."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.schema.access import ADDRESS
from tests.schema.asking import ask, code_of
from tests.schema.past import books, person

TOP = """query ($f: TopCustomersFilter, $s: CustomerSort! = SPENT_DESC, $first: Int, $after: String, $last: Int,
                $before: String, $token: String, $ms: Int) {
    topCustomers(filter: $f, sort: $s, first: $first, after: $after, last: $last, before: $before, token: $token,
                 waitMs: $ms) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } freshness { state position lagMs }
        edges { cursor node { customerId customerName totalSpent { currency } } } } }"""
NOWHERE = "NOK"
"""A currency of these tests alone, so that they know everyone who is ranked in it."""

PEOPLE = 7


@dataclass(frozen=True)
class Market:
    """People whose past orders are in crowns, and twins; `token` is that of the last entry."""

    people: list[str]
    twins: list[str]
    token: str


@pytest.fixture(scope="module")
async def market(http: httpx.AsyncClient) -> Market:
    """The nth of the people has n orders, of which the later ones are alike for every two of them."""
    made = await books(http, {"tea": ("Tea", None)})
    people = [await person(http, f"Person {number}") for number in range(PEOPLE)]
    for number, customer in enumerate(people):
        for order in range(number):
            said = {"customerId": customer, "currency": NOWHERE}
            await made.order(f"1984-0{order + 1}-01T12:00:00Z", {"tea": 1}, f"{number // 2 * 150}.00", **said)
    await made.order("1984-01-01T12:00:00Z", {"tea": 1}, customerId=people[3])
    twins = [await person(http, f"Twin {number}") for number in range(3)]
    for customer in twins:
        await made.order("1984-01-01T12:00:00Z", {"tea": 1}, customerId=customer, currency="DKK")
    last = await made.credit("1987-01-01T00:00:00Z", "tea", 1, customerId=people[0], currency=NOWHERE)
    return Market(people, twins, last["token"])


async def ranked(http: httpx.AsyncClient, market: Market, **said: Any) -> Any:
    """A page of those who ordered in the tests' own currency."""
    given = {"currency": NOWHERE, **said.pop("f", {})}
    answer = await ask(http, TOP, {"f": given, "token": market.token, "ms": 10_000, **said})
    assert "errors" not in answer, answer
    return answer["data"]["topCustomers"]


def names(connection: Any) -> list[int]:
    """The numbers of the people on a page."""
    return [int(edge["node"]["customerName"].split()[1]) for edge in connection["edges"]]


def order_of(market: Market, sort: str) -> list[int]:
    """Everyone who ordered, ranked here; equals by their ids."""

    def place(number: int) -> tuple[int, str]:
        return (number * (number // 2 * 150) if sort == "SPENT_DESC" else number), market.people[number]

    return sorted(range(1, PEOPLE), key=place, reverse=True)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 100])
@pytest.mark.parametrize("sort", ["SPENT_DESC", "ORDERS_DESC", "LAST_ORDER_DESC"])
async def test_pages_are_the_list(http: httpx.AsyncClient, market: Market, sort: str, size: int) -> None:
    for forwards in (True, False):
        found: list[int] = []
        place = None
        while True:
            way = {"first": size, "after": place} if forwards else {"last": size, "before": place}
            page = await ranked(http, market, s=sort, **way)
            assert page["totalCount"] == PEOPLE - 1
            found = found + names(page) if forwards else names(page) + found
            place = page["pageInfo"]["endCursor" if forwards else "startCursor"]
            if not page["pageInfo"]["hasNextPage" if forwards else "hasPreviousPage"]:
                break
        assert found == order_of(market, sort)


async def test_equals_stand_in_the_order_of_their_ids(http: httpx.AsyncClient, market: Market) -> None:
    for sort in ("SPENT_DESC", "ORDERS_DESC", "LAST_ORDER_DESC"):
        first = await ranked(http, market, f={"currency": "DKK"}, s=sort, first=2)
        rest = await ranked(http, market, f={"currency": "DKK"}, s=sort, after=first["pageInfo"]["endCursor"])
        assert [edge["node"]["customerId"] for edge in (*first["edges"], *rest["edges"])] == sorted(
            market.twins, reverse=True
        )


@pytest.mark.parametrize(
    ("conditions", "people"),
    [
        ({"segment": ["NEW"]}, [1]),
        ({"segment": ["REGULAR", "VIP"]}, [6, 4, 3, 2]),
        ({"segment": ["LOYAL"]}, [5]),
        ({"segment": ["VIP"]}, [6]),
        ({"segment": []}, []),
        ({"segment": ["NONE"]}, []),
        ({"minSpent": "450"}, [6, 5, 4, 3]),
        ({"minSpent": "450.0001"}, [6, 5, 4]),
        ({"minSpent": "450", "segment": ["REGULAR"]}, [4, 3]),
        ({"country": ADDRESS["country"]}, [6, 5, 4, 3, 2, 1]),
        ({"country": "France"}, []),
        ({"country": "'; drop table"}, []),
    ],
    ids=str,
)
async def test_filters(http: httpx.AsyncClient, market: Market, conditions: dict[str, Any], people: list[int]) -> None:
    page = await ranked(http, market, f=conditions)
    assert names(page) == [number for number in order_of(market, "SPENT_DESC") if number in people]
    assert page["totalCount"] == len(people)
    assert page["freshness"]["position"] > 0
    assert (await ranked(http, market, f=conditions, first=0))["edges"] == []


async def test_the_shops_currency_is_meant_unless_another_is_given(http: httpx.AsyncClient, market: Market) -> None:
    page = (await ask(http, TOP, {"token": market.token, "first": 100}))["data"]["topCustomers"]
    assert {edge["node"]["totalSpent"]["currency"] for edge in page["edges"]} == {"GBP"}
    assert market.people[3] in [edge["node"]["customerId"] for edge in page["edges"]]
    assert market.people[4] not in [edge["node"]["customerId"] for edge in page["edges"]]


BAD_RANKINGS: list[tuple[dict[str, Any], str]] = [
    ({"f": {"currency": "gbp"}}, "INVALID_VALUE"),
    ({"f": {"country": "\x00"}}, "INVALID_VALUE"),
    ({"f": {"country": "\ud800"}}, "INVALID_VALUE"),
    ({"f": {"minSpent": "NaN"}}, "BAD_REQUEST"),
    ({"first": 101}, "INVALID_VALUE"),
    ({"first": 1, "last": 1}, "INVALID_VALUE"),
    ({"after": "?"}, "MALFORMED_CURSOR"),
    ({"token": "?"}, "MALFORMED_TOKEN"),
]


@pytest.mark.parametrize(("wrong", "code"), BAD_RANKINGS, ids=str)
async def test_bad_questions_for_many(http: httpx.AsyncClient, wrong: dict[str, Any], code: str) -> None:
    assert code_of(await ask(http, TOP, wrong)) == code


async def test_a_cursor_of_another_order_is_refused(http: httpx.AsyncClient, market: Market) -> None:
    cursor = (await ranked(http, market, first=1))["pageInfo"]["endCursor"]
    wrong = {"f": {"currency": NOWHERE}, "s": "ORDERS_DESC", "after": cursor}
    assert code_of(await ask(http, TOP, wrong)) == "MALFORMED_CURSOR"
