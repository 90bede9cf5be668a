"""Subscriptions over graphql-transport-ws and server-sent events: what they tell, in what order, and when they end."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.schema.live import Socket, socket
from tests.support.installation import Installation

COMMAND = "subscription ($id: UUID!) { commandStatus(commandId: $id) { state views { view projected } } }"
ORDER = "subscription ($id: ID!) { orderChanged(id: $id) { id version status } }"
CUSTOMER = {
    "name": "Pat",
    "address": {"street": "1", "city": "Leeds", "postalCode": "LS1", "country": "United Kingdom"},
}
_PATIENCE_S = 20.0


@pytest.fixture
async def live(shop: Installation) -> AsyncIterator[Socket]:
    async with socket(shop.url) as opened:
        await opened.init()
        yield opened


async def ordered(shop: Installation, command_id: str | None = None, customer: str | None = None) -> Any:
    """The receipt of an order of one piece of something in stock."""
    page = await shop.query(
        "{ orders(first: 100, filter: {status: [PAID, PENDING]}) { edges { node { id customerId } } } }"
    )
    first = page["orders"]["edges"][0]["node"]
    order = await shop.query(
        "query ($id: ID!) { order(id: $id) { ... on Order { items { productId } } } }", id=first["id"]
    )
    wanted = {
        "commandId": command_id,
        "customerId": customer or first["customerId"],
        "items": [{"productId": order["order"]["items"][0]["productId"], "quantity": 1}],
    }
    place = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
        __typename ... on CommandAccepted { aggregateId commandId version } } }"""
    receipt = (await shop.query(place, input=wanted))["placeOrder"]
    assert receipt["__typename"] == "CommandAccepted"
    return receipt


async def cancel(shop: Installation, order: str) -> None:
    text = "mutation ($id: ID!) { cancelOrder(input: {orderId: $id}) { __typename } }"
    assert await shop.query(text, id=order) == {"cancelOrder": {"__typename": "CommandAccepted"}}


async def test_the_status_of_projections(live: Socket) -> None:
    await live.subscribe("""subscription { projectionStatus {
        view position head eventsBehind lagSeconds state heartbeatAt generation shards owners error } }""")
    for _ in range(2):
        statuses = (await live.next())["data"]["projectionStatus"]
        assert {each["view"] for each in statuses} >= {"product", "customer_profile", "order_details", "order_summary"}
        for each in statuses:
            assert each["eventsBehind"] == each["head"] - each["position"] >= 0
            assert each["heartbeatAt"].endswith("Z")
            assert each["lagSeconds"] >= 0


async def test_one_view_of_them(live: Socket) -> None:
    await live.subscribe('subscription { projectionStatus(view: "product") { view } }')
    assert (await live.next())["data"] == {"projectionStatus": [{"view": "product"}]}


async def test_a_command_that_comes_later_view_by_view(
    shop: Installation, live: Socket, database: asyncpg.Connection
) -> None:
    """The checkpoint of one view is held, so that the others are seen to be ahead of it."""
    command = str(uuid4())
    await live.subscribe(COMMAND, {"id": command})
    assert (await live.next())["data"]["commandStatus"] == {"state": "UNKNOWN", "views": []}
    async with database.transaction():
        await database.execute("select from read.checkpoints where view = 'order_summary' for update")
        await ordered(shop, command)
        status: dict[str, Any] = {}
        while [view for view, projected in status.items() if not projected] != ["order_summary"]:
            said = (await live.next())["data"]["commandStatus"]
            assert said["state"] == "ACCEPTED"
            status = {each["view"]: each["projected"] for each in said["views"]}
    while said["state"] != "DONE":
        said = (await live.next())["data"]["commandStatus"]
    assert all(each["projected"] for each in said["views"])
    assert await live.receive() == {"type": "complete", "id": "1"}


async def test_a_command_that_is_done_already(shop: Installation, live: Socket) -> None:
    command = (await ordered(shop))["commandId"]
    for operation in ("1", "2"):
        await live.subscribe(COMMAND, {"id": command}, id=operation)
        while (await live.next(id=operation))["data"]["commandStatus"]["state"] != "DONE":
            pass
        assert await live.receive() == {"type": "complete", "id": operation}


async def test_every_change_of_an_order_in_order(shop: Installation, live: Socket) -> None:
    order = (await ordered(shop))["aggregateId"]
    await live.subscribe(ORDER, {"id": order})
    assert (await live.next())["data"]["orderChanged"] == {"id": order, "version": 1, "status": "PENDING"}
    await shop.query("mutation ($id: ID!) { payOrder(input: {orderId: $id}) { __typename } }", id=order)
    assert (await live.next())["data"]["orderChanged"] == {"id": order, "version": 2, "status": "PAID"}
    await cancel(shop, order)
    assert (await live.next())["data"]["orderChanged"] == {"id": order, "version": 3, "status": "CANCELLED"}


async def test_a_strangers_order_stays_silent(shop: Installation) -> None:
    """The stranger's own order, which changes after the other one, is heard first."""
    register = """mutation ($i: RegisterCustomerInput!) { registerCustomer(input: $i) {
        ... on CommandAccepted { aggregateId } } }"""
    person = CUSTOMER | {"email": f"{uuid4()}@example.com"}
    stranger = (await shop.query(register, i=person))["registerCustomer"]["aggregateId"]
    other, own = await ordered(shop), await ordered(shop, customer=stranger)
    async with socket(shop.url, shop.bearer("customer", subject=stranger)) as live:
        await live.init()
        await live.subscribe(ORDER, {"id": other["aggregateId"]}, id="other")
        await live.subscribe(ORDER, {"id": own["aggregateId"]}, id="own")
        assert (await live.next(id="own"))["data"]["orderChanged"]["status"] == "PENDING"
        await cancel(shop, other["aggregateId"])
        await cancel(shop, own["aggregateId"])
        assert (await live.next(id="own"))["data"]["orderChanged"]["status"] == "CANCELLED"


async def test_queries_and_mutations_go_through_the_socket_as_well(live: Socket) -> None:
    await live.subscribe("{ __typename }")
    assert await live.next() == {"data": {"__typename": "Query"}}
    assert (await live.receive())["type"] == "complete"
    await live.subscribe('mutation { payOrder(input: {orderId: "x"}) { ... on CommandRejected { code } } }', id="2")
    assert await live.next(id="2") == {"data": {"payOrder": {"code": "MALFORMED_ID"}}}


async def test_the_token_of_connection_init_holds_for_every_operation(shop: Installation) -> None:
    async with socket(shop.url) as live:
        await live.init(**{"Consistency-Token": "x"})
        await live.subscribe("{ orders { totalCount } }")
        assert (await live.next())["errors"][0]["extensions"]["code"] == "MALFORMED_TOKEN"


async def events(
    shop: Installation, query: str, headers: Mapping[str, str] | None = None, **variables: Any
) -> AsyncGenerator[tuple[str, Any], None]:
    """The events of a subscription by POST, with their data."""
    async with httpx.AsyncClient(timeout=_PATIENCE_S) as client:
        body = {"query": query, "variables": variables}
        accept = {"Accept": "text/event-stream", **(headers or {})}
        async with client.stream("POST", f"{shop.url}/graphql/stream", json=body, headers=accept) as response:
            assert response.headers["content-type"].startswith("text/event-stream"), await response.aread()
            kind = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                    if kind == "complete":
                        yield kind, None
                elif name == "data" and value:
                    yield kind, json.loads(value)


async def test_server_sent_events(shop: Installation) -> None:
    command = (await ordered(shop))["commandId"]
    said = [event async for event in events(shop, COMMAND, id=command)]
    assert said[-1] == ("complete", None)
    assert said[-2][0] == "next"
    assert said[-2][1]["data"]["commandStatus"]["state"] == "DONE"


async def test_server_sent_events_follow_an_order(shop: Installation) -> None:
    order = (await ordered(shop))["aggregateId"]
    async with asyncio.timeout(_PATIENCE_S), aclosing(events(shop, ORDER, id=order)) as stream:
        assert (await anext(stream))[1]["data"]["orderChanged"]["status"] == "PENDING"
        await cancel(shop, order)
        assert (await anext(stream))[1]["data"]["orderChanged"]["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { nope }", "BAD_REQUEST"),
        ("subscription {", "BAD_REQUEST"),
        ('subscription { orderChanged(id: "x") { id } }', "MALFORMED_ID"),
        ('subscription { commandStatus(commandId: "x") { state } }', "BAD_REQUEST"),
        ("subscription { projectionStatus { view } orderChanged(id: 1) { id } }", "BAD_REQUEST"),
    ],
)
async def test_refusals_as_events(shop: Installation, query: str, code: str) -> None:
    said = [event async for event in events(shop, query)]
    assert said[0][1]["errors"][0]["extensions"]["code"] == code
    assert [kind for kind, _ in said] == ["next", "complete"]
