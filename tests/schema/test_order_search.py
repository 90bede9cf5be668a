"""Searching orders over HTTP: whose are found, what is counted, how fresh it is, and what cannot be asked."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app import bootstrap, registry
from app.http.authentication import OPEN_PRINCIPAL
from app.kernel.clock import new_id
from schema.context import Installation as Context
from schema.context import RequestContext, Waiting
from schema.schema import make
from tests.infra.statements import statements_of
from tests.schema.access import ADDRESS
from tests.schema.asking import ask, code_of
from tests.schema.past import Books, books, carried_out
from tests.schema.test_bad_values import BAD_IDS, BAD_TEXTS
from tests.schema.test_reads import LEEDS
from tests.support.installation import Installation

SEARCH = """query ($f: OrderFilter, $first: Int, $after: String, $token: String, $ms: Int) {
    orders(filter: $f, first: $first, after: $after, token: $token, waitMs: $ms) {
        totalCount edges { node { id customerId } } pageInfo { hasNextPage endCursor }
        facets { statuses { status count } countries { country count } } } }"""
SIZE = 23
COUNTRIES = ("France", "FRANCE", "Spain", "France", "Spain")


@dataclass(frozen=True)
class Market:
    """Orders of two customers whose products all have one word that no other product has."""

    word: str
    one: str
    other: str
    books: Books
    orders: list[str]
    token: str


@pytest.fixture(scope="module")
async def market(http: httpx.AsyncClient) -> Market:
    word = f"w{uuid4().hex}"
    kept = await books(http, {f"{word} Teapot": (None, None), f"Cup-{word}": (None, None)})
    one, other = [await customer(http) for _ in range(2)]
    orders, token = [], ""
    for number in range(SIZE):
        receipt = await kept.order(
            f"2009-03-{number // 2 + 1:02}T12:00:00Z",
            dict.fromkeys(list(kept.products)[: 1 + number % 2], 1),
            customerId=one if number % 3 else other,
            address=ADDRESS | {"country": COUNTRIES[number % 5], "city": f"Ville {number % 2}"},
            reference=f"N{number}",
        )
        orders.append(receipt["aggregateId"])
        token = receipt["token"]
    return Market(word, one, other, kept, orders, token)


async def customer(http: httpx.AsyncClient) -> str:
    given = {"name": "Kim", "email": f"{uuid4()}@example.com", "address": ADDRESS}
    return str((await carried_out(http, "registerCustomer", given))["aggregateId"])


async def search(
    http: httpx.AsyncClient, market: Market, headers: dict[str, str] | None = None, /, **conditions: Any
) -> Any:
    """What is found among the market's orders, all on one page."""
    wanted = {"text": market.word, **conditions}
    asked = {"f": wanted, "first": 100, "token": market.token, "ms": 10_000}
    answer = await ask(http, SEARCH, asked, **(headers or {}))
    assert "errors" not in answer, answer
    return answer["data"]["orders"]


def ids(found: Any) -> set[str]:
    assert found["totalCount"] == len(found["edges"])
    return {edge["node"]["id"] for edge in found["edges"]}


def places(market: Market, *numbers: int) -> set[str]:
    return {market.orders[number] for number in numbers}


async def test_everything_that_can_be_asked(http: httpx.AsyncClient, market: Market) -> None:
    everything, in_spain = range(SIZE), [2, 4, 7, 9, 12, 14, 17, 19, 22]
    teapot, cup = market.books.products.values()
    for conditions, numbers in (
        ({}, everything),
        ({"text": f"{market.word[:30].upper()} pot"}, []),
        ({"text": f"{market.word} TEA"}, everything),
        ({"text": f"cup {market.word}"}, range(1, SIZE, 2)),
        ({"text": f"{market.word} n1"}, [1, *range(10, 20)]),
        ({"productId": teapot}, everything),
        ({"productId": cup}, range(1, SIZE, 2)),
        ({"city": "VILLE 1"}, range(1, SIZE, 2)),
        ({"country": "spain"}, in_spain),
        ({"customerId": market.other}, range(0, SIZE, 3)),
        ({"productId": cup, "country": "SPAIN", "customerId": market.other, "status": ["DELIVERED"]}, [9]),
        ({"productId": cup, "country": "SPAIN", "placedFrom": "2009-03-05T00:00:00Z"}, [9, 17, 19]),
        ({"minTotal": "3.00"}, range(1, SIZE, 2)),
        ({"minTotal": "3.00", "maxTotal": "2.00"}, []),
    ):
        found = await search(http, market, **conditions)
        assert ids(found) == places(market, *numbers), conditions
        assert sum(facet["count"] for facet in found["facets"]["statuses"]) == len(numbers)


async def test_each_facet_leaves_out_its_own_condition(http: httpx.AsyncClient, market: Market) -> None:
    france, spain = {"country": "France", "count": 14}, {"country": "Spain", "count": 9}
    everything = {"statuses": [{"status": "DELIVERED", "count": SIZE}], "countries": [france, spain]}
    assert (await search(http, market))["facets"] == everything
    in_spain = {**everything, "statuses": [{"status": "DELIVERED", "count": 9}]}
    assert (await search(http, market, country="spain"))["facets"] == in_spain
    pending = {"statuses": everything["statuses"], "countries": []}
    assert (await search(http, market, status=["PENDING"]))["facets"] == pending
    assert (await search(http, market, status=["PENDING"], country="spain"))["facets"] == {
        "statuses": in_spain["statuses"],
        "countries": [],
    }


async def test_customers_find_and_count_their_own_alone(
    door: httpx.AsyncClient, closed: Installation, market: Market
) -> None:
    theirs = {market.one: {n for n in range(SIZE) if n % 3}, market.other: set(range(0, SIZE, 3))}
    for who, numbers in theirs.items():
        headers = closed.bearer("customer", subject=who)
        found = await search(door, market, headers)
        assert ids(found) == places(market, *numbers)
        assert found["facets"]["statuses"] == [{"status": "DELIVERED", "count": len(numbers)}]
        assert sum(facet["count"] for facet in found["facets"]["countries"]) == len(numbers)
        stranger = market.one if who == market.other else market.other
        nothing = await search(door, market, headers, customerId=stranger)
        assert ids(nothing) == set()
        assert nothing["facets"] == {"statuses": [], "countries": []}
        assert ids(await search(door, market, headers, customerId=who)) == places(market, *numbers)
    assert ids(await search(door, market, closed.bearer("operator"))) == set(market.orders)


@pytest.mark.parametrize("conditions", [{}, {"country": "france"}, {"city": "ville 0"}], ids=str)
async def test_pages_of_a_search_are_all_that_is_found(
    http: httpx.AsyncClient, market: Market, conditions: dict[str, Any]
) -> None:
    wanted = {"text": market.word, **conditions}
    found: list[str] = []
    after = None
    while True:
        asked = {"f": wanted, "first": 4, "after": after, "token": market.token}
        page = (await ask(http, SEARCH, asked))["data"]["orders"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(found) == len(set(found)) == page["totalCount"]
    assert set(found) == ids(await search(http, market, **conditions))


async def test_a_search_by_contents_waits_for_the_contents(
    http: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    """The checkpoint of the contents is held, so the list gets there and the search does not."""
    word = f"w{uuid4().hex}"
    kept = await books(http, {word: (None, None)})
    async with database.transaction():
        await database.execute("select from read.checkpoints where view = 'order_contents' for update")
        receipt = await kept.order("2009-04-01T12:00:00Z", {word: 1})
        listed = {"f": {"placedFrom": "2009-04-01T12:00:00Z", "placedTo": "2009-04-01T12:00:01Z"}}
        wanted = {"token": receipt["token"], "ms": 10_000}
        assert (await ask(http, SEARCH, listed | wanted))["data"]["orders"]["totalCount"] == 1
        searched = {"f": {"text": word}}
        assert code_of(await ask(http, SEARCH, searched | wanted | {"ms": 50})) == "STILL_PROCESSING"
        by_product = {"f": {"productId": kept.products[word]}}
        assert code_of(await ask(http, SEARCH, by_product | wanted | {"ms": 0})) == "STILL_PROCESSING"
        waiting = asyncio.create_task(ask(http, SEARCH, searched | wanted))
    assert (await waiting)["data"]["orders"]["edges"][0]["node"]["id"] == receipt["aggregateId"]


@pytest.mark.parametrize(
    ("selected", "statements"),
    [("edges { cursor }", 0), ("totalCount", 0), ("facets { statuses { count } countries { count } }", 1)],
)
async def test_facets_are_counted_in_one_go_and_only_if_selected(
    shop: Installation, selected: str, statements: int
) -> None:
    async with bootstrap.read_models(shop.settings.model_copy(update={"db_pool_size": 1})) as (reads, stores):
        installation = Context(stores.log_id, Waiting(2_000, 10_000), LEEDS, None, reads, None)
        context, schema = RequestContext(installation, OPEN_PRINCIPAL, str(new_id())), make(registry.ACCEPTED_COMMANDS)
        async with statements_of(reads.pool) as sent:
            answer = await schema.execute(f"{{ orders {{ {selected} }} }}", context_value=context)
    assert answer.errors is None
    assert len([statement for statement in sent if "group by" in statement]) == statements


NO_TEXTS = BAD_TEXTS | {"empty": "", "blank": " \t\n", "too long": "x" * 201}


@pytest.mark.usefixtures("_nothing_written")
class TestBadValues:
    @pytest.mark.parametrize("text", NO_TEXTS.values(), ids=NO_TEXTS)
    @pytest.mark.parametrize("field", ["text", "city", "country"])
    async def test_texts(self, http: httpx.AsyncClient, field: str, text: str) -> None:
        answer = await ask(http, SEARCH, {"f": {field: text}})
        assert code_of(answer) == "INVALID_VALUE"
        assert answer["errors"][0]["extensions"]["field"] == field

    @pytest.mark.parametrize("text", BAD_IDS.values(), ids=BAD_IDS)
    async def test_ids(self, http: httpx.AsyncClient, text: str) -> None:
        answer = await ask(http, SEARCH, {"f": {"productId": text.replace("{prefix}", "product")}})
        assert code_of(answer) == "MALFORMED_ID"
        assert answer["errors"][0]["extensions"]["field"] == "productId"

    @pytest.mark.parametrize("conditions", [{"text": "!?"}, {"text": "'"}, {"text": "x" * 200}, {"city": "\u0301"}])
    async def test_odd_texts_find_nothing(self, http: httpx.AsyncClient, conditions: dict[str, str]) -> None:
        found = (await ask(http, SEARCH, {"f": conditions}))["data"]["orders"]
        assert (found["totalCount"], found["edges"]) == (0, [])

    @pytest.mark.parametrize("field", ["text", "city", "country", "productId", "customerId", "status"])
    async def test_null_asks_nothing(self, http: httpx.AsyncClient, field: str) -> None:
        everything = await ask(http, "{ orders { totalCount } }")
        query = "query ($f: OrderFilter) { orders(filter: $f) { totalCount } }"
        assert await ask(http, query, {"f": {field: None}}) == everything

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.text(st.characters(codec=None, exclude_categories=()), max_size=210))
    @example(text="\ufdfa" * 200)
    @example(text="' & !(a | b):* <-> \\")
    async def test_whatever_text(self, http: httpx.AsyncClient, text: str) -> None:
        for field in ("text", "city", "country"):
            answer = await ask(http, SEARCH, {"f": {field: text}})
            assert "errors" not in answer or code_of(answer) == "INVALID_VALUE"
