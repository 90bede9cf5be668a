"""A websocket client that does everything wrong: it is told, its connection may end, and the process goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from app import bootstrap, registry
from app.http.authentication import Authentication
from app.http.contexts import Contexts
from app.http.endpoint import Endpoint
from app.infra.hints import GENERATIONS, HintListener
from app.infra.view_status import ViewStatus
from schema.context import Installation as Context
from schema.context import Shop, Waiting
from schema.schema import make
from tests.schema.asking import complaints
from tests.schema.live import PROTOCOL, Socket, socket
from tests.support.installation import Installation, free_port

STATUS = "subscription { projectionStatus { view } }"


@pytest.fixture(autouse=True)
async def _goes_on(shop: Installation) -> AsyncIterator[None]:
    """Fails a test that the API took for a fault of its own, or that it did not survive."""
    complained = len(complaints(shop))
    yield
    assert await shop.query("{ __typename }") == {"__typename": "Query"}
    assert complaints(shop)[complained:] == []


MESSAGES: dict[str, str | bytes] = {
    "broken JSON": "{",
    "empty": "",
    "a number": "1",
    "a list": "[]",
    "null": "null",
    "a text": '"ping"',
    "binary": b'{"type": "ping"}',
    "no type": "{}",
    "type a number": '{"type": 1}',
    "type unknown": '{"type": "start", "id": "1"}',
    "deeply nested": '{"type": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a number of 10,000 digits": '{"type": "ping", "payload": ' + "9" * 10_000 + "}",
    "subscribe without id": json.dumps({"type": "subscribe", "payload": {"query": STATUS}}),
    "subscribe with id a number": json.dumps({"type": "subscribe", "id": 1, "payload": {"query": STATUS}}),
    "subscribe without payload": '{"type": "subscribe", "id": "1"}',
    "payload a text": '{"type": "subscribe", "id": "1", "payload": "x"}',
    "query missing": '{"type": "subscribe", "id": "1", "payload": {}}',
    "query a number": '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    "query empty": '{"type": "subscribe", "id": "1", "payload": {"query": ""}}',
    "variables a list": '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
    "operationName a number": '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": 1}}',
    "complete without id": '{"type": "complete"}',
    "a megabyte": json.dumps({"type": "ping", "payload": {"a": "x" * 1_000_000}}),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
async def test_messages_that_break_the_protocol_close_the_connection(shop: Installation, message: str | bytes) -> None:
    async with socket(shop.url) as live:
        await live.init()
        await live.connection.send(message)
        assert await live.closed() in (4400, 1009)


@pytest.mark.parametrize("payload", [1, "x", [], [["Authorization", "x"]]])
async def test_connection_init_that_says_no_object(shop: Installation, payload: object) -> None:
    async with socket(shop.url) as live:
        await live.send(type="connection_init", payload=payload)
        assert await live.closed() == 4400


async def test_subscribing_before_init(shop: Installation) -> None:
    async with socket(shop.url) as live:
        await live.subscribe(STATUS)
        assert await live.closed() == 4401


async def test_init_twice(shop: Installation) -> None:
    async with socket(shop.url) as live:
        await live.init()
        await live.send(type="connection_init")
        assert await live.closed() == 4429


async def test_one_id_for_two_operations(shop: Installation) -> None:
    async with socket(shop.url) as live:
        await live.init()
        await live.subscribe(STATUS)
        await live.next()
        await live.subscribe("{ __typename }")
        assert await live.closed() == 4409


@pytest.mark.parametrize("protocol", ["graphql-ws", "nope"])
async def test_other_protocols(shop: Installation, protocol: str) -> None:
    async with socket(shop.url, protocol=protocol) as live:
        assert await live.closed() == 4406


async def test_pages_of_other_origins_are_kept_out(shop: Installation) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with socket(shop.url, {"Origin": "http://evil.example"}):
            pass
    assert refused.value.response.status_code == 403


async def test_other_names_are_kept_out(shop: Installation) -> None:
    """As a page reaches an open installation that has pointed its own name here."""
    page = f"ws://evil.example:{shop.port}/graphql"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(page, host="127.0.0.1", subprotocols=[Subprotocol(PROTOCOL)], proxy=None):
            pass
    assert refused.value.response.status_code == 403


BAD_OPERATIONS = {
    "no GraphQL": "hello",
    "unclosed": "subscription {",
    "null character": "\x00",
    "unknown field": "subscription { nope }",
    "unknown fragment": "subscription { ...nope }",
    "very deep": "{" + "a{" * 10_000 + "a" + "}" * 10_000 + "}",
    "no operation": "fragment F on Query { __typename }",
    "two operations": "query A { __typename } subscription B { projectionStatus { view } }",
}


@pytest.mark.parametrize("query", BAD_OPERATIONS.values(), ids=BAD_OPERATIONS)
async def test_bad_operations_are_answered_and_the_connection_goes_on(shop: Installation, query: str) -> None:
    async with socket(shop.url) as live:
        await live.init()
        await live.subscribe(query)
        message = await live.receive()
        assert (message["type"], message["id"]) == ("error", "1")
        assert message["payload"][0]["extensions"] == {"code": "BAD_REQUEST"}
        await live.subscribe(STATUS)
        assert "errors" not in await live.next()


async def test_more_operations_than_a_connection_may_have(shop: Installation) -> None:
    async with socket(shop.url) as live:
        await live.init()
        for number in range(101):
            await live.subscribe('subscription { projectionStatus(view: "product") { view } }', id=str(number))
        while (message := await live.receive())["type"] == "next":
            pass
        assert (message["type"], message["id"]) == ("error", "100")


@asynccontextmanager
async def serving(shop: Installation) -> AsyncIterator[tuple[str, HintListener]]:
    """The endpoints on a port of this process, so that the test sees who waits for hints."""
    async with AsyncExitStack() as stack:
        reads, stores = await stack.enter_async_context(bootstrap.read_models(shop.settings))
        context = Context(
            stores.log_id, Waiting(0, 0), Shop("GBP", ZoneInfo("Europe/London")), None, reads, ViewStatus(stores.pool)
        )
        schema, everybody = make(registry.ACCEPTED_COMMANDS), Authentication(None, is_open=True)
        socket_face = Endpoint(schema, Contexts(context, everybody), lambda: None)  # type: ignore[arg-type, return-value]
        stream_face = Endpoint(schema, Contexts(context, everybody), None)
        routes = [WebSocketRoute("/graphql", socket_face), Route("/graphql/stream", stream_face)]
        port = free_port()
        server = uvicorn.Server(
            uvicorn.Config(Starlette(routes=routes), port=port, log_level="warning", lifespan="off")
        )
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn says it no other way
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}", stores.hints
        server.should_exit = True
        await running


def _waiting(hints: HintListener) -> int:
    """How many wait for a word, but for the process itself, which waits for another generation."""
    return sum(len(waiting) for topic, waiting in hints._waiting.items() if topic != GENERATIONS)


async def _until_waiting(hints: HintListener, wanted: int) -> None:
    async with asyncio.timeout(20):
        while _waiting(hints) != wanted:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.02)


async def _subscribed(live: Socket, hints: HintListener) -> int:
    await live.init()
    await live.subscribe(STATUS)
    await live.next()
    waiting = _waiting(hints)
    assert waiting > 0
    return waiting


async def test_what_a_client_leaves_behind_is_freed(shop: Installation) -> None:
    async with serving(shop) as (url, hints):
        async with socket(url) as live:
            await _subscribed(live, hints)
            await live.send(type="complete", id="1")
            await _until_waiting(hints, 0)
            await live.subscribe(STATUS, id="2")
            await live.next(id="2")
        await _until_waiting(hints, 0)
        async with socket(url) as live:
            await _subscribed(live, hints)
            live.connection.transport.abort()
            await _until_waiting(hints, 0)
        await _streamed_and_gone(url, hints)


async def _streamed_and_gone(url: str, hints: HintListener) -> None:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"query": STATUS}).encode()
    head = f"POST /graphql/stream HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await reader.readuntil(b"event: next")
    assert hints._waiting
    writer.transport.abort()
    await _until_waiting(hints, 0)
