"""Requests that are no GraphQL request get a 4xx that says why, in one shape; what is one is answered."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from app.http.gates import MAX_BODY
from app.infra.embedded import Servers
from tests.schema.asking import complaints
from tests.support.installation import Installation, installation

PATH = "/graphql"
OPERATION = b'{"query": "{ __typename }"}'
ANSWER = {"data": {"__typename": "Query"}}
JSON = "application/json"
DEEP = 10_000


@pytest.fixture(scope="module")
async def api(servers: Servers) -> AsyncIterator[Installation]:
    """An API process over an empty log."""
    async with installation(servers) as made:
        await made.start_api()
        yield made


@pytest.fixture(scope="module")
async def http(api: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_complaints(api: Installation) -> object:
    """Fails a test that the API took for a fault of its own."""
    yield
    assert complaints(api) == []


def refused(response: httpx.Response, status: int, code: str) -> str:
    """The message of a refusal in the one shape that all have."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == JSON
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": code}
    assert len(error["message"]) < 500
    message: str = error["message"]
    return message


def saying(**members: object) -> bytes:
    """A body with these members."""
    return json.dumps({"query": "{ __typename }", **members}).encode()


BODIES = {
    "empty": b"",
    "a number": b"1",
    "a list": b"[1]",
    "an empty list": b"[]",
    "a batch": b"[" + OPERATION + b"]",
    "null": b"null",
    "a text": b'"x"',
    "not a number": b"NaN",
    "an empty object": b"{}",
    "broken": b'{"query": ',
    "two objects": OPERATION * 2,
    "single quotes": b"{'query': '{ __typename }'}",
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep variables": b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "deep extensions": b'{"query": "{ __typename }", "extensions": {"a": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "a number of 10,000 digits": b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 10_000 + b"}}",
    "no UTF-8": b'{"query": "\xff"}',
    "UTF-8 of a lone surrogate": b'{"query": "\xed\xa0\x80"}',
    "UTF-16": OPERATION.decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + OPERATION,
    "query null": saying(query=None),
    "query a number": saying(query=1),
    "query a list": saying(query=["{ __typename }"]),
    "query empty": saying(query=""),
    "query blank": saying(query=" \n"),
    "no operation in it": saying(query="fragment F on Query { __typename }"),
    "a type in it": saying(query="type A { a: Int }"),
    "variables a text": saying(variables="{}"),
    "variables a list": saying(variables=[]),
    "extensions a number": saying(extensions=1),
    "operationName a number": saying(operationName=1),
    "operationName unknown": saying(operationName="Nope"),
    "operationName empty": saying(operationName=""),
    "operationName a megabyte": saying(operationName="x" * 900_000),
    "operationName a lone surrogate": saying(operationName="\ud800"),
    "a subscription": saying(query="subscription { projectionStatus { view } }"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_bodies(http: httpx.AsyncClient, body: bytes) -> None:
    response = await http.post(PATH, content=body, headers={"Content-Type": JSON})
    message = refused(response, 400, "BAD_REQUEST")
    assert "sys." not in message


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "",
            "text/plain",
            "application/graphql",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ),
        *("application/jsonx", "text/plain; application/json", "application/json, text/plain", "application/json\xe9"),
    ],
)
async def test_content_types(http: httpx.AsyncClient, kind: str) -> None:
    response = await http.post(PATH, content=OPERATION, headers={b"Content-Type": kind.encode("latin-1")})
    refused(response, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_forms_and_uploads(http: httpx.AsyncClient) -> None:
    refused(await http.post(PATH, data={"query": "{ __typename }"}), 415, "UNSUPPORTED_MEDIA_TYPE")
    refused(await http.post(PATH, files={"operations": OPERATION}), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("kind", [JSON, "Application/JSON", "application/json; charset=utf-8"])
async def test_what_is_taken(http: httpx.AsyncClient, kind: str) -> None:
    assert (await http.post(PATH, content=OPERATION, headers={"Content-Type": kind})).json() == ANSWER


PARAMETERS: dict[str, dict[str, str]] = {
    "no query": {"operationName": "A"},
    "a mutation": {"query": 'mutation { payOrder(input: {orderId: "x"}) { __typename } }'},
    "a mutation by name": {"query": "query A { __typename } mutation B { x }", "operationName": "B"},
    "a subscription": {"query": "subscription { projectionStatus { view } }"},
    "broken variables": {"query": "{ __typename }", "variables": "{"},
    "variables a number": {"query": "{ __typename }", "variables": "1"},
    "deep variables": {"query": "{ __typename }", "variables": "[" * 5_000},
    "broken extensions": {"query": "{ __typename }", "extensions": "{"},
}


@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
async def test_gets(http: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    refused(await http.get(PATH, params=parameters, headers={"Accept": JSON}), 400, "BAD_REQUEST")


async def test_a_query_by_get(http: httpx.AsyncClient) -> None:
    parameters = {"query": "query A { __typename } query B { b: __typename }", "operationName": "A", "variables": ""}
    assert (await http.get(PATH, params=parameters)).json() == ANSWER


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_methods(http: httpx.AsyncClient, method: str) -> None:
    for path in (PATH, "/graphql/stream", "/livez", "/readyz"):
        refused(await http.request(method, path, content=OPERATION), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "path", ["/nope", "/graphql/x", "/%00", "/%ff", "/..%2f..%2fapp/cli.py", "/assets/%2e%2e/cli.py"]
)
async def test_paths(http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        refused(await http.request(method, path, content=OPERATION), 404, "NOT_FOUND")


async def test_a_body_that_is_announced_as_too_large(http: httpx.AsyncClient) -> None:
    fitting = OPERATION + b" " * (MAX_BODY - len(OPERATION))
    assert (await http.post(PATH, content=fitting, headers={"Content-Type": JSON})).json() == ANSWER
    refused(await http.post(PATH, content=fitting + b" ", headers={"Content-Type": JSON}), 413, "TOO_LARGE")


async def test_an_endless_body_is_answered_before_its_end(api: Installation) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    headers = ("POST /graphql HTTP/1.1", "Host: localhost", "Content-Type: application/json")
    writer.write("\r\n".join((*headers, "Transfer-Encoding: chunked", "", "")).encode())
    chunk = b"%x\r\n%s\r\n" % (65_536, b" " * 65_536)
    for _ in range(MAX_BODY // 65_536 + 1):
        writer.write(chunk)
    async with asyncio.timeout(20):
        await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80", "", "[::2]", "10.0.0.1"]
)
async def test_an_open_api_answers_to_loopback_names_alone(http: httpx.AsyncClient, host: str) -> None:
    for path in (PATH, "/graphql/stream", "/livez"):
        refused(
            await http.post(path, content=OPERATION, headers={"Host": host, "Content-Type": JSON}), 400, "BAD_REQUEST"
        )


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "LOCALHOST", "127.0.0.1:8000", "127.0.0.2", "[::1]", "[::1]:8000"]
)
async def test_loopback_names(http: httpx.AsyncClient, host: str) -> None:
    response = await http.post(PATH, content=OPERATION, headers={"Host": host, "Content-Type": JSON})
    assert response.json() == ANSWER


async def test_a_correlation_id_is_answered(http: httpx.AsyncClient) -> None:
    own = "0191d5c8-0000-7000-8000-000000000001"
    headers = {"Content-Type": JSON, "Correlation-Id": own}
    assert (await http.post(PATH, content=OPERATION, headers=headers)).headers["correlation-id"] == own
    headers["Correlation-Id"] = "x" * 5_000
    assert len((await http.post(PATH, content=OPERATION, headers=headers)).headers["correlation-id"]) == len(own)
