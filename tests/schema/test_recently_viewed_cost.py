"""What `recentlyViewed` costs, and that it says how old it is: the schema inside the test, over real stores."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from app import bootstrap, registry
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.kernel import typeid
from app.kernel.clock import new_id, now
from app.kernel.messages import Principal, Role
from schema.context import Installation as Shared
from schema.context import RequestContext, Shop, Waiting
from schema.schema import make
from tests.support.installation import installation
from tests.support.projecting import project
from tests.write_model.floor import Floor
from write_model.catalog.commands import ViewProduct

LIST = "edges { node { viewedAt product { name } } } pageInfo { hasNextPage }"
FRESHNESS = "freshness { state position lagMs }"


@dataclass(frozen=True)
class Desk:
    """A shop whose views move only when a test lets them, and a customer of it."""

    floor: Floor
    reads: ReadModels
    stores: bootstrap.Stores
    customer: UUID

    async def look(self, product: UUID) -> int:
        """Reports a view; the position in the log."""
        command = ViewProduct(at=now(), view_id=new_id(), product_id=product, customer_id=self.customer)
        return (await self.floor.send(command)).position

    async def mgets(self) -> int:
        """How many there were since Redis started."""
        calls: int = (await self.stores.redis.info("commandstats"))["cmdstat_mget"]["calls"]
        return calls

    async def ask(self, selection: str) -> Any:
        """What the customer is answered."""
        subject = typeid.encode("customer", self.customer)
        shop = Shop("GBP", ZoneInfo("Europe/London"))
        shared = Shared(self.stores.log_id, Waiting(0, 0), shop, None, self.reads, None)
        context = RequestContext(shared, Principal(subject, frozenset({Role.CUSTOMER}), self.customer), str(new_id()))
        schema = make(registry.ACCEPTED_COMMANDS)
        return await schema.execute(f"{{ recentlyViewed {{ {selection} }} }}", context_value=context)


@pytest.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        bootstrap.commands(made.settings) as side,
        bootstrap.read_models(made.settings) as (reads, stores),
    ):
        floor = Floor(made, side, db)
        yield Desk(floor, reads, stores, await floor.customer())


async def test_a_list_is_two_reads_of_redis_and_none_of_the_database(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await desk.look(await desk.floor.product())
    await project(desk.floor.made)
    await desk.ask(LIST)
    asked: list[str] = []
    execute: Any = desk.stores.redis.execute_command

    async def noted(*command: Any, **options: Any) -> Any:
        asked.append(command[0])
        return await execute(*command, **options)

    before = await desk.mgets()
    monkeypatch.setattr(desk.stores.redis, "execute_command", noted)
    await desk.reads.pool.close()
    answer = await desk.ask(LIST)
    assert not answer.errors
    assert len(answer.data["recentlyViewed"]["edges"]) == 3
    assert asked == [], "nothing but what is read together"
    assert await desk.mgets() == before + 2
    with_freshness = await desk.ask(f"{LIST} {FRESHNESS}")
    assert [error.extensions["code"] for error in with_freshness.errors] == ["UNAVAILABLE"], "it asks the database"


async def test_a_redis_that_lags_says_how_far_it_is(desk: Desk) -> None:
    """It brings back what it held before: without a token that is shown, but not as fresh."""
    one, other = await desk.floor.product(), await desk.floor.product()
    before = await desk.look(one)
    await project(desk.floor.made)
    answer = await desk.ask(f"{LIST} {FRESHNESS}")
    assert answer.data["recentlyViewed"]["freshness"] == {"state": "FRESH", "position": before, "lagMs": 0}
    keys = [key async for key in desk.stores.redis.scan_iter(f"{desk.stores.prefix}:recently_viewed:*")]
    snapshot = dict(zip(keys, await desk.stores.redis.mget(keys), strict=True))
    await desk.look(other)
    await project(desk.floor.made)
    await desk.stores.redis.mset(snapshot)
    answer = await desk.ask(f"{LIST} {FRESHNESS}")
    assert len(answer.data["recentlyViewed"]["edges"]) == 1
    assert answer.data["recentlyViewed"]["freshness"] == {"state": "LAGGING", "position": before, "lagMs": 0}
