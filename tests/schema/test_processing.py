"""With the workers stopped: what is behind is said to be behind, and nothing older is shown for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.infra.embedded import Servers
from tests.schema.access import ADDRESS
from tests.schema.asking import ask, code_of
from tests.schema.test_reads import added, repriced
from tests.support.installation import Installation, installation
from tests.support.replay import until_caught_up

PROCESSING = "... on Processing { expectedVersion currentVersion lagMs retryAfterMs parked }"
RECEIPT = "... on CommandAccepted { aggregateId version token }"


@dataclass
class Still:
    """An API over an installation without workers. One product was projected before, then its price changed."""

    shop: Installation
    http: httpx.AsyncClient
    product: str
    before: Any
    after: Any

    async def command(self, name: str, given: dict[str, Any]) -> Any:
        """The receipt of a command."""
        text = f"mutation ($i: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $i) {{ {RECEIPT} }} }}"
        return (await ask(self.http, text, {"i": given}))["data"][name]

    async def read(self, field: str, id: str, **arguments: Any) -> Any:
        """What a read by id answers, at once."""
        said = "".join(f", {name}: {value}" for name, value in {"waitMs": 0, **arguments}.items())
        answer = await ask(self.http, f'{{ {field}(id: "{id}"{said}) {{ __typename {PROCESSING} }} }}')
        return answer["data"][field]


@pytest.fixture(scope="module")
async def still(servers: Servers) -> AsyncIterator[Still]:
    async with installation(servers) as made:
        worker = made.start("worker")
        await made.start_api()
        async with httpx.AsyncClient(base_url=made.url, timeout=30) as http:
            before = await added(http)
            await until_caught_up(made)  # all shards of the view, not only the one that has the product
            worker.terminate()
            await asyncio.to_thread(worker.wait, 20)
            after = await repriced(http, before["aggregateId"], "9.00")
            yield Still(made, http, before["aggregateId"], before, after)


def processing(answer: Any, expected: int | None, current: int | None) -> None:
    """Checks what is said of something that is behind."""
    assert answer.pop("lagMs") >= 0
    assert 100 <= answer.pop("retryAfterMs") <= 5_000
    assert answer == {
        "__typename": "Processing",
        "expectedVersion": expected,
        "currentVersion": current,
        "parked": False,
    }


async def test_a_version_that_is_not_there_yet(still: Still) -> None:
    assert (await still.read("product", still.product))["__typename"] == "Product"
    assert (await still.read("product", still.product, minVersion=1))["__typename"] == "Product"
    processing(await still.read("product", still.product, minVersion=2), 2, 1)
    waited = await still.read("product", still.product, minVersion=2, waitMs=150)
    processing(waited, 2, 1)


async def test_a_token_that_is_not_reached_yet(still: Still) -> None:
    old, new = f'"{still.before["token"]}"', f'"{still.after["token"]}"'
    assert (await still.read("product", still.product, token=old))["__typename"] == "Product"
    behind = await still.read("product", still.product, token=new)
    assert behind["lagMs"] > 0
    processing(behind, None, 1)
    processing(await still.read("product", still.product, token=new, minVersion=2), 2, 1)


async def test_the_header_holds_for_whatever_is_read(still: Still) -> None:
    text = f'{{ product(id: "{still.product}", waitMs: 0) {{ __typename }} }}'
    old = await ask(still.http, text, None, Consistency_Token=still.before["token"])
    new = await ask(still.http, text, None, Consistency_Token=still.after["token"])
    assert [answer["data"]["product"]["__typename"] for answer in (old, new)] == ["Product", "Processing"]


async def test_what_no_view_has_seen_yet(still: Still) -> None:
    person = {"name": "Pat", "email": f"{uuid4()}@example.com", "address": ADDRESS}
    customer = await still.command("registerCustomer", person)
    goods = (await added(still.http))["aggregateId"]
    await still.command("receiveStock", {"productId": goods, "pieces": 10})
    items = [{"productId": goods, "quantity": 1}]
    order = await still.command("placeOrder", {"customerId": customer["aggregateId"], "items": items})
    for field, receipt in (("customer", customer), ("order", order)):
        processing(await still.read(field, receipt["aggregateId"], minVersion=1), 1, None)
        processing(await still.read(field, receipt["aggregateId"], token=f'"{receipt["token"]}"'), None, None)


@pytest.mark.parametrize("field", ["product", "customer", "order"])
async def test_null_is_for_what_does_not_exist(still: Still, field: str) -> None:
    assert await still.read(field, f"{field}_01k00000000000000000000000") is None
    old = f'"{still.before["token"]}"'
    if field == "product":
        assert await still.read(field, f"{field}_01k00000000000000000000000", token=old) is None


async def test_lists_and_nodes_refuse_by_code(still: Still) -> None:
    token = {"token": still.after["token"]}
    listed = await ask(still.http, "query ($token: String) { orders(token: $token, waitMs: 0) { totalCount } }", token)
    assert listed["data"] == {"orders": None}
    assert code_of(listed) == "STILL_PROCESSING"
    assert listed["errors"][0]["extensions"]["field"] == "token"
    node = await ask(
        still.http,
        f'query ($token: String) {{ node(id: "{still.product}", token: $token, waitMs: 0) {{ id }} }}',
        token,
    )
    assert code_of(node) == "STILL_PROCESSING"
    header = await ask(still.http, "{ orders(waitMs: 0) { totalCount } }", None, Consistency_Token=token["token"])
    assert code_of(header) == "STILL_PROCESSING"


async def test_a_list_without_a_token_is_answered_as_it_is(still: Still) -> None:
    """Once no heartbeat has come for a while, it says that nobody projects the view."""
    connection = await asyncpg.connect(still.shop.database_url)
    await connection.execute("update read.checkpoints set heartbeat_at = clock_timestamp() - interval '1 minute'")
    await connection.close()
    orders = (await ask(still.http, "{ orders { totalCount freshness { state position } } }"))["data"]["orders"]
    assert orders == {"totalCount": 0, "freshness": {"state": "STALLED", "position": orders["freshness"]["position"]}}
    statuses = (await ask(still.http, "{ projectionStatus { state } }"))["data"]["projectionStatus"]
    assert {each["state"] for each in statuses} == {"STALLED"}
