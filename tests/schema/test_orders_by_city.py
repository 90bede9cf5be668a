"""Orders by city: what counts, in which days, and to whom it is shown."""

from typing import Any

import httpx
import pytest

from tests.schema.access import ADDRESS
from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books

BY_CITY = """query ($since: Date, $until: Date, $country: String, $first: Int, $after: String, $token: String) {
    ordersByCity(since: $since, until: $until, country: $country, first: $first, after: $after, token: $token) {
        edges { node { country city orders revenue { amount currency } } }
        pageInfo { hasNextPage endCursor } freshness { state } } }"""
YEAR = {"since": "1996-01-01", "until": "1996-12-31"}


@pytest.fixture(scope="module")
async def kept(http: httpx.AsyncClient) -> tuple[Books, str]:
    """The books of 1996, and the token of their last entry."""
    made = await books(http, {"tea": (None, None)})
    lyon = ADDRESS | {"city": "Lyon", "country": "France"}
    await made.order("1996-01-10T12:00:00Z", {"tea": 5})
    order = await made.order("1996-02-10T12:00:00Z", {"tea": 10})
    await made.order("1996-02-11T12:00:00Z", {"tea": 20}, address=lyon)
    await made.order("1996-02-12T12:00:00Z", {"tea": 1}, address={"country": "France"})
    await made.order("1996-02-12T12:00:00Z", {"tea": 7}, address=lyon, currency="EUR")
    await made.take_back(order["aggregateId"], "1996-05-01T12:00:00Z", 1, 4)
    last = await made.credit("1996-02-20T12:00:00Z", "tea", 3)
    return made, last["token"]


async def shown(http: httpx.AsyncClient, kept: tuple[Books, str], **said: Any) -> list[tuple[Any, ...]]:
    edges = (await ask(http, BY_CITY, {**YEAR, "token": kept[1], **said}))["data"]["ordersByCity"]["edges"]
    nodes = [edge["node"] for edge in edges]
    return [
        (n["country"], n["city"], n["orders"], f"{n['revenue']['amount']} {n['revenue']['currency']}") for n in nodes
    ]


LYON, EUROS = ("France", "Lyon", 1, "40.00 GBP"), ("France", "Lyon", 1, "14.00 EUR")
FRANCE = ("France", None, 1, "-4.00 GBP")


async def test_returns_are_off_the_day_of_the_order_and_credit_notes_off_their_own(
    http: httpx.AsyncClient, kept: tuple[Books, str]
) -> None:
    leeds = "United Kingdom", "Leeds"
    assert await shown(http, kept) == [LYON, (*leeds, 2, "22.00 GBP"), EUROS, FRANCE]
    assert await shown(http, kept, since="1996-02-01") == [LYON, EUROS, (*leeds, 1, "12.00 GBP"), FRANCE]
    assert await shown(http, kept, until="1996-02-12", since="1996-02-12") == [EUROS, ("France", None, 1, "2.00 GBP")]
    assert await shown(http, kept, country="France") == [LYON, EUROS, FRANCE]
    assert await shown(http, kept, country="Atlantis") == []


async def test_pages_are_the_list(http: httpx.AsyncClient, kept: tuple[Books, str]) -> None:
    whole, pages, after = await shown(http, kept), [], None
    for _ in whole:
        pages += await shown(http, kept, first=1, after=after)
        said = {**YEAR, "token": kept[1], "first": 1, "after": after}
        after = (await ask(http, BY_CITY, said))["data"]["ordersByCity"]["pageInfo"]["endCursor"]
    assert pages == whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "1996-02-01", "until": "1996-01-31"},
        {"country": "\u0000"},
        {"after": "?"},
        {"first": 101},
        {"token": "?"},
    ],
    ids=str,
)
async def test_bad_input_is_told(http: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert code_of(await ask(http, BY_CITY, wrong)) in {"INVALID_VALUE", "MALFORMED_CURSOR", "MALFORMED_TOKEN"}
