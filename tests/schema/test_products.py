"""Searching and completing through the API: what a client asks, and what it is refused."""

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel import typeid
from app.seed import seeded_id
from tests.schema.asking import ask, code_of, complaints
from tests.schema.past import books, carried_out
from tests.support.installation import Installation

SEARCH = """query ($text: String, $f: ProductFilter, $s: ProductSort, $first: Int, $after: String, $token: String) {
    products(text: $text, filter: $f, sort: $s, first: $first, after: $after, token: $token, waitMs: 10000) {
        totalCount freshness { state position lagMs } pageInfo { hasNextPage endCursor }
        edges { cursor node { id version sku name categories vendor price { amount currency } onHand popularity
                              discontinued } } } }"""
FACETS = """query ($text: String, $f: ProductFilter) { products(text: $text, filter: $f, first: 0) { edges { cursor }
    facets { categories { value count } vendors { value count } priceBands { minPrice maxPrice count }
             inStock outOfStock } } }"""
COMPLETE = """query ($prefix: String!, $first: Int!, $token: String) {
    autocomplete(prefix: $prefix, first: $first, token: $token, waitMs: 10000) { id name sku } }"""
TEAPOT = typeid.encode("product", seeded_id("product", "teapot"))
OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def search(http: httpx.AsyncClient, text: str | None, **arguments: Any) -> Any:
    """What a search answers."""
    answer = await ask(http, SEARCH, {"text": text, **arguments})
    assert "errors" not in answer, answer
    return answer["data"]["products"]


def nodes(connection: Any) -> list[Any]:
    """What stands on a page."""
    return [edge["node"] for edge in connection["edges"]]


async def complete(http: httpx.AsyncClient, prefix: str, first: int = 10, token: str | None = None) -> Any:
    """What completes the beginning."""
    answer = await ask(http, COMPLETE, {"prefix": prefix, "first": first, "token": token})
    assert "errors" not in answer, answer
    return answer["data"]["autocomplete"]


async def test_a_misspelt_search(http: httpx.AsyncClient) -> None:
    found = await search(http, "stonware teepot")
    assert found["freshness"]["state"] in ("FRESH", "LAGGING")
    assert found["freshness"]["position"] > 0
    teapot = nodes(found)[0]
    assert teapot.pop("version") >= 2
    assert teapot.pop("onHand") + teapot.pop("popularity") >= 120
    assert teapot == {
        "id": TEAPOT,
        "sku": "TEA-001",
        "name": "Stoneware Teapot",
        "categories": ["Kitchen", "Tea"],
        "vendor": "Potters & Co",
        "price": {"amount": "24.50", "currency": "GBP"},
        "discontinued": False,
    }


async def test_a_write_is_found_by_its_token(http: httpx.AsyncClient) -> None:
    word = f"zx{uuid4().hex}"
    given = {"sku": word.upper(), "name": f"Novel {word}", "price": {"amount": "3.00", "currency": "GBP"}}
    added = await carried_out(http, "addProduct", given)
    found = await search(http, word, token=added["token"])
    assert [node["id"] for node in nodes(found)] == [added["aggregateId"]]
    [completed] = await complete(http, word[:20], token=added["token"])
    assert completed == {"id": added["aggregateId"], "name": f"Novel {word}", "sku": word.upper()}
    gone = await carried_out(http, "discontinueProduct", {"productId": added["aggregateId"]})
    assert nodes(await search(http, word, token=gone["token"])) == []
    kept = await search(http, word, token=gone["token"], f={"includeDiscontinued": True})
    assert nodes(kept)[0]["discontinued"]
    assert await complete(http, word[:20], token=gone["token"]) == []


@pytest.mark.parametrize("field", ["products { totalCount }", "autocomplete { id }"])
async def test_nothing_older_than_the_token(http: httpx.AsyncClient, database: asyncpg.Connection, field: str) -> None:
    """The view's checkpoint is held while the question is asked."""
    name, _, selection = field.partition(" ")
    prefix = 'prefix: "a", ' if name == "autocomplete" else ""

    async def asked(wait_ms: int, token: str) -> Any:
        text = f"{{ {name}({prefix}waitMs: {wait_ms}) {selection} }}"
        return await ask(http, text, None, Consistency_Token=token)

    given = {"sku": str(uuid4()), "name": "Late", "price": {"amount": "3.00", "currency": "GBP"}}
    async with database.transaction():
        await database.execute("select from read.checkpoints where view = 'product_search' for update")
        token = (await carried_out(http, "addProduct", given))["token"]
        assert code_of(await asked(50, token)) == "STILL_PROCESSING"
    assert "errors" not in await asked(10_000, token)


@pytest.fixture(scope="module")
async def _pots(http: httpx.AsyncClient) -> None:
    """Products that only this test's word finds, with what is sold of them; one has nothing in stock."""
    kinds = {"Qwpot tall": ("Tall", "Ann"), "Qwpot small": ("Small", "Bob"), "Qwpot old": ("Small", None)}
    made = await books(http, kinds)
    await made.order("2011-01-01T00:00:00Z", {"Qwpot tall": 5, "Qwpot small": 7})
    await made.order("2011-01-02T00:00:00Z", {"Qwpot old": 10_000})
    dear = {"productId": made.products["Qwpot tall"], "price": {"amount": "12.00", "currency": "GBP"}}
    token = (await carried_out(http, "changePrice", dear))["token"]
    assert (await search(http, "qwpot", token=token))["totalCount"] == 3


@pytest.mark.usefixtures("_pots")
@pytest.mark.parametrize(
    ("conditions", "sort", "names"),
    [
        ({}, "RELEVANCE", ["old", "small", "tall"]),
        ({}, "PRICE_DESC", ["tall", "old", "small"]),
        ({"categories": ["Tall", "Also"]}, "POPULARITY", ["old", "small", "tall"]),
        ({"categories": ["Tall"]}, "POPULARITY", ["tall"]),
        ({"vendors": ["Ann", "Bob"]}, "PRICE_ASC", ["small", "tall"]),
        ({"minPrice": "2.00", "maxPrice": "2.00", "inStock": True}, "NOVELTY", ["small"]),
        ({"inStock": False}, "NOVELTY", ["old"]),
        ({"vendors": []}, "NOVELTY", []),
    ],
)
async def test_filters_and_sorts(http: httpx.AsyncClient, conditions: Any, sort: str, names: list[str]) -> None:
    found = await search(http, "qwpot", f=conditions, s=sort, first=10)
    shown = [node["name"].removeprefix("Qwpot ") for node in nodes(found)]
    assert found["totalCount"] == len(names)
    assert shown == names


@pytest.mark.usefixtures("_pots")
async def test_facets(http: httpx.AsyncClient) -> None:
    answer = await ask(http, FACETS, {"text": "qwpot", "f": {"categories": ["Small"], "inStock": True}})
    facets = answer["data"]["products"]["facets"]
    assert facets["categories"] == [{"value": v, "count": n} for v, n in (("Also", 2), ("Small", 1), ("Tall", 1))]
    assert facets["vendors"] == [{"value": "Bob", "count": 1}]
    assert facets["priceBands"][2] == {"minPrice": "2.00", "maxPrice": "4.9999", "count": 1}
    assert sum(band["count"] for band in facets["priceBands"]) == 1
    assert facets["priceBands"][-1] == {"minPrice": "50.00", "maxPrice": None, "count": 0}
    assert (facets["inStock"], facets["outOfStock"]) == (1, 1)


@pytest.mark.usefixtures("_pots")
async def test_a_page_after_the_other(http: httpx.AsyncClient) -> None:
    first = await search(http, "qwpot", first=2)
    assert first["pageInfo"]["hasNextPage"]
    second = await search(http, "qwpot", first=2, after=first["pageInfo"]["endCursor"])
    names = [node["name"] for node in (*nodes(first), *nodes(second))]
    assert names == ["Qwpot old", "Qwpot small", "Qwpot tall"]
    assert not second["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("text", ["", "   ", None])
async def test_without_a_text_all_products_are_listed(http: httpx.AsyncClient, text: str | None) -> None:
    found = await search(http, text, first=100)
    assert found["totalCount"] >= 10
    popular = [node["popularity"] for node in nodes(found)]
    assert popular == sorted(popular, reverse=True)
    assert await complete(http, text or "") == []


@pytest.mark.parametrize("text", ["?!", "—", "of the", "%", "🫖"])
async def test_what_has_no_words_finds_nothing(http: httpx.AsyncClient, text: str) -> None:
    assert (await search(http, text))["totalCount"] == 0


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "tea\ud800", "x" * 201, "x" * 900_000])
async def test_texts_that_are_refused(http: httpx.AsyncClient, text: str) -> None:
    for query, field in ((SEARCH, "text"), (COMPLETE, "prefix")):
        refused = await ask(http, query, {field: text, "first": 1})
        assert code_of(refused) == "INVALID_VALUE"
        assert refused["errors"][0]["extensions"]["field"] == field
    assert "errors" not in await ask(http, SEARCH, {"text": "x" * 200})


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        ({"minPrice": "2.00", "maxPrice": "1.99"}, "minPrice"),
        ({"categories": ["a\x00"]}, "categories"),
        ({"vendors": ["\udfff"]}, "vendors"),
        ({"vendors": ["Ann"] * 101}, "vendors"),
    ],
)
async def test_filters_that_are_refused(http: httpx.AsyncClient, conditions: Any, field: str) -> None:
    refused = await ask(http, SEARCH, {"f": conditions})
    assert code_of(refused) == "INVALID_VALUE"
    assert refused["errors"][0]["extensions"]["field"] == field


@pytest.mark.parametrize("first", [-1, 101])
async def test_numbers_that_are_refused(http: httpx.AsyncClient, first: int) -> None:
    assert code_of(await ask(http, SEARCH, {"first": first})) == "INVALID_VALUE"
    assert code_of(await ask(http, COMPLETE, {"prefix": "a", "first": first})) == "INVALID_VALUE"


@pytest.mark.parametrize("after", ["", "x", "WyJwcmljZSsiLCIxIl0"])
async def test_cursors_that_are_refused(http: httpx.AsyncClient, after: str) -> None:
    assert code_of(await ask(http, SEARCH, {"after": after})) == "MALFORMED_CURSOR"


@OFTEN
@given(text=st.text(st.characters(), max_size=210))
async def test_every_text_is_answered_or_refused(http: httpx.AsyncClient, shop: Installation, text: str) -> None:
    before = len(complaints(shop))
    for query, field in ((SEARCH, "text"), (FACETS, "text"), (COMPLETE, "prefix")):
        answer = await ask(http, query, {field: text, "first": 3})
        assert "errors" not in answer or code_of(answer) == "INVALID_VALUE"
    assert complaints(shop)[before:] == []
