"""How many commands come in, what becomes of them, and what a command led to: for who may know."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from app import bootstrap
from app.kernel import typeid
from app.kernel.clock import now
from app.kernel.messages import Principal, Role
from app.seed import seeded_id
from tests.schema.live import socket
from tests.support.installation import Installation
from tests.support.replay import until_caught_up
from tests.write_model.floor import envelope
from write_model.customers.commands import Tier, UpgradeCustomer
from write_model.orders.commands import PayOrder

ADA = typeid.encode("customer", seeded_id("customer", "ada"))
CUP = typeid.encode("product", seeded_id("product", "cup"))
PLACE = """mutation ($id: UUID!, $customer: ID!, $product: ID!, $pieces: Int!) { placeOrder(input: {
    commandId: $id, customerId: $customer, items: [{ productId: $product, quantity: $pieces }] }) {
    __typename ... on CommandAccepted { aggregateId } } }"""
ACTIVITY = """{ commandActivity(seconds: 120) { accepted { at type commands }
    counted { process since outcomes { type outcome code commands } } } }"""
STATUS = """query ($id: UUID!) { commandStatus(commandId: $id) { actor correlationId causedBy
    events { type version position recordedAt } caused { commandId type actor aggregateId } } }"""


async def place(shop: Installation, pieces: int = 1, command_id: str | None = None, **asked: Any) -> Any:
    told: dict[str, Any] = {"id": command_id or str(uuid4()), "customer": ADA, "product": CUP, "pieces": pieces}
    return (await shop.query(PLACE, **told, **asked))["placeOrder"]


async def placed(shop: Installation) -> tuple[int, int]:
    """How many orders were accepted, and how many refused for want of stock."""
    activity = (await shop.query(ACTIVITY))["commandActivity"]
    accepted = sum(each["commands"] for each in activity["accepted"] if each["type"] == "PlaceOrder")
    counted = {(each["type"], each["code"]): each["commands"] for each in activity["counted"]["outcomes"]}
    return accepted, counted.get(("PlaceOrder", "INSUFFICIENT_STOCK"), 0)


async def test_commands_are_counted_by_second_and_outcome(shop: Installation) -> None:
    await until_caught_up(shop)
    accepted, refused = await placed(shop)
    for pieces in (1, 1, 1, 1_000_000):
        await place(shop, pieces)
    await until_caught_up(shop)
    assert await placed(shop) == (accepted + 3, refused + 1)
    seconds = (await shop.query(ACTIVITY))["commandActivity"]["accepted"]
    assert all(each["at"].endswith(":00Z") or "." not in each["at"] for each in seconds)
    assert seconds == sorted(seconds, key=lambda each: (each["at"], each["type"]))


async def test_the_subscription_begins_far_back_and_goes_on_with_the_last_seconds(shop: Installation) -> None:
    async with socket(shop.url) as live:
        await live.init()
        await live.subscribe("subscription { commandActivity(seconds: 3600) { accepted { type commands } } }")
        first = (await live.next())["data"]["commandActivity"]["accepted"]
        assert {"RegisterCustomer", "AddProduct"} <= {each["type"] for each in first}
        await place(shop)
        async with asyncio.timeout(30):
            while "PlaceOrder" not in {
                each["type"] for each in (await live.next())["data"]["commandActivity"]["accepted"]
            }:
                pass


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("{ commandActivity(seconds: 0) { accepted { type } } }", "seconds"),
        ("{ commandActivity(seconds: 3601) { accepted { type } } }", "seconds"),
    ],
)
async def test_too_many_seconds_or_none_are_refused(shop: Installation, asked: str, field: str) -> None:
    (error,) = (await shop.ask(asked))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_VALUE", field)


@pytest.mark.parametrize("pause", [-1, 60_001])
async def test_a_pause_without_sense_is_refused(shop: Installation, pause: int) -> None:
    async with socket(shop.url) as live:
        await live.init()
        await live.subscribe(f"subscription {{ projectionStatus(pauseMs: {pause}) {{ view }} }}")
        (error,) = (await live.next())["errors"]
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_VALUE", "pauseMs")


async def test_every_shard_tells_who_has_it(shop: Installation) -> None:
    statuses = (
        await shop.query("""{ projectionStatus { view shards position parked owners observedAt
        leases { shard position owner leaseUntil heartbeatAt parked } } }""")
    )["projectionStatus"]
    for status in statuses:
        leases = status["leases"]
        assert [each["shard"] for each in leases] == list(range(status["shards"]))
        assert min(each["position"] for each in leases) == status["position"]
        assert {each["owner"] for each in leases} == set(status["owners"])
        assert sum(each["parked"] for each in leases) == status["parked"]
        assert status["observedAt"].endswith("Z")


async def test_what_a_command_led_to(shop: Installation) -> None:
    """Its sender sees it; not, though, what policies did about it, whose actor somebody else is."""
    command_id, owner = str(uuid4()), shop.bearer("customer", subject=ADA)
    order = await place(shop, command_id=command_id, headers=owner)
    policy = Principal("policy:test", frozenset({Role.OPERATOR}))
    caused = envelope(actor=policy, causation_id=UUID(command_id))
    async with bootstrap.commands(shop.settings) as side:
        order_id = typeid.decode("order", order["aggregateId"])
        await side.bus.dispatch(PayOrder(at=now(), order_id=order_id), caused)
        other = UpgradeCustomer(at=now(), customer_id=seeded_id("customer", "grace"), tier=Tier.GOLD)
        await side.bus.dispatch(other, envelope(causation_id=UUID(int=7)))
    await until_caught_up(shop)

    seen = (await shop.query(STATUS, id=command_id))["commandStatus"]
    (event,) = seen["events"]
    assert (event["type"], event["version"]) == ("OrderPlaced", 1)
    assert (seen["actor"], seen["causedBy"]) == (ADA, None)
    assert seen["caused"] == [
        {
            "commandId": str(caused.command_id),
            "type": "PayOrder",
            "actor": "policy:test",
            "aggregateId": order["aggregateId"],
        }
    ]
    assert (await shop.query(STATUS, owner, id=command_id))["commandStatus"] == seen | {"caused": []}
    effect = (await shop.query(STATUS, id=str(caused.command_id)))["commandStatus"]
    assert (effect["causedBy"], effect["correlationId"]) == (command_id, str(caused.correlation_id))
