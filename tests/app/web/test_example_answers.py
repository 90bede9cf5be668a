"""The example operations as they are answered: all of them, in their order, on the seeded shop."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.seed import examples, seeded_names
from app.web.operations import Example
from tests.app.web.answers import ANSWERS
from tests.app.web.feed_answers import FEED_ANSWERS
from tests.support.installation import Installation

SEEDED = {id_: name for name, id_ in seeded_names().items()}
CHANGING = {
    "day",
    "token",
    "cursor",
    "endCursor",
    "placedAt",
    "registeredAt",
    "heartbeatAt",
    "lastSeenAt",
    "acceptedAt",
    "viewedAt",
    "publishedAt",
    "commentedAt",
    "at",
    "requestedAt",
    "outcome",
    "since",
    "until",
}
CHANGING |= {"since", "until", "recentViews", "lastOrderOn", "accepted", "process", "outcomes"}
CHANGING |= {"position", "head", "eventsBehind", "lagSeconds", "lagMs", "retryAfterMs"}


async def test_every_example_answers_as_it_says(shop: Installation) -> None:
    """As somebody would who tries them one after the other, each reading what was written before it."""
    answers = {}
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:
        for each in examples():
            answers[each.name] = await (followed if each.kind == "subscription" else asked)(client, each)
    assert answers == ANSWERS | FEED_ANSWERS


async def test_a_command_sent_again_is_answered_with_the_first_receipt(shop: Installation) -> None:
    example = next(each for each in examples() if each.name == "SameCommandTwice")
    first, second = [await shop.query(example.query, **json.loads(example.variables)) for _ in range(2)]
    assert second == first
    another = json.loads(example.variables)
    another["input"]["items"][0]["quantity"] += 1
    assert (await shop.query(example.query, **another))["placeOrder"]["code"] == "COMMAND_ID_REUSED"


async def asked(client: httpx.AsyncClient, example: Example) -> Any:
    """The answer; the token of the last write goes along, as the page does it."""
    response = await client.post("/graphql", json=payload(example))
    if token := response.headers.get("Consistency-Token"):
        client.headers["Consistency-Token"] = token
    return settled(response.json())


async def followed(client: httpx.AsyncClient, example: Example) -> Any:
    """What the subscription of a command ends with; what any other, which never ends, begins with."""
    result: Any = None
    async with aclosing(results(str(client.base_url), example)) as told:
        async for message in told:
            result = settled(message)
            if example.name != "FollowCommand":
                break
    return result


async def results(url: str, example: Example) -> AsyncGenerator[Mapping[str, Any]]:
    address = f"{url.replace('http', 'ws', 1).rstrip('/')}/graphql"
    async with asyncio.timeout(60), connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack", "payload": {}}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload(example)}))
        while (message := json.loads(await socket.recv()))["type"] == "next":
            yield message["payload"]
        assert message == {"type": "complete", "id": "1"}


def payload(example: Example) -> dict[str, Any]:
    return {"query": example.query, "variables": json.loads(example.variables or "{}")}


def settled(value: Any) -> Any:
    """The answer with seeded ids by their names, and `…` for what differs from run to run."""
    if isinstance(value, list):
        return [settled(each) for each in value]
    if isinstance(value, dict):
        unsettled = CHANGING | ({"state"} if {"position", "lagMs"} & value.keys() else set())
        return {key: "…" if key in unsettled else settled(each) for key, each in value.items()}
    if not isinstance(value, str) or value in SEEDED:
        return SEEDED.get(value, value)
    made_now = re.sub(r"^([a-z]+)_[0-9a-z]{26}$", r"\1.new", value)
    return re.sub(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]+$", "…", made_now)
