"""What lists ask the database, and that none says that it is fresher than it is: the schema inside the test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from strawberry.types import ExecutionResult

from app import bootstrap, registry
from app.infra.consistency_token import LogPosition
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.kernel import typeid
from app.kernel.clock import new_id, now
from app.kernel.messages import Principal, Role
from schema.context import Installation as Shared
from schema.context import RequestContext, Shop, Waiting
from schema.schema import make
from tests.infra.statements import statements_of
from tests.support.installation import installation
from tests.support.projecting import project
from tests.write_model.floor import Floor, order_of
from write_model.catalog.commands import ViewProduct

LISTS = {
    "orders": "",
    "orders found by text": 'filter: {text: "tea"}',
    "products": "",
    "products found by text": 'text: "tea"',
    "sales": "",
    "ordersByCity": "",
    "topCustomers": "",
    "stockReport": "",
    "customerOrders": 'customerId: "{customer}", first: 50',
}
RANKED = {
    "hotProducts": "",
    "popularProducts": "",
    "recommendations": 'customerId: "{customer}"',
    "recentlyViewed": 'customerId: "{customer}"',
}


@dataclass(frozen=True)
class Desk:
    """A shop whose views move only when a test lets them, seen by an operator over one connection."""

    floor: Floor
    reads: ReadModels
    stores: bootstrap.Stores
    customer: UUID
    product: UUID

    async def moved(self) -> int:
        """Something more happens, which concerns every list here in the end; the position in the log."""
        await self.floor.send(order_of(self.customer, [(self.product, 1)]))
        viewed = ViewProduct(at=now(), view_id=new_id(), product_id=self.product, customer_id=self.customer)
        position = (await self.floor.send(viewed)).position
        await project(self.floor.made)
        return position

    async def ask(self, list_: str, arguments: str, selection: str, position: int | None = None) -> Any:
        """A list, by the first word of its name."""
        said = [arguments.replace("{customer}", typeid.encode("customer", self.customer))] if arguments else []
        if position is not None:
            said.append(f'token: "{LogPosition(self.stores.log_id, position).token()}"')
        given = f"({', '.join(said)})" if said else ""
        field = list_.partition(" ")[0]
        shared = Shared(self.stores.log_id, Waiting(0, 0), SHOP, None, self.reads, None)
        context = RequestContext(shared, OPERATOR, str(new_id()))
        operation = f"{{ {field}{given} {{ {selection} }} }} {FRAGMENTS.format(kind=KINDS.get(field, ''))}"
        answer = await make(registry.ACCEPTED_COMMANDS).execute(
            operation if "..." in selection else operation.partition("fragment")[0], context_value=context
        )
        assert isinstance(answer, ExecutionResult)
        assert not answer.errors, answer.errors
        assert answer.data
        return answer.data[field]


SHOP = Shop("GBP", ZoneInfo("Europe/London"))
OPERATOR = Principal("operator", frozenset({Role.OPERATOR}))
KINDS = {"orders": "OrderConnection"}
FRAGMENTS = "fragment F on {kind} {{ ... G }} fragment G on {kind} {{ ... {{ freshness {{ position }} }} }}"


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        bootstrap.commands(made.settings) as side,
        bootstrap.read_models(made.settings.model_copy(update={"db_pool_size": 1})) as (reads, stores),
    ):
        floor = Floor(made, side, db)
        desk = Desk(floor, reads, stores, await floor.customer(), await floor.product(1_000))
        await desk.moved()
        yield desk


def looks(sent: list[str]) -> int:
    """How many statements look at checkpoints."""
    return sum("read.checkpoints" in each for each in sent)


@pytest.mark.parametrize("list_", LISTS)
async def test_without_a_token_nobody_looks_how_far_the_view_is(desk: Desk, list_: str) -> None:
    async with statements_of(desk.reads.pool) as sent:
        await desk.ask(list_, LISTS[list_], "edges { cursor }")
    assert sent
    assert looks(sent) == 0


@pytest.mark.parametrize("list_", LISTS)
async def test_with_a_token_somebody_looks_once_and_it_is_remembered(desk: Desk, list_: str) -> None:
    position = await desk.moved()
    async with statements_of(desk.reads.pool) as sent:
        await desk.ask(list_, LISTS[list_], "edges { cursor }", position)
        first = looks(sent)
        for _ in range(2):
            await desk.ask(list_, LISTS[list_], "edges { cursor }", position)
    assert 1 <= first == looks(sent)


@pytest.mark.parametrize("list_", LISTS)
async def test_freshness_is_looked_up_before_the_page_where_it_is_selected(desk: Desk, list_: str) -> None:
    position = await desk.moved()
    async with statements_of(desk.reads.pool) as sent:
        answer = await desk.ask(list_, LISTS[list_], "freshness { state position lagMs } edges { cursor }")
    assert answer["freshness"] == {"state": "FRESH", "position": position, "lagMs": 0}
    last = max(n for n, statement in enumerate(sent) if "read.checkpoints" in statement and "heartbeat" in statement)
    page = min(n for n, statement in enumerate(sent) if "read.checkpoints" not in statement)
    assert last < page or list_ == "customerOrders", sent
    assert looks(sent[:page]) >= 1


@pytest.mark.parametrize("selection", ["... F", "edges { cursor } ... { ... F }", "how: freshness { position }"])
async def test_freshness_is_found_wherever_it_is_selected(desk: Desk, selection: str) -> None:
    position = await desk.moved()
    answer = await desk.ask("orders", "", selection)
    assert (answer.get("how") or answer["freshness"]) == {"position": position}


@pytest.mark.parametrize("list_", RANKED)
async def test_a_redis_that_lags_says_how_far_it_is(desk: Desk, list_: str) -> None:
    """It brings back what it held before: without a token that is shown, but not as fresh."""
    redis, before = desk.stores.redis, await desk.moved()
    keys = [key async for key in redis.scan_iter(f"{desk.stores.prefix}:*") if b":union:" not in key]
    kept = {key: await redis.dump(key) for key in keys if b":jobs" not in key}
    await desk.moved()
    for union in [key async for key in redis.scan_iter(f"{desk.stores.prefix}:*:union:*")]:
        await redis.delete(union)
    for key, value in kept.items():
        if value is not None:
            await redis.restore(key, 0, value, replace=True)
    answer = await desk.ask(list_, RANKED[list_], "freshness { state position } edges { cursor }")
    assert answer["freshness"] == {"state": "LAGGING", "position": before}


@pytest.mark.parametrize("list_", RANKED)
async def test_without_redis_the_table_says_how_far_it_was_before(desk: Desk, list_: str) -> None:
    position = await desk.moved()
    await desk.stores.redis.flushall()
    async with statements_of(desk.reads.pool) as sent:
        answer = await desk.ask(list_, RANKED[list_], "freshness { state position } edges { cursor }", position)
    assert answer["freshness"] == {"state": "FRESH", "position": position}
    assert "read.checkpoints" in sent[0]
    await desk.moved()
