"""One id leads from a request through its command and its events to every projection, in the logs of real processes."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app import registry
from app.infra.embedded import Servers
from app.kernel import typeid
from app.kernel.clock import new_id_text
from app.seed import seeded_id
from tests.support.installation import Installation, installation
from tests.support.replay import until_caught_up
from write_model.orders.events import OrderPlaced

ADA = typeid.encode("customer", seeded_id("customer", "ada"))
TEAPOT, CUP = (typeid.encode("product", seeded_id("product", name)) for name in ("teapot", "cup"))
PLACE = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
    __typename ... on CommandAccepted { commandId version } ... on CommandRejected { code } } }"""


@pytest.fixture(scope="module")
async def shop(servers: Servers) -> AsyncIterator[Installation]:
    """Everybody logs all that there is, in JSON."""
    async with installation(servers) as made:
        made.environment = {"COUNTERFOIL_LOG_LEVEL": "debug", "COUNTERFOIL_LOG_FORMAT": "json"}
        await made.seed()
        made.start_workers(2)
        await made.start_api()
        await until_caught_up(made)
        yield made


async def place(shop: Installation, quantity: int) -> tuple[str, Any]:
    """The id of a request for so many teapots and a cup, and its answer."""
    correlation = new_id_text()
    items = [{"productId": TEAPOT, "quantity": quantity}, {"productId": CUP, "quantity": 1}]
    headers = {"Correlation-Id": correlation}
    answer = await shop.query(PLACE, headers, input={"customerId": ADA, "items": items})
    return correlation, answer["placeOrder"]


def lines(shop: Installation, command: str, correlation: str) -> list[dict[str, Any]]:
    """What processes have logged of this id."""
    said = [json.loads(line) for line in shop.log_of(command).splitlines() if line.startswith("{")]
    return [each for each in said if correlation in (each.get("correlation_id"), *each.get("correlation_ids", ()))]


async def test_the_id_of_a_request_is_in_the_log_of_its_command_and_of_every_projection(shop: Installation) -> None:
    correlation, accepted = await place(shop, 1)
    await until_caught_up(shop)
    (command,) = lines(shop, "api", correlation)
    assert (command["event"], command["level"], command["command"]) == ("command accepted", "debug", "PlaceOrder")
    assert (command["command_id"], command["version"]) == (accepted["commandId"], accepted["version"])
    projected = lines(shop, "worker", correlation)
    assert {each["event"] for each in projected} == {"projected"}
    handling = {view.name for view in registry.VIEWS if OrderPlaced in view.handles}
    assert {each["view"] for each in projected} >= handling
    assert min(each["position"] for each in projected) >= command["position"]


async def test_a_refusal_is_logged_with_its_code_and_leads_no_further(shop: Installation) -> None:
    correlation, refused = await place(shop, 1_000_000)
    (command,) = lines(shop, "api", correlation)
    assert (command["event"], command["level"], command["code"]) == ("command refused", "info", refused["code"])
    assert lines(shop, "worker", correlation) == []


async def test_another_requests_id_is_not_mixed_in(shop: Installation) -> None:
    ours, _ = await place(shop, 1)
    theirs, _ = await place(shop, 1)
    await until_caught_up(shop)
    (command,) = lines(shop, "api", ours)
    assert theirs not in json.dumps(command)
    assert re.fullmatch(r"[0-9a-f-]{36}", ours)
