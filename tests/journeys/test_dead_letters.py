"""A thousand orders, one of them poisoned: all others go on, that one says so, and once mended nothing shows of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from app import bootstrap, registry
from app.config import Settings
from app.infra.consistency_token import LogPosition
from app.infra.embedded import Servers
from app.kernel import typeid
from app.kernel.clock import now
from app.kernel.messages import Event, Receipt
from tests.support.installation import Installation, installation
from tests.support.replay import assert_views_equal_a_replay, until_caught_up
from tests.write_model.floor import Floor, order_of, until
from write_model.orders.commands import PayOrder, ShipOrder
from write_model.orders.events import OrderPaid, OrderPlaced

ORDERS = 1_000

ORDER = """query ($id: ID!, $version: Int, $token: String) { order(id: $id, minVersion: $version, token: $token) {
    __typename ... on Order { id version status } ... on Processing { parked currentVersion } } }"""
PRODUCT = """query ($id: ID!, $token: String) { product(id: $id, token: $token) {
    __typename ... on Product { onHand } ... on Processing { parked } } }"""
LIST = """query ($customer: ID!, $token: String) { orders(filter: { customerId: $customer }, first: 1, token: $token) {
    totalCount freshness { parked } } }"""
PRODUCTS = "{ products(first: 1) { edges { node { onHand } } } }"
LETTERS = """{ deadLetters { consumer exception place aggregates events letters {
    aggregateId position eventType attempts message waiting retrying data } } }"""
RETRY = """mutation ($input: RetryDeadLettersInput!) { retryDeadLetters(input: $input) { __typename } }"""
DISCARD = """mutation ($input: DiscardDeadLetterInput!) { discardDeadLetter(input: $input) {
    __typename ... on CommandRejected { code field } } }"""
OPERATIONS = "{ operations(first: 100) { kind consumer reason requestedBy outcome failed } }"
ACCEPTED = {"__typename": "CommandAccepted"}


@dataclass
class Shop:
    """A shop whose workers have not run yet, with a thousand orders of one customer for one product."""

    made: Installation
    db: asyncpg.Pool
    log_id: UUID
    customer: UUID
    product: UUID
    orders: list[Receipt]

    def token(self, receipt: Receipt) -> str:
        return LogPosition(self.log_id, receipt.position).token()

    async def poison(self, receipt: Receipt, field: str) -> Any:
        """Takes a field out of an event; what was there."""
        old = "select data -> $2 from write.events where position = $1"
        was = await self.db.fetchval(old, receipt.position, field)
        await self.db.execute("update write.events set data = data - $2 where position = $1", receipt.position, field)
        return was

    async def mend(self, receipt: Receipt, field: str, was: str) -> None:
        """Puts it back."""
        await self.db.execute(
            "update write.events set data = jsonb_set(data, array[$2], $3) where position = $1",
            receipt.position,
            field,
            was,
        )

    async def order(self, receipt: Receipt, **said: Any) -> Any:
        return (await self.made.query(ORDER, id=typeid.encode("order", receipt.aggregate_id), **said))["order"]

    async def letters(self) -> list[Any]:
        found: list[Any] = (await self.made.query(LETTERS))["deadLetters"]
        return found

    async def until_no_letters(self) -> None:
        deadline = time.monotonic() + 60
        while letters := await self.letters():
            assert time.monotonic() < deadline, letters
            await asyncio.sleep(0.1)


@asynccontextmanager
async def shop(servers: Servers) -> AsyncIterator[tuple[Shop, Floor]]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=4) as db,
        bootstrap.commands(made.settings) as side,
    ):
        floor = Floor(made, side, db)
        customer, product = await floor.customer(), await floor.product(pieces=10_000)
        orders: list[Receipt] = []
        for _ in range(ORDERS // 20):
            ordered = (floor.send(order_of(customer, [(product, 1)])) for _ in range(20))
            orders += await asyncio.gather(*ordered)
        yield Shop(made, db, side.log_id, customer, product, orders), floor


def handling(event: type[Event]) -> set[str]:
    """The views and policies that do."""
    policies = bootstrap.policies(Settings(database_url="postgresql://", redis_url="redis://"))
    views = {view.name for view in registry.VIEWS if event in view.handles}
    return views | {policy.name for policy in policies if event in policy.handles}


async def until_all_caught_up(it: Shop) -> None:
    """Waits until policies, too, have passed the end of the log."""
    await until_caught_up(it.made)
    behind = "select count(*) from policy.checkpoints where position < (select max(position) from write.events)"

    async def caught_up() -> bool:
        return not await it.db.fetchval(behind)

    await until(caught_up)


async def test_a_poisoned_order_stops_itself_alone_and_is_restored(servers: Servers) -> None:
    async with shop(servers) as (it, floor):
        victim = it.orders[400]
        paid = await floor.send(PayOrder(at=now(), order_id=victim.aggregate_id))
        items = await it.poison(victim, "items")
        it.made.start_workers(2)
        await it.made.start_api()
        await until_all_caught_up(it)

        others = [each for each in it.orders if each is not victim]
        shown = await asyncio.gather(*(it.order(each, version=1) for each in others[::9]))
        assert {each["status"] for each in shown} == {"PENDING"}
        for wanted in ({}, {"version": 1}, {"version": 2}, {"token": it.token(paid)}):
            assert await it.order(victim, **wanted) == {
                "__typename": "Processing",
                "parked": True,
                "currentVersion": None,
            }, wanted
        await other_views_tell_of_it(it, victim)

        letters = await it.letters()
        assert {each["consumer"] for each in letters} == handling(OrderPlaced)
        for each in letters:
            (letter,) = each["letters"]
            assert (each["exception"], each["aggregates"]) == ("ValidationError", 1)
            assert each["place"].startswith("app/infra/event_log.py:")
            assert (letter["eventType"], letter["position"]) == ("OrderPlaced", victim.position)
            assert letter["waiting"] == (1 if each["consumer"] in handling(OrderPaid) else 0)
            assert "items" in letter["message"]
            assert "items" not in letter["data"]
            assert not letter["retrying"]

        late = await floor.send(order_of(it.customer, [(it.product, 1)]))
        assert (await it.order(late, token=it.token(late)))["status"] == "PENDING"

        assert await stock_in_a_list(it) == 10_000 - ORDERS
        await it.mend(victim, "items", items)
        await floor.send(ShipOrder(at=now(), order_id=victim.aggregate_id))
        for consumer in sorted(handling(OrderPlaced)):
            told = {"consumer": consumer}
            assert (await it.made.query(RETRY, input=told))["retryDeadLetters"] == ACCEPTED
        await it.until_no_letters()
        assert (await it.order(victim, version=3))["status"] == "SHIPPED"
        assert (await it.made.query(LIST, customer=typeid.encode("customer", it.customer)))["orders"] == {
            "totalCount": ORDERS + 1,
            "freshness": {"parked": 0},
        }
        assert await stock_in_a_list(it) == 10_000 - ORDERS - 1, "what was shown of the row before is not shown again"
        assert await assert_views_equal_a_replay(it.made, amended=True) > ORDERS
        assert "event parked" in it.made.log_of("worker")


async def stock_in_a_list(it: Shop) -> int:
    """What a list shows of the product, twice, so that it would be shown from what was kept."""
    for _ in range(2):
        (edge,) = (await it.made.query(PRODUCTS))["products"]["edges"]
    found: int = edge["node"]["onHand"]
    return found


async def other_views_tell_of_it(it: Shop, victim: Receipt) -> None:
    """What lacks the order is shown, but not to who has the order's token."""
    product, customer = typeid.encode("product", it.product), typeid.encode("customer", it.customer)
    assert (await it.made.query(PRODUCT, id=product))["product"]["onHand"] == 10_000 - (ORDERS - 1)
    assert (await it.made.query(PRODUCT, id=product, token=it.token(victim)))["product"] == {
        "__typename": "Processing",
        "parked": True,
    }
    later = it.token(it.orders[-1])
    assert (await it.made.query(PRODUCT, id=product, token=later))["product"]["__typename"] == "Product"
    listed = (await it.made.query(LIST, customer=customer, token=later))["orders"]
    assert listed == {"totalCount": ORDERS - 1, "freshness": {"parked": 1}}
    for text in (LIST, LIST.replace("freshness { parked }", "")):
        refused = await it.made.ask(text, customer=customer, token=it.token(victim))
        assert refused["errors"][0]["extensions"]["code"] == "STILL_PROCESSING", text
        assert "operator" in refused["errors"][0]["message"]


async def test_an_event_is_discarded_and_what_is_behind_it_goes_on(servers: Servers) -> None:
    async with shop(servers) as (it, floor):
        victim = it.orders[7]
        paid = await floor.send(PayOrder(at=now(), order_id=victim.aggregate_id))
        shipped = await floor.send(ShipOrder(at=now(), order_id=victim.aggregate_id))
        await it.poison(paid, "paid_at")
        it.made.start_workers(1)
        await it.made.start_api()
        await until_all_caught_up(it)
        assert (await it.order(victim))["parked"]

        for position, code in ((shipped.position, None), (0, "INVALID_VALUE")):
            told = {"consumer": "order_details", "position": position, "reason": "no date"}
            answer = (await it.made.query(DISCARD, input=told))["discardDeadLetter"]
            assert answer["__typename"] == ("CommandRejected" if code else "CommandAccepted"), answer
        for consumer in sorted(handling(OrderPaid)):
            told = {"consumer": consumer, "position": paid.position, "reason": "it has no date"}
            assert (await it.made.query(DISCARD, input=told))["discardDeadLetter"] == ACCEPTED
        await it.until_no_letters()
        assert (await it.order(victim, version=3))["status"] == "SHIPPED"

        operations = (await it.made.query(OPERATIONS))["operations"]
        assert len(operations) == len(handling(OrderPaid)) + 1
        refused, *carried_out = reversed(operations)
        assert refused["failed"]
        assert "is not the first" in refused["outcome"]
        assert not any(each["failed"] for each in carried_out)
        assert {each["reason"] for each in carried_out} == {"it has no date"}
        assert {each["requestedBy"] for each in operations} == {"open"}
        await it.db.execute(
            "update write.events set data = data || $2 where position = $1",
            paid.position,
            f'{{"paid_at": "{now().isoformat()}"}}',
        )
        await assert_views_equal_a_replay(it.made, amended=True, without={paid.position})


async def test_customers_may_not_and_operators_not_everything(servers: Servers) -> None:
    async with installation(servers) as made:
        await made.start_api()
        customer = made.bearer("customer", subject=typeid.encode("customer", UUID(int=7)))
        for headers, name in ((customer, "retryDeadLetters"), (made.bearer("operator"), "rebuildView")):
            given = "view" if name == "rebuildView" else "consumer"
            text = f'mutation {{ {name}(input: {{ {given}: "sales" }}) {{ ... on CommandRejected {{ code }} }} }}'
            assert (await made.query(text, headers))[name] == {"code": "FORBIDDEN"}
        unknown = (
            'mutation { retryDeadLetters(input: { consumer: "sells" }) { ... on CommandRejected { code field } } }'
        )
        told = (await made.query(unknown))["retryDeadLetters"]
        assert told == {"code": "UNKNOWN_CONSUMER", "field": "consumer"}
        for name in ("deadLetters { consumer }", "operations { kind }"):
            answer = await made.ask(f"{{ {name} }}", customer)
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
