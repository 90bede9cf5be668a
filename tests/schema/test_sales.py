"""Sales by day and month: what counts on which day, and in which category and currency."""

from typing import Any

import httpx
import pytest

from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books

SALES = """query ($period: SalesPeriod, $by: SalesBreakdown, $filter: SalesFilter, $first: Int, $after: String,
                  $token: String) {
    sales(period: $period, by: $by, filter: $filter, first: $first, after: $after, token: $token) {
        edges { node { since name orders items gross { amount currency } returnedItems returned { amount }
                       net { amount } } }
        pageInfo { hasNextPage endCursor } timeZone freshness { state } } }"""


@pytest.fixture(scope="module")
async def kept(http: httpx.AsyncClient) -> tuple[Books, str]:
    """The books of 1999, and the token of their last entry."""
    made = await books(http, {"tea": ("Drinks", "Potters"), "cup": ("Kitchen", "Potters"), "nail": (None, None)})
    postage = {"code": "POST", "description": "Postage", "amount": "3.00"}
    order = await made.order("1999-06-30T22:59:59Z", {"tea": 2, "cup": 3}, charges=[postage])
    await made.order("1999-06-30T23:00:00Z", {"nail": 5})
    await made.order("1999-07-02T12:00:00Z", {"tea": 1}, currency="EUR")
    await made.take_back(order["aggregateId"], "1999-07-02T12:00:00Z", 2, 1)
    last = await made.credit("1999-08-01T12:00:00Z", "tea", 4)
    return made, last["token"]


async def figures(http: httpx.AsyncClient, kept: tuple[Books, str], **said: Any) -> list[tuple[Any, ...]]:
    """Since, name, orders, items, gross with currency, returned pieces, returned, net: the latest first."""
    filter_ = {"since": "1999-01-01", "until": "1999-12-31"} | said.pop("filter", {})
    answer = await ask(http, SALES, {"filter": filter_, "token": kept[1], **said})
    shown = answer["data"]["sales"]
    assert shown["timeZone"] == "Europe/London"
    nodes = [edge["node"] for edge in shown["edges"]]
    return [
        (
            each["since"],
            each["name"],
            each["orders"],
            each["items"],
            f"{each['gross']['amount']} {each['gross']['currency']}",
            each["returnedItems"],
            each["returned"]["amount"],
            each["net"]["amount"],
        )
        for each in nodes
    ]


async def test_a_day_begins_at_the_shops_midnight_and_returns_count_when_they_come(
    http: httpx.AsyncClient, kept: tuple[Books, str]
) -> None:
    """London is an hour ahead of UTC in June."""
    assert await figures(http, kept) == [
        ("1999-08-01", None, 0, 0, "0.00 GBP", 4, "8.00", "-8.00"),
        ("1999-07-02", None, 0, 0, "0.00 GBP", 1, "2.00", "-2.00"),
        ("1999-07-02", None, 1, 1, "2.00 EUR", 0, "0.00", "2.00"),
        ("1999-07-01", None, 1, 5, "10.00 GBP", 0, "0.00", "10.00"),
        ("1999-06-30", None, 1, 5, "13.00 GBP", 0, "0.00", "13.00"),
    ]


async def test_months_are_the_sums_of_their_days(http: httpx.AsyncClient, kept: tuple[Books, str]) -> None:
    assert await figures(http, kept, period="MONTH") == [
        ("1999-08-01", None, 0, 0, "0.00 GBP", 4, "8.00", "-8.00"),
        ("1999-07-01", None, 1, 5, "10.00 GBP", 1, "2.00", "8.00"),
        ("1999-07-01", None, 1, 1, "2.00 EUR", 0, "0.00", "2.00"),
        ("1999-06-01", None, 1, 5, "13.00 GBP", 0, "0.00", "13.00"),
    ]


async def test_a_product_counts_in_its_first_category_and_postage_in_none(
    http: httpx.AsyncClient, kept: tuple[Books, str]
) -> None:
    june = {"until": "1999-06-30"}
    assert await figures(http, kept, by="CATEGORY", filter=june) == [
        ("1999-06-30", "Kitchen", 1, 3, "6.00 GBP", 0, "0.00", "6.00"),
        ("1999-06-30", "Drinks", 1, 2, "4.00 GBP", 0, "0.00", "4.00"),
    ]
    assert await figures(http, kept, by="VENDOR", period="MONTH") == [
        ("1999-08-01", "Potters", 0, 0, "0.00 GBP", 4, "8.00", "-8.00"),
        ("1999-07-01", "Potters", 0, 0, "0.00 GBP", 1, "2.00", "-2.00"),
        ("1999-07-01", None, 1, 5, "10.00 GBP", 0, "0.00", "10.00"),
        ("1999-07-01", "Potters", 1, 1, "2.00 EUR", 0, "0.00", "2.00"),
        ("1999-06-01", "Potters", 1, 5, "10.00 GBP", 0, "0.00", "10.00"),
    ]
    only = {"names": ["Drinks"]}
    assert [each[:2] for each in await figures(http, kept, by="CATEGORY", filter=only)] == [
        ("1999-08-01", "Drinks"),
        ("1999-07-02", "Drinks"),
        ("1999-06-30", "Drinks"),
    ]


async def test_pages_are_the_list(http: httpx.AsyncClient, kept: tuple[Books, str]) -> None:
    whole, pages, after = await figures(http, kept, by="VENDOR"), [], None
    while True:
        said = {"filter": {"since": "1999-01-01", "until": "1999-12-31"}, "by": "VENDOR", "first": 2, "after": after}
        shown = (await ask(http, SALES, said))["data"]["sales"]
        pages += [(edge["node"]["since"], edge["node"]["name"]) for edge in shown["edges"]]
        if not shown["pageInfo"]["hasNextPage"]:
            break
        after = shown["pageInfo"]["endCursor"]
    assert pages == [each[:2] for each in whole]
    assert len(pages) == 5


async def test_nothing_sold_is_an_empty_list(http: httpx.AsyncClient) -> None:
    nothing = {"filter": {"since": "1950-01-01", "until": "1950-12-31"}}
    assert (await ask(http, SALES, nothing))["data"]["sales"]["edges"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": {"since": "1999-02-01", "until": "1999-01-31"}},
        {"filter": {"names": ["\ud800"]}},
        {"filter": {"names": ["\u0000"]}},
        {"after": "?"},
        {"first": 1000},
        {"token": "?"},
    ],
    ids=str,
)
async def test_bad_input_is_told(http: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert code_of(await ask(http, SALES, wrong)) in {"INVALID_VALUE", "MALFORMED_CURSOR", "MALFORMED_TOKEN"}
