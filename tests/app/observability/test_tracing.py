"""Spans lead from the request through the command to what is appended, and projections are linked to them."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import tracing
from app.asgi import application
from app.infra.embedded import Servers
from tests.journeys.test_correlation import ADA, PLACE, TEAPOT
from tests.support.installation import Installation, installation
from tests.support.projecting import project

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = f"00-{TRACE}-00f067aa0ba902b7-01"
ORDER = """query Order($id: ID!, $version: Int, $waitMs: Int) {
    order(id: $id, minVersion: $version, waitMs: $waitMs) { __typename } }"""
METADATA = "select metadata from write.events order by position desc limit 1"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is traced, for as long as a test takes."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.trace_with(provider)
    yield exporter
    tracing.trace_with(None)
    provider.shutdown()


@pytest.fixture(scope="module")
async def shop(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        await made.seed()
        await project(made)
        yield made


@pytest.fixture
async def client(shop: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """The API inside the test, where its spans are seen."""
    app: Any = application(shop.settings)
    async with app.whole.router.lifespan_context(app.whole):
        transport = httpx.ASGITransport(app=app)
        headers = shop.bearer("operator")
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            yield client


async def ask(client: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
    answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers or {})
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


async def place(client: httpx.AsyncClient, quantity: int = 1, **headers: str) -> Any:
    items = [{"productId": TEAPOT, "quantity": quantity}]
    return (await ask(client, PLACE, headers, input={"customerId": ADA, "items": items}))["placeOrder"]


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def the(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = named(spans, name)
    return found


def lies_beneath(span: ReadableSpan, parent: ReadableSpan) -> bool:
    return span.parent is not None and span.parent.span_id == parent.context.span_id


async def test_a_command_lies_beneath_its_request_and_what_it_appends_beneath_the_command(
    client: httpx.AsyncClient, spans: InMemorySpanExporter
) -> None:
    await place(client, traceparent=CALLER)
    request, command, append = (
        the(spans, name) for name in ("mutation { placeOrder }", "command PlaceOrder", "append")
    )
    assert lies_beneath(command, request)
    assert lies_beneath(append, command)
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == CALLER.split("-")[2]
    assert {f"{span.context.trace_id:032x}" for span in (request, command, append) if span.context} == {TRACE}


async def test_a_refusal_is_an_outcome_and_no_error(client: httpx.AsyncClient, spans: InMemorySpanExporter) -> None:
    await place(client, 1_000_000)
    command = the(spans, "command PlaceOrder")
    assert command.attributes is not None
    assert command.attributes["counterfoil.outcome"] == "refused"
    assert command.attributes["counterfoil.code"] == "INSUFFICIENT_STOCK"
    assert command.status.is_unset
    assert command.events == ()


async def test_a_projection_is_linked_to_the_commands_whose_events_it_projects(
    shop: Installation, client: httpx.AsyncClient, spans: InMemorySpanExporter
) -> None:
    await project(shop)
    spans.clear()
    await place(client)
    await place(client)
    await project(shop)
    projections = named(spans, "project order_details")
    linked = {link.context.span_id for span in projections for link in span.links}
    assert linked == {span.context.span_id for span in named(spans, "command PlaceOrder") if span.context}
    assert len(linked) == 2
    assert all(span.parent is None for span in projections)


async def test_a_query_and_what_it_waits_for_are_seen(
    shop: Installation, client: httpx.AsyncClient, spans: InMemorySpanExporter
) -> None:
    answer = await ask(client, PLACE.replace("commandId", "aggregateId commandId"), input={
        "customerId": ADA, "items": [{"productId": TEAPOT, "quantity": 1}]
    })  # fmt: skip
    await project(shop)
    order = answer["placeOrder"]["aggregateId"]
    await ask(client, ORDER, id=order, version=1)
    await ask(client, ORDER, id=order, version=2, waitMs=20)
    first, second = named(spans, "query Order")
    wait = the(spans, "wait order_details")
    assert lies_beneath(wait, second)
    assert not lies_beneath(wait, first)


async def test_without_tracing_nothing_is_said_of_it_anywhere(shop: Installation, client: httpx.AsyncClient) -> None:
    await place(client, traceparent=CALLER)
    assert "traceparent" not in await last_metadata(shop)
    assert not tracing.is_on()
    assert tracing.traceparent() is None
    assert tracing.span("anything") is tracing.span("else"), "one object that does nothing"


@pytest.mark.usefixtures("spans")
async def test_an_events_metadata_names_its_trace(shop: Installation, client: httpx.AsyncClient) -> None:
    await place(client, traceparent=CALLER)
    assert (await last_metadata(shop))["traceparent"].startswith(f"00-{TRACE}-")


async def last_metadata(shop: Installation) -> dict[str, Any]:
    """That of the latest event."""
    connection = await asyncpg.connect(shop.database_url)
    try:
        found: dict[str, Any] = json.loads(await connection.fetchval(METADATA))
        return found
    finally:
        await connection.close()


def test_no_endpoint_is_no_tracing() -> None:
    tracing.configure_tracing("api", {"OTEL_SERVICE_NAME": "shop"})
    assert not tracing.is_on()
