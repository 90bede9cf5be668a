"""Rebuilding, switching, rolling back and pruning, with real stores: what is read, kept, refused and dropped."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app import bootstrap
from app.infra import generations, pruning, rebuilding, switching
from app.infra.comparing import Comparison
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.generation_watch import GenerationWatch
from app.infra.rebuild_progress import progress
from app.infra.requests import NotPossible
from app.infra.switching import NotThereYet
from app.infra.table_views import TableView
from app.infra.wanted import Behind, Found, Wanted
from app.kernel.view import View
from read_model.customers.customer_profile import VIEW
from read_model.orders import order_details
from tests.support.installation import installation
from tests.support.projecting import working
from tests.support.replay import assert_views_equal_a_replay
from tests.write_model.floor import Floor, registration, until

NAME = VIEW.name


@dataclass(frozen=True)
class Shop:
    """A seeded installation, someone who sends commands, and a process that reads."""

    floor: Floor
    reads: ReadModels
    stores: bootstrap.Stores
    projecting: bootstrap.Stores

    async def state(self, view: View[Any] = VIEW) -> dict[int, str]:
        rows = await self.stores.pool.fetch(
            "select generation, state from read.generations where view = $1 order by generation", view.name
        )
        return {row["generation"]: row["state"] for row in rows}

    async def rebuilt(self, view: View[Any] = VIEW) -> int:
        """Rebuilds the view, and waits until this process reads it."""
        generation = await rebuilding.begin(self.projecting.pool, view)
        await until(lambda: self.is_live(view, generation))
        return generation

    async def is_live(self, view: View[Any], generation: int) -> bool:
        live = (await self.state(view)).get(generation) == "LIVE"
        return live and self.reads.table(view).generation == generation

    async def roll_back(self, view: View[Any] = VIEW) -> int:
        async with self.projecting.pool.acquire() as connection, connection.transaction():
            return await rebuilding.roll_back(connection, view)

    async def switch_to(self, generation: int) -> bool:
        table = TableView(VIEW, generation)
        return await switching.switch(self.projecting.pool, self.projecting.documents_of, table)

    async def choose(self, still_read_s: float = 0.0) -> None:
        async with self.projecting.pool.acquire() as connection, connection.transaction():
            await pruning.choose(connection, NAME, still_read_s)

    async def prune(self, still_read_s: float = 0.0) -> list[int]:
        await self.choose(still_read_s)
        return await pruning.prune(self.projecting.pool, self.projecting.redis, self.projecting.prefix, NAME)

    async def keys(self, generation: int) -> list[bytes]:
        return [key async for key in self.stores.redis.scan_iter(f"{self.stores.prefix}:{NAME}:{generation}:*")]

    async def tables(self) -> set[str]:
        rows = await self.stores.pool.fetch(
            "select tablename from pg_tables where schemaname = 'read' and tablename like $1", f"{NAME}\\_\\_%"
        )
        return {row[0] for row in rows}


@pytest.fixture
async def shop(servers: Servers) -> AsyncIterator[Shop]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        bootstrap.commands(made.settings) as side,
        bootstrap.read_models(made.settings) as (reads, stores),
        bootstrap.projection_stores(made.settings) as projecting,
    ):
        await made.seed()
        yield Shop(Floor(made, side, db), reads, stores, projecting)


async def test_a_rebuilt_view_is_switched_to_and_the_one_before_is_kept_and_goes_on(shop: Shop) -> None:
    async with working(shop.floor.made):
        assert await shop.rebuilt() == 2
        assert await shop.state() == {1: "KEPT", 2: "LIVE"}
        receipt = await shop.floor.send(registration())
        found = await shop.reads.get(VIEW, receipt.aggregate_id, Wanted(version=1, wait_s=10))
        assert isinstance(found, Found)
        await until(lambda: both_hold(shop, receipt.position))
        assert await assert_views_equal_a_replay(shop.floor.made) > 0


async def both_hold(shop: Shop, position: int) -> bool:
    found = await shop.stores.pool.fetchval("select min(position) from read.checkpoints where view = $1", NAME)
    return bool(found >= position)


async def test_two_rebuilds_at_once_are_one(shop: Shop) -> None:
    begun = await asyncio.gather(*(rebuilding.begin(shop.projecting.pool, VIEW) for _ in range(8)))
    assert set(begun) == {2}
    assert await shop.state() == {1: "LIVE", 2: "BUILDING"}


async def test_rolling_back_and_forth_loses_nothing(shop: Shop) -> None:
    async with working(shop.floor.made):
        await shop.rebuilt()
        receipt = await shop.floor.send(registration())
        for live, kept in ((1, 2), (2, 1)):
            assert await shop.roll_back() == live
            await until(lambda live=live: shop.is_live(VIEW, live))  # type: ignore[misc]
            assert await shop.state() == {live: "LIVE", kept: "KEPT"}
            found = await shop.reads.get(VIEW, receipt.aggregate_id, Wanted(position=receipt.position, wait_s=10))
            assert isinstance(found, Found)
            assert found.stored is not None


async def test_nothing_is_rolled_back_that_was_never_kept(shop: Shop) -> None:
    with pytest.raises(NotPossible, match="nothing is kept of customer_profile"):
        await shop.roll_back()


async def test_a_generation_of_another_definition_is_not_rolled_back_to(shop: Shop) -> None:
    changed = replace(VIEW, revision=VIEW.revision + 1)
    async with working(shop.floor.made):
        await shop.rebuilt()
    with pytest.raises(NotPossible, match="deploy the version that made it"):
        await shop.roll_back(changed)


async def test_nothing_is_rolled_back_while_a_rebuild_is_under_way(shop: Shop) -> None:
    async with working(shop.floor.made):
        await shop.rebuilt()
    await rebuilding.begin(shop.projecting.pool, VIEW)
    with pytest.raises(NotPossible, match="generation 3 of customer_profile is under way"):
        await shop.roll_back()


async def test_code_whose_definition_is_not_live_rebuilds_nothing(shop: Shop) -> None:
    """During a deployment a worker of the version before may be the one that is asked."""
    changed = replace(VIEW, revision=VIEW.revision + 1)
    with pytest.raises(NotPossible, match="ask again when the deployment is over"):
        await rebuilding.begin(shop.projecting.pool, changed)


async def test_one_that_is_behind_what_is_live_is_not_switched_to(shop: Shop) -> None:
    """Nobody projects either: the live one stands further on."""
    async with working(shop.floor.made):
        await shop.rebuilt()
    await shop.projecting.pool.execute(
        "update read.checkpoints set position = position - 1 where view = $1 and generation = 1", NAME
    )
    with pytest.raises(NotThereYet):
        await shop.switch_to(1)
    assert await shop.state() == {1: "KEPT", 2: "LIVE"}


async def test_one_whose_documents_are_behind_is_not_switched_to(shop: Shop) -> None:
    async with working(shop.floor.made):
        await shop.rebuilt()
    documents = shop.projecting.documents_of(TableView(VIEW, 1))
    assert documents is not None
    (held,) = await documents.checkpoints()
    assert held is not None
    await shop.projecting.redis.set(documents._shard_keys(0)[0], held - 1)
    with pytest.raises(NotThereYet):
        await shop.switch_to(1)
    await shop.projecting.redis.delete(documents._shard_keys(0)[0])
    assert await shop.switch_to(1)


async def test_what_is_pruned_is_gone_from_both_stores_and_its_number_is_not_used_again(shop: Shop) -> None:
    async with working(shop.floor.made):
        await shop.rebuilt()
        assert await shop.keys(1)
        assert await shop.prune(still_read_s=60) == []
        assert await shop.prune() == [1]
        assert await shop.state() == {1: "PRUNED", 2: "LIVE"}
        assert await shop.tables() == {f"{NAME}__2"}
        assert await shop.keys(1) == []
        assert await shop.keys(2)
        assert await shop.rebuilt() == 3
        receipt = await shop.floor.send(registration())
        found = await shop.reads.get(VIEW, receipt.aggregate_id, Wanted(version=1, wait_s=10))
        assert isinstance(found, Found)
        assert await assert_views_equal_a_replay(shop.floor.made) > 0


async def test_pruning_that_ended_half_way_is_finished_by_whoever_tends(shop: Shop) -> None:
    async with working(shop.floor.made):
        await shop.rebuilt()
        await shop.choose()
        await until(lambda: is_gone(shop))
    assert await shop.keys(1) == []


async def test_what_no_worker_builds_any_more_is_pruned_but_not_while_there_are_none(shop: Shop) -> None:
    """A deployment was taken back: its definition is that of no running worker."""
    abandoned = replace(VIEW, revision=VIEW.revision + 1)
    async with shop.projecting.pool.acquire() as connection, connection.transaction():
        await generations.create(connection, abandoned, generations.BUILDING)
    assert await shop.prune() == [], "whoever builds it may be about to start"
    async with working(shop.floor.made):
        await until(lambda: _is_projected(shop))
        assert await shop.prune(still_read_s=60) == [], "it is too new"
        lease = "update read.checkpoints set lease_until = clock_timestamp() + $3 where view = $1 and generation = $2"
        await shop.projecting.pool.execute(lease, NAME, 2, timedelta(minutes=1))
        assert await shop.prune() == [], "a worker of that version is at it"
        await shop.projecting.pool.execute(lease, NAME, 2, -timedelta(minutes=1))
        assert await shop.prune() == [2]
        assert await shop.state() == {1: "LIVE", 2: "PRUNED"}
        assert await shop.rebuilt() == 3


async def _is_projected(shop: Shop) -> bool:
    leased = "select count(*) from read.checkpoints where view = $1 and lease_until > clock_timestamp()"
    return bool(await shop.stores.pool.fetchval(leased, NAME))


async def is_gone(shop: Shop) -> bool:
    done = "select pruned_at is not null from read.generations where view = $1 and generation = 1"
    return await shop.tables() == {f"{NAME}__2"} and bool(await shop.stores.pool.fetchval(done, NAME))


async def test_a_worker_of_what_is_pruned_stops_no_other(shop: Shop) -> None:
    """Statements of the pruned table are prepared by now, and name others besides."""
    async with working(shop.floor.made):
        await shop.rebuilt()
        for _ in range(3):
            await shop.floor.send(registration())
        assert await shop.prune() == [1]
        receipt = await shop.floor.send(registration())
        reached = await shop.reads.reach(order_details.VIEW, Wanted(position=receipt.position, wait_s=10))
        assert not isinstance(reached, Behind)
        reached = await shop.reads.reach(VIEW, Wanted(position=receipt.position, wait_s=10))
        assert not isinstance(reached, Behind)


class TestComparing:
    async def test_equal_generations_do_not_differ(self, shop: Shop) -> None:
        async with working(shop.floor.made):
            await shop.rebuilt(order_details.VIEW)
        compared = await comparison(shop, order_details.VIEW)
        assert compared.rows == compared.documents > 0
        assert (compared.different, compared.undecided, compared.differences) == (0, 0, [])

    async def test_what_was_wrong_in_the_live_one_is_named_and_gone(self, shop: Shop) -> None:
        async with working(shop.floor.made):
            await until(lambda: is_at_head(shop))
            await corrupt(shop)
            await shop.rebuilt()
            compared = await comparison(shop)
            assert compared.undecided == 0
            tables = [each for each in compared.differences if each.store != "redis"]
            assert [(each.store, each.columns) for each in tables] == [(f"read.{NAME}__2", ["name"])]
            assert await assert_views_equal_a_replay(shop.floor.made) > 0

    async def test_who_only_checks_switches_to_nothing(self, shop: Shop) -> None:
        async with working(shop.floor.made):
            await until(lambda: is_at_head(shop))
            await corrupt(shop)
            await rebuilding.begin(shop.projecting.pool, VIEW, only_checked=True)
            await until(lambda: is_compared(shop))
            await asyncio.sleep(0.5)
            assert await shop.state() == {1: "LIVE", 2: "READY"}
            assert (await comparison(shop)).different == 1
            assert await rebuilding.begin(shop.projecting.pool, VIEW) == 2
            await until(lambda: shop.is_live(VIEW, 2))

    async def test_what_was_only_checked_is_pruned(self, shop: Shop) -> None:
        async with working(shop.floor.made):
            await rebuilding.begin(shop.projecting.pool, VIEW, only_checked=True)
            await until(lambda: is_compared(shop))
            assert await shop.prune(still_read_s=60) == [2]
            assert await shop.state() == {1: "LIVE", 2: "PRUNED"}


async def corrupt(shop: Shop) -> None:
    """One row of the live table is not what the log says, and nobody has noticed."""
    one = await shop.floor.db.fetchval(f"select customer_id from read.{NAME}__1 limit 1")
    await shop.floor.db.execute(f"update read.{NAME}__1 set name = 'Nobody' where customer_id = $1", one)


async def is_at_head(shop: Shop) -> bool:
    head = await shop.floor.side.head()
    return bool(await shop.stores.pool.fetchval("select min(position) >= $1 from read.checkpoints", head))


async def is_compared(shop: Shop) -> bool:
    return (await shop.state()).get(2) == "READY"


async def comparison(shop: Shop, view: View[Any] = VIEW) -> Comparison:
    (found,) = [each for each in await progress(shop.stores.pool, [(view.name, 2)]) if each.view == view.name]
    assert found.comparison is not None
    return found.comparison


class TestReading:
    async def test_what_was_never_live_answers_nobody(self, shop: Shop) -> None:
        """The tables are there and empty: by id it is behind, and so are lists, whatever they were asked."""
        reads, table = shop.reads, shop.reads.table(VIEW)
        receipt = await shop.floor.send(registration())
        reads.serve(table, shop.stores.documents[NAME], answers=False)
        assert isinstance(await reads.get(VIEW, receipt.aggregate_id, Wanted()), Behind)
        assert isinstance(await reads.get_many(VIEW, [receipt.aggregate_id], Wanted()), Behind)
        assert isinstance(await reads.reach(VIEW, Wanted()), Behind)
        assert isinstance(await reads.listed((VIEW,), Wanted(), never), Behind)
        assert reads.building == {NAME}

    async def test_who_waits_for_a_view_that_is_built_is_answered_when_it_is(self, shop: Shop) -> None:
        async with working(shop.floor.made):
            receipt = await shop.floor.send(registration())
            shop.reads.serve(shop.reads.table(VIEW), shop.stores.documents[NAME], answers=False)
            found = await shop.reads.get(VIEW, receipt.aggregate_id, Wanted(version=1, wait_s=20))
            assert isinstance(found, Found)
            assert found.stored is not None

    async def test_a_list_under_way_at_the_switch_is_read_again(self, shop: Shop) -> None:
        """It was checked in one generation and would be read in the other, of which nobody knows how far it is."""
        async with working(shop.floor.made):
            receipt = await shop.floor.send(registration())
            await shop.reads.reach(VIEW, Wanted(position=receipt.position, wait_s=20))
        reads, seen = shop.reads, list[int]()

        async def read() -> int:
            seen.append(reads.table(VIEW).generation)
            if len(seen) == 1:
                reads.serve(reads.table(VIEW), shop.stores.documents[NAME])
            return len(seen)

        found = await reads.listed((VIEW,), Wanted(position=receipt.position), read)
        assert not isinstance(found, Behind)
        assert found.found == 2

    async def test_a_checkpoint_of_one_generation_does_not_vouch_for_another(self, shop: Shop) -> None:
        async with working(shop.floor.made):
            receipt = await shop.floor.send(registration())
            await shop.reads.reach(VIEW, Wanted(position=receipt.position, wait_s=20))
            await shop.rebuilt()
        await shop.projecting.pool.execute(
            "update read.checkpoints set position = $2 where view = $1 and generation = 1", NAME, receipt.position - 1
        )
        assert not isinstance(await shop.reads.listed((VIEW,), Wanted(position=receipt.position), never), Behind)
        shop.reads.serve(TableView(VIEW, 1), None)
        assert isinstance(await shop.reads.listed((VIEW,), Wanted(position=receipt.position), never), Behind)

    async def test_a_process_does_not_change_over_to_what_is_behind_what_it_has_shown(self, shop: Shop) -> None:
        async with working(shop.floor.made):
            await shop.rebuilt()
        pool, reads = shop.projecting.pool, shop.reads
        watch = GenerationWatch(shop.stores.pool, [VIEW], reads, shop.stores.documents_of)
        reads.serve(TableView(VIEW, 1), shop.stores.documents_of(TableView(VIEW, 1)))
        await pool.execute(
            "update read.checkpoints set position = position + 1 where view = $1 and generation = 1", NAME
        )
        assert not await watch.look()
        assert reads.table(VIEW).generation == 1
        await pool.execute(
            "update read.checkpoints set position = position + 1 where view = $1 and generation = 2", NAME
        )
        assert await watch.look()
        assert reads.table(VIEW).generation == 2

    async def test_what_is_cached_of_one_life_is_not_shown_in_another(self, shop: Shop) -> None:
        before = shop.reads.life
        shop.reads.serve(shop.reads.table(VIEW), shop.stores.documents[NAME])
        assert shop.reads.life != before


async def never() -> int:
    return 0


class TestServed:
    async def test_code_reads_the_live_generation_of_its_definition_or_the_last_that_was(self, shop: Shop) -> None:
        """A new definition comes: the old code goes on with what it has, the new waits for what is being built."""
        changed = replace(VIEW, revision=VIEW.revision + 1)
        async with asyncpg.create_pool(shop.floor.made.database_url, min_size=1, max_size=1) as owner:
            async with owner.acquire() as connection:
                assert await generations.create_missing(connection, [changed]) == [f"read.{NAME}__2"]
            there = await generations.known(owner)
            old, new = generations.served(VIEW, there), generations.served(changed, there)
            assert old is not None
            assert new is not None
            assert ((old.number, old.answers), (new.number, new.answers)) == ((1, True), (2, False))
            await owner.execute(
                "update read.generations set state = 'KEPT', superseded_at = now() where view = $1 and generation = 1",
                NAME,
            )
            await owner.execute(
                "update read.generations set state = 'LIVE', activated_at = now() where view = $1 and generation = 2",
                NAME,
            )
            there = await generations.known(owner)
            old, new = generations.served(VIEW, there), generations.served(changed, there)
            assert old is not None
            assert new is not None
            assert ((old.number, old.answers), (new.number, new.answers)) == ((1, True), (2, True))
            async with owner.acquire() as connection:
                assert await generations.create_missing(connection, [VIEW]) == []
                assert await generations.go_back(connection, [VIEW]) == [f"read.{NAME}__1"]
                assert await generations.go_back(connection, [VIEW]) == []
            assert await shop.state() == {1: "READY", 2: "LIVE"}
        async with working(shop.floor.made):
            await until(lambda: shop.is_live(VIEW, 1))
        assert await shop.state() == {1: "LIVE", 2: "KEPT"}
