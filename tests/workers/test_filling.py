"""Filling a generation from the log: in batches, with what cannot be applied parked, old shapes brought to today's."""

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap, registry
from app.infra import rebuilding
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.log_past import LogPast
from app.infra.tables import Stored
from app.infra.wanted import Behind, Found, Wanted
from app.kernel.clock import new_id
from app.kernel.view import View
from read_model.orders import customer_orders, order_details, order_summary, sales
from tests.infra.test_upcasting import INSERT, LEEDS, METADATA, ORDER, STORED_BY_VERSION_1
from tests.support.installation import Installation, installation
from tests.support.long_log import copy_orders
from tests.support.projecting import working
from tests.support.replay import assert_views_equal_a_replay, until_caught_up
from tests.write_model.floor import until
from workers.jobs import fill_batch, filling
from workers.jobs.fill_batch import FillBatch
from workers.jobs.filled_rows import FilledRows

VIEWS = (order_details.VIEW, order_summary.VIEW, customer_orders.VIEW, sales.VIEW)
"""Two shards and documents, a flat table alone, an entity beneath documents, and sums over one."""

LATER = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
select gen_random_uuid(), 'order', $1, $2, $3, 1, $4, $5
"""


MORE_ORDERS = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
select gen_random_uuid(), aggregate_type, id, 1, type, schema_version, jsonb_set(data, '{order_id}', to_jsonb(id)),
       metadata
from (select *, gen_random_uuid() as id from write.events, generate_series(1, 20)
      where type = 'OrderPlaced' and version = 1 and schema_version > 1) as placed
"""


@dataclass(frozen=True)
class Shop:
    """An installation with a log, whoever reads it, and its database."""

    made: Installation
    reads: ReadModels
    stores: bootstrap.Stores
    db: asyncpg.Pool

    async def begin(self, *views: View[Any]) -> dict[str, int]:
        async with bootstrap.projection_stores(self.made.settings) as stores:
            return {view.name: await rebuilding.begin(stores.pool, view) for view in views}

    async def rebuilt(self, *views: View[Any]) -> None:
        await self.until_live(await self.begin(*views))

    async def until_live(self, begun: dict[str, int]) -> None:
        for view, number in begun.items():
            await until(lambda view=view, number=number: self._is_live(view, number))  # type: ignore[misc]

    async def _is_live(self, view: str, number: int) -> bool:
        state = "select state = 'LIVE' from read.generations where view = $1 and generation = $2"
        return bool(await self.db.fetchval(state, view, number)) and self.reads.generation(view) == number

    async def details(self, order: UUID, **wanted: Any) -> Found[Any] | Behind:
        return await self.reads.get(order_details.VIEW, order, Wanted(**wanted))

    async def letters(self, generation: int) -> list[tuple[Any, ...]]:
        said = """select sequence, version, exception from read.dead_letters
                  where consumer = 'order_details' and generation = $1 order by position"""
        return [tuple(row) for row in await self.db.fetch(said, generation)]


@pytest.fixture
async def shop(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """Everything goes through the filling, in many small batches, by a memory that holds next to nothing."""
    monkeypatch.setattr(filling, "NEAR", 0)
    monkeypatch.setattr(filling, "_FOR_INDEXES", 0)
    monkeypatch.setattr(fill_batch, "_MOST_ROWS", 20)
    monkeypatch.setattr(fill_batch, "AT_ONCE", 7)
    monkeypatch.setattr("workers.jobs.filled_rows._KEPT_BYTES", 2_000)
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        bootstrap.read_models(made.settings) as (reads, stores),
    ):
        await made.seed()
        yield Shop(made, reads, stores, db)


async def test_what_is_filled_equals_a_replay(shop: Shop) -> None:
    await copy_orders(shop.made.database_url, 300)
    async with working(shop.made):
        await until_caught_up(shop.made)
        await shop.rebuilt(*registry.VIEWS)
        assert await assert_views_equal_a_replay(shop.made) > 300


async def test_an_order_stored_by_version_1_is_filled_in_in_todays_shape(shop: Shop) -> None:
    await shop.db.execute(INSERT, ORDER, STORED_BY_VERSION_1, METADATA)
    async with working(shop.made):
        await until_caught_up(shop.made)
        await shop.rebuilt(order_details.VIEW)
        found = await shop.details(ORDER, version=1)
        assert isinstance(found, Found)
        assert found.stored is not None
        served = found.stored.row
        assert (served.shipping_address, served.billing_address, served.total) == (LEEDS, LEEDS, Decimal("49.00"))
        assert await assert_views_equal_a_replay(shop.made) > 0


async def test_vacuum_leaves_alone_what_is_being_filled(shop: Shop) -> None:
    """The rows, and the entities that are kept beside them."""
    left_alone = "select count(*) from pg_class where 'autovacuum_enabled=off' = any(reloptions)"
    assert await shop.db.fetchval(left_alone) == 0
    begun = await shop.begin(customer_orders.VIEW)
    assert await shop.db.fetchval(left_alone) == 2
    async with working(shop.made):
        await shop.until_live(begun)
        assert await shop.db.fetchval(left_alone) == 0


async def test_the_collector_leaves_alone_what_is_being_filled(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    thresholds = []
    fold, before = FillBatch.fold, gc.get_threshold()

    async def noted(self: FillBatch[Any], rows: Sequence[asyncpg.Record]) -> None:
        thresholds.append(gc.get_threshold()[0])
        await fold(self, rows)

    monkeypatch.setattr(FillBatch, "fold", noted)
    try:
        async with working(shop.made):
            await shop.rebuilt(order_details.VIEW)
        after = gc.get_threshold()[0]
    finally:
        gc.set_threshold(*before)
    assert min(thresholds) > after


class TestWhatCannotBeApplied:
    async def test_what_does_not_decode_is_parked_with_what_follows(self, shop: Shop) -> None:
        await self.sick(shop, '{"paid_at": "long ago"}')
        async with working(shop.made):
            await shop.rebuilt(order_details.VIEW)
            parked = [(ORDER, 2, "ValidationError"), (ORDER, 3, None)]
            assert await shop.letters(2) == parked
            behind = await shop.details(ORDER)
            assert isinstance(behind, Behind)
            assert behind.parked
            assert await self.others(shop) > 0

    async def test_what_postgresql_refuses_is_parked_and_the_batch_it_was_in_is_not(self, shop: Shop) -> None:
        """Each line has as many pieces as fit, and both together have more."""
        order, (line,) = new_id(), re.findall(r"\[({.*})\]", STORED_BY_VERSION_1)
        much = line.replace('"quantity": 2', f'"quantity": {2**63 - 1}')
        data = STORED_BY_VERSION_1.replace(line, f"{much}, {much}").replace(str(ORDER), str(order))
        await shop.db.execute(INSERT, order, data, METADATA)
        await shop.db.execute(MORE_ORDERS)
        async with working(shop.made):
            await shop.rebuilt(order_details.VIEW)
            assert await shop.letters(2) == [(order, 1, "NumericValueOutOfRangeError")]
            behind = await shop.details(order)
            assert isinstance(behind, Behind)
            assert behind.parked
            assert await self.others(shop) > 0

    async def sick(self, shop: Shop, data: str) -> None:
        """An order with an event that cannot be applied, and one after it."""
        await shop.db.execute(INSERT, ORDER, STORED_BY_VERSION_1, METADATA)
        await shop.db.execute(LATER, ORDER, 2, "OrderPaid", data, METADATA)
        await shop.db.execute(LATER, ORDER, 3, "OrderPaid", data, METADATA)

    async def others(self, shop: Shop) -> int:
        """How many orders are shown of which nothing is parked."""
        orders = await shop.db.fetch(
            """select distinct aggregate_id from write.events where aggregate_type = 'order' and aggregate_id not in
               (select sequence from read.dead_letters)"""
        )
        for row in orders:
            assert isinstance(await shop.details(UUID(str(row[0]))), Found)
        return len(orders)


def test_rows_that_are_being_written_are_known_as_they_will_be() -> None:
    rows, key = FilledRows[str](kept_bytes=10), new_id()
    before, after, other = (Stored(text, 1, n) for n, text in enumerate(("before", "after", "other"), 1))
    rows.update({key: before})
    assert rows.take() == {key: before}
    assert rows.of({key}) == {key: before}
    rows.update({key: after})
    assert rows.of({key}) == {key: after}
    rows.wrote([b"before"])
    assert rows.of({key}) == {key: after}
    assert rows.take() == {key: after}
    rows.wrote([b"after"])
    assert rows.of({key}) == {key: after}
    for _ in range(2):
        rows.update({new_id(): other})
        rows.take()
        rows.wrote([b"others"])
    assert rows.of({key}) == {}, "there is room for two documents"


async def test_redis_may_be_flushed_again_and_again_meanwhile(shop: Shop) -> None:
    await copy_orders(shop.made.database_url, 400)
    async with working(shop.made):
        await until_caught_up(shop.made)
        live = asyncio.create_task(shop.until_live(await shop.begin(*VIEWS)))
        flushes = 0
        while not live.done():
            await shop.stores.redis.flushall()
            flushes += 1
            await asyncio.sleep(0.1)
        await live
        assert flushes > 1
        assert await assert_views_equal_a_replay(shop.made) > 400


async def test_the_horizon_waits_for_who_writes_now(shop: Shop) -> None:
    """A position was drawn below the highest visible one, and is not there yet: it is not read past."""
    async with shop.db.acquire() as slow, asyncio.timeout(20):
        writing = slow.transaction()
        await writing.start()
        await slow.execute(INSERT, new_id(), STORED_BY_VERSION_1, METADATA)
        async with bootstrap.projection_stores(shop.made.settings) as stores:
            past = LogPast(stores.pool, ["OrderPlaced"])
            await shop.db.execute(INSERT, new_id(), STORED_BY_VERSION_1, METADATA)
            looking = asyncio.create_task(past.horizon())
            await asyncio.sleep(0.3)
            assert not looking.done()
            await writing.commit()
            horizon = await looking
            read = [row["position"] async for part in past.between(0, horizon) for row in part.rows]
    everything = await shop.db.fetch(
        "select position from write.events where type = 'OrderPlaced' and position <= $1 order by position", horizon
    )
    assert read == [row["position"] for row in everything]
    assert horizon == everything[-1]["position"]
