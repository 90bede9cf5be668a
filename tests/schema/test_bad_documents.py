"""Documents and arguments that GraphQL itself must refuse, and those that would cost too much: nothing is written."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from app.infra.consistency_token import LogPosition
from app.plans.documents import MAX_ALIASES, MAX_DEPTH, MAX_FIELDS
from tests.schema.asking import ask, code_of

pytestmark = pytest.mark.usefixtures("_nothing_written")

DEEP = 10_000


def nested(opening: str, core: str, closing: str, levels: int) -> str:
    """The core within so many levels."""
    return opening * levels + core + closing * levels


def fragments(number: int, last: str) -> str:
    """A query of fragments that each spread the next one twice."""
    spreads = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(number))
    return f"{{ ...F0 }} {spreads} fragment F{number} on Query {{ {last} }}"


def chain(number: int) -> str:
    """A query of fragments that each spread the next one."""
    spreads = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(number))
    return f"{{ ...F0 }} {spreads} fragment F{number} on Query {{ __typename }}"


DOCUMENTS = {
    "no GraphQL": "hello",
    "unclosed": "{",
    "null character": "{ \x00 }",
    "lone surrogate": '{ node(id: "\ud800") { id } }',
    "escaped lone surrogate": '{ node(id: "\\uD800") { id } }',
    "a megabyte of one word": "x" * 900_000,
    "unknown field": "{ nope }",
    "unknown argument": '{ node(nope: 1, id: "x") { id } }',
    "missing argument": "{ node { id } }",
    "missing selection": "{ orders }",
    "unknown directive": "{ __typename @nope }",
    "unknown variable": "{ node(id: $id) { id } }",
    "unused variable": "query ($id: ID!) { __typename }",
    "unknown fragment": "{ ...nope }",
    "unused fragment": "{ __typename } fragment F on Query { __typename }",
    "fragment within itself": "{ ...F } fragment F on Query { ...F }",
    "fragments in a circle": "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
    "two operations of one name": "query A { __typename } query A { __typename }",
    "two operations, none named": "query A { __typename } query B { __typename }",
    "read first, write second": 'query A { __typename } mutation B { payOrder(input: {orderId: "x"}) { __typename } }',
    "deferred": "{ ... @defer { __typename } }",
    "deep selections": "{" + nested("a {", "a", "}", MAX_DEPTH) + "}",
    "very deep selections": "{" + nested("a{", "a", "}", DEEP) + "}",
    "very deep inline fragments": "{" + nested("...{", "__typename", "}", DEEP) + "}",
    "very deep list": "{ node(id: " + nested("[", "1", "]", DEEP) + ") { id } }",
    "very deep object": "{ orders(filter: " + nested("{a:", "1", "}", DEEP) + ") { totalCount } }",
    "very deep type": "query ($a: " + nested("[", "Int", "]", DEEP) + ") { __typename }",
    "long chain of fragments": chain(300),
    "fragments that multiply": fragments(60, "__typename"),
    "fragments that multiply aliases": fragments(60, "a: __typename"),
    "aliases": "{" + " ".join(f"a{n}: __typename" for n in range(MAX_ALIASES + 1)) + "}",
    "fields": "{" + "__typename " * (MAX_FIELDS + 1) + "}",
    "tokens": "{" + "__typename " * 5_000 + "}",
    "deep introspection": "{ __schema { types {" + nested("fields { type {", "name", "} }", 5) + "} } }",
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_documents(http: httpx.AsyncClient, document: str) -> None:
    assert code_of(await ask(http, document)) == "BAD_REQUEST"


async def test_the_largest_documents_that_are_taken(http: httpx.AsyncClient) -> None:
    for document in (
        "{" + " ".join(f"a{n}: __typename" for n in range(MAX_ALIASES)) + "}",
        "{" + "__typename " * MAX_FIELDS + "}",
        "{ __schema { types { fields { args { type { ofType { ofType { ofType { ofType { name } } } } } } } } } }",
    ):
        answer = await http.post("/graphql", json={"query": document})
        assert "errors" not in answer.json()


VARIABLES: dict[str, tuple[str, object]] = {
    "list for a text": ("ID!", ["x"]),
    "object for a text": ("ID!", {}),
    "true for a text": ("ID!", True),
    "null for a value": ("ID!", None),
    "deep list": ("ID!", [[[[[[[[[["x"]]]]]]]]]]),
    "text for an object": ("OrderFilter", "x"),
    "unknown field": ("OrderFilter", {"nope": 1}),
    "unknown enum value": ("OrderFilter", {"status": ["NOPE"]}),
    "number for an enum": ("OrderFilter", {"status": [1]}),
    "text for a number": ("Int", "x"),
    "unknown type": ("Nope", 1),
    "type that is no input": ("Order", {}),
}
USES = {"ID!": "node(id: $v) { id }", "OrderFilter": "orders(filter: $v) { totalCount }"}


@pytest.mark.parametrize(("kind", "value"), VARIABLES.values(), ids=VARIABLES)
async def test_variables(http: httpx.AsyncClient, kind: str, value: object) -> None:
    use = USES.get(kind, "orders(first: $v) { totalCount }")
    assert code_of(await ask(http, f"query ($v: {kind}) {{ {use} }}", {"v": value})) == "BAD_REQUEST"


MOMENTS = [
    *("", "nope", "2026-02-30T00:00:00Z", "10000-01-01T00:00:00Z", "2026-01-01T24:00:01Z", "-1", 1, [], "\ud800"),
    *("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+99:99", "1" * 900_000, "2026-01-01T00:00:00Z\x00"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda value: ascii(value)[:30])
async def test_moments(http: httpx.AsyncClient, moment: object) -> None:
    query = "query ($at: DateTime) { orders(filter: {placedFrom: $at}) { totalCount } }"
    assert code_of(await ask(http, query, {"at": moment})) == "BAD_REQUEST"


PAGES = {
    "first: -1": "INVALID_VALUE",
    "first: 101": "INVALID_VALUE",
    "last: -1": "INVALID_VALUE",
    "last: 101": "INVALID_VALUE",
    "first: 1, last: 1": "INVALID_VALUE",
    'first: 1, before: "x"': "INVALID_VALUE",
    'last: 1, after: "x"': "INVALID_VALUE",
    "first: 2147483648": "BAD_REQUEST",
    'first: "1"': "BAD_REQUEST",
    "sort: NOPE": "BAD_REQUEST",
    "sort: null": "BAD_REQUEST",
    'after: ""': "MALFORMED_CURSOR",
    'after: "x"': "MALFORMED_CURSOR",
    'after: "\\u0000"': "MALFORMED_CURSOR",
    'after: "é"': "MALFORMED_CURSOR",
    'after: "W10"': "MALFORMED_CURSOR",
    'last: 1, before: "WyJ0b3RhbC0iLDEsMl0"': "MALFORMED_CURSOR",
    'filter: {customerId: ""}': "MALFORMED_ID",
    "waitMs: -1": "INVALID_VALUE",
    'token: ""': "MALFORMED_TOKEN",
}


@pytest.mark.parametrize(("arguments", "code"), PAGES.items(), ids=PAGES)
async def test_pages(http: httpx.AsyncClient, arguments: str, code: str) -> None:
    assert code_of(await ask(http, f"{{ orders({arguments}) {{ totalCount }} }}")) == code


async def test_a_cursor_of_another_order(http: httpx.AsyncClient) -> None:
    page = await ask(http, "{ orders(first: 1, sort: TOTAL_ASC) { edges { cursor } } }")
    query = "query ($after: String) { orders(first: 1, after: $after, sort: %s) { totalCount } }"
    after = {"after": page["data"]["orders"]["edges"][0]["cursor"]}
    assert code_of(await ask(http, query % "TOTAL_DESC", after)) == "MALFORMED_CURSOR"
    assert "errors" not in await ask(http, query % "TOTAL_ASC", after)


@pytest.fixture
async def log_id(database: asyncpg.Connection) -> UUID:
    """The id of the shop's log."""
    found: UUID = await database.fetchval("select log_id from write.log")
    return found


@pytest.mark.parametrize("in_header", [False, True])
async def test_tokens(http: httpx.AsyncClient, log_id: UUID, *, in_header: bool) -> None:
    own = LogPosition(log_id, 1).token()
    tokens = {
        LogPosition(uuid4(), 1).token(): "UNKNOWN_LOG",
        LogPosition(log_id, 1 << 63).token(): "MALFORMED_TOKEN",
        **dict.fromkeys(
            ["", "x", own[:-4], own + "AAAA", "_" + own[1:], "A" * 5_000, own[:9] + "!" + own[10:]], "MALFORMED_TOKEN"
        ),
    }
    for token, code in tokens.items():
        assert code_of(await _with_token(http, token, in_header=in_header)) == code, token
    assert "errors" not in await _with_token(http, own, in_header=in_header)


async def _with_token(http: httpx.AsyncClient, token: str, *, in_header: bool) -> Any:
    if in_header:
        return await ask(http, "{ orders(waitMs: 0) { totalCount } }", None, Consistency_Token=token)
    query = "query ($token: String) { orders(token: $token, waitMs: 0) { totalCount } }"
    return await ask(http, query, {"token": token})


async def test_tokens_and_versions_from_the_future(http: httpx.AsyncClient, log_id: UUID) -> None:
    token = LogPosition(log_id, 1 << 62).token()
    assert code_of(await _with_token(http, token, in_header=False)) == "STILL_PROCESSING"
    page = await ask(http, "{ orders(first: 1) { edges { node { id version } } } }")
    known = page["data"]["orders"]["edges"][0]["node"]
    future = "query ($id: ID!) { order(id: $id, minVersion: 2147483647, waitMs: 0) { %s } }"
    shape = "... on Processing { expectedVersion currentVersion }"
    answer = await ask(http, future % shape, {"id": known["id"]})
    assert answer["data"]["order"] == {"expectedVersion": 2147483647, "currentVersion": known["version"]}
    node = "query ($id: ID!, $token: String) { node(id: $id, token: $token, waitMs: 0) { id } }"
    assert code_of(await ask(http, node, {"id": known["id"], "token": token})) == "STILL_PROCESSING"


@pytest.mark.parametrize("version", [0, -1])
async def test_versions_count_from_one(http: httpx.AsyncClient, version: int) -> None:
    for field in ("order", "product", "customer"):
        bad = f'{{ {field}(id: "{field}_01k00000000000000000000000", minVersion: {version}) {{ __typename }} }}'
        assert code_of(await ask(http, bad)) == "INVALID_VALUE"
