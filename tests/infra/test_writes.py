"""Moving many shards together, with what they write: all that are ours, and none of those that are not."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from app import registry
from app.infra import writes as writes_module
from app.infra.db import PROJECTION_ROLE, TRANSIENT, Pool, open_pool
from app.infra.embedded import Servers
from app.infra.leases import Lease, Leases, ShardId
from app.infra.table_views import Fenced, Progress, TableView
from app.infra.tables import Stored
from app.infra.writes import Writes
from app.kernel.view import Key
from tests.infra import tally
from tests.infra.stores import A, B, movers
from tests.infra.tally import REMEMBERED, VIEW, Tally, Workshop, merged, row, workshops
from tests.support.installation import installation

TABLES = {view.name: TableView(view, 1) for view in registry.VIEWS}
SHARDS = [ShardId(view.name, 1, shard) for view in registry.VIEWS for shard in range(view.shards)]


@pytest.fixture(scope="module")
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    async with (
        installation(servers) as made,
        await open_pool(made.database_url, PROJECTION_ROLE, size=8) as pool,
    ):
        yield pool


@pytest.fixture
async def leases(pool: Pool) -> list[Lease]:
    """Every shard, at the beginning of the log and in one hand."""
    await pool.execute("update read.checkpoints set lease_until = null, position = 0, head = 0, caught_up_at = null")
    taken = [await Leases(pool, "a").acquire(shard_id) for shard_id in SHARDS]
    return [lease for lease in taken if lease is not None]


def progress(lease: Lease, start: int, upto: int, head: int = 9) -> Progress:
    return Progress(lease.shard_id.shard, lease.epoch, start, upto, head, None)


async def moved(writes: Writes, asked: Sequence[tuple[Lease, Progress]]) -> list[ShardId]:
    """Which of these were moved; the others were fenced."""
    waiting = [writes.write(TABLES[lease.shard_id.view], to) for lease, to in asked]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(answer is None or isinstance(answer, Fenced) for answer in answers), answers
    return [lease.shard_id for (lease, _), answer in zip(asked, answers, strict=True) if answer is None]


async def checkpoints(pool: Pool) -> dict[ShardId, Any]:
    rows = await pool.fetch("select view, generation, shard, position, head, caught_up_at, xmin from read.checkpoints")
    return {ShardId(row["view"], row["generation"], row["shard"]): row for row in rows}


async def test_all_are_moved_in_one_transaction_and_those_in_redis_in_another(pool: Pool, leases: list[Lease]) -> None:
    assert await moved(Writes(pool), [(lease, progress(lease, 0, 9)) for lease in leases]) == SHARDS
    found = await checkpoints(pool)
    assert {(row["position"], row["head"]) for row in found.values()} == {(9, 9)}
    for in_redis in (True, False):
        assert len({row["xmin"] for at, row in found.items() if TABLES[at.view].view.in_redis is in_redis}) == 1
    assert all(row["caught_up_at"] is not None for row in found.values())


async def test_each_goes_its_own_way(pool: Pool, leases: list[Lease]) -> None:
    asked = [(lease, progress(lease, 0, upto, head=12)) for upto, lease in enumerate(leases, 1)]
    await moved(Writes(pool), asked)
    found = await checkpoints(pool)
    assert [found[shard_id]["position"] for shard_id in SHARDS] == list(range(1, len(SHARDS) + 1))
    assert [found[shard_id]["caught_up_at"] is not None for shard_id in SHARDS] == [
        n >= 12 for n, _ in enumerate(SHARDS, 1)
    ]


async def test_exactly_the_dead_are_fenced(pool: Pool, leases: list[Lease]) -> None:
    """Every third was taken over by another worker, every fifth stands elsewhere than its loop thinks."""
    taken, elsewhere = set(SHARDS[::3]), set(SHARDS[1::5])
    for lease in leases:
        place = (lease.shard_id.view, lease.shard_id.shard)
        if lease.shard_id in taken:
            await pool.execute("update read.checkpoints set epoch = epoch + 1 where view = $1 and shard = $2", *place)
        if lease.shard_id in elsewhere:
            await pool.execute("update read.checkpoints set position = 5 where view = $1 and shard = $2", *place)
    alive = [shard_id for shard_id in SHARDS if shard_id not in taken | elsewhere]
    assert 2 < len(alive) < len(SHARDS) - 4
    assert await moved(Writes(pool), [(lease, progress(lease, 0, 9)) for lease in leases]) == alive
    found = await checkpoints(pool)
    assert {shard_id for shard_id in SHARDS if found[shard_id]["position"] == 9} == set(alive)


async def test_a_shard_is_moved_once(pool: Pool, leases: list[Lease]) -> None:
    writes, asked = Writes(pool), [(lease, progress(lease, 0, 9)) for lease in leases]
    assert await moved(writes, asked) == SHARDS
    assert await moved(writes, asked) == []


@asynccontextmanager
async def held_up(pool: Pool) -> AsyncIterator[None]:
    """Whoever comes meanwhile gets as far as the middle shard, and waits there with what it has locked."""
    middle = sorted(SHARDS, key=lambda shard_id: (shard_id.view, shard_id.shard))[len(SHARDS) // 2]
    async with pool.acquire() as holding, holding.transaction():
        await holding.execute(
            "select 1 from read.checkpoints where view = $1 and shard = $2 for update", middle.view, middle.shard
        )
        yield
        await asyncio.sleep(0.2)


async def test_nobody_waits_for_a_checkpoint_that_is_locked_but_its_own_shard(pool: Pool, leases: list[Lease]) -> None:
    held, writes = SHARDS[len(SHARDS) // 2], Writes(pool)
    async with pool.acquire() as other:
        async with other.transaction():
            await other.execute("select from read.checkpoints where view = $1 and shard = $2 for update", *_at(held))
            going = {
                lease.shard_id: asyncio.create_task(writes.write(TABLES[lease.shard_id.view], progress(lease, 0, 9)))
                for lease in leases
            }
            await asyncio.wait_for(asyncio.gather(*(going[each] for each in SHARDS if each != held)), 20)
            assert not going[held].done()
            again = {each.shard_id: each for each in leases if each.shard_id != held}
            assert await moved(writes, [(each, progress(each, 9, 10)) for each in again.values()]) == list(again)
        await asyncio.wait_for(going[held], 20)
    found = await checkpoints(pool)
    assert {shard_id: row["position"] for shard_id, row in found.items()} == dict.fromkeys(SHARDS, 10) | {held: 9}


def _at(shard_id: ShardId) -> tuple[str, int]:
    return shard_id.view, shard_id.shard


async def test_two_who_move_the_same_shards_in_any_order_do_not_wait_for_each_other(
    pool: Pool, leases: list[Lease]
) -> None:
    asked = [(lease, progress(lease, 0, 9)) for lease in leases]
    async with held_up(pool):
        moving = [asyncio.create_task(moved(Writes(pool), order)) for order in (asked, asked[::-1])]
    one, other = [await task for task in moving]
    assert sorted(one + other, key=str) == sorted(SHARDS, key=str)


async def test_leases_are_renewed_while_their_shards_are_moved(pool: Pool, leases: list[Lease]) -> None:
    renewing = Leases(pool, "a")
    async with held_up(pool):
        moving = asyncio.create_task(moved(Writes(pool), [(lease, progress(lease, 0, 9)) for lease in leases]))
        renewals = asyncio.gather(*(renewing.renew(lease, head=9) for lease in reversed(leases)))
    assert await moving == SHARDS
    assert all(await renewals)


async def test_a_move_prolongs_the_lease_unless_it_was_given_back(pool: Pool, leases: list[Lease]) -> None:
    kept, given_back = leases[0], leases[1]
    await pool.execute("update read.checkpoints set lease_until = clock_timestamp() + interval '1 ms'")
    await Leases(pool, "a").release(given_back)
    assert await moved(Writes(pool), [(lease, progress(lease, 0, 9)) for lease in (kept, given_back)]) == SHARDS[:2]
    await asyncio.sleep(0.01)
    assert await Leases(pool, "b").acquire(kept.shard_id) is None
    assert await Leases(pool, "b").acquire(given_back.shard_id) is not None


async def test_a_statement_that_names_a_dropped_table_is_used_once_more_at_most(servers: Servers) -> None:
    """It serves for fewer tables than it names, so others would go on failing with it, each to go alone."""
    sales, cities, gone = TABLES["sales"], TABLES["orders_by_city"], TABLES["order_contents"]
    async with installation(servers) as made, await open_pool(made.database_url, PROJECTION_ROLE, size=2) as pool:
        writes = Writes(pool)
        writes._passing.over({sales, cities, gone})
        await pool.execute(f"drop table {gone.table}")
        asked = []
        for table in (sales, cities):
            lease = await Leases(pool, "a").acquire(ShardId(table.view.name, 1, 0))
            assert lease is not None
            asked.append(table.write(progress(lease, 0, 9), [b"{}"], []))
        with pytest.raises(asyncpg.NotNullViolationError):
            await writes._all(asked, writes._passing)
        assert set(writes._passing.over({sales, cities})[0]) == {sales, cities}


async def test_a_database_that_is_away_is_everybodys_trouble(leases: list[Lease]) -> None:
    async with asyncpg.create_pool(dsn=None, min_size=0, max_size=1, host="/nowhere") as nowhere:
        writes = Writes(nowhere)
        waiting = [writes.write(TABLES[lease.shard_id.view], progress(lease, 0, 9)) for lease in leases]
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {isinstance(answer, TRANSIENT) for answer in answers} == {True}


FLAT = [replace(view, name=f"{view.name}_{n}", documents=False) for n in range(3) for view in (VIEW, REMEMBERED)]
"""Views that go in one statement, every second with entities."""


@pytest.fixture(scope="module")
async def built(servers: Servers) -> AsyncIterator[list[Workshop]]:
    async with installation(servers) as made, workshops(made, *FLAT) as shop_floors:
        yield list(shop_floors.values())


@pytest.fixture
async def floors(built: list[Workshop]) -> list[Workshop]:
    for floor in built:
        await floor.clear()
    return built


class Hand:
    """A shard in somebody's hand, and what is written of it."""

    def __init__(self, floor: Workshop, lease: Lease) -> None:
        self.floor, self.lease = floor, lease

    async def write(
        self, writes: Writes, start: int, upto: int, rows: Mapping[Key, Stored[Any]], *, hurried: bool = False
    ) -> None:
        table, entities = self.floor.table, movers(dict(rows))
        beneath = [*map(table.entities.document, entities.values())] if table.entities else []
        progress, documents = tally.progress(self.lease, start, upto), [*map(table.document, rows.values())]
        await writes.write(table, progress, documents, beneath, hurried=hurried)

    async def contents(self) -> tuple[int, Any, Any]:
        """The checkpoint, the rows and the entities."""
        entities = await self.floor.entities() if self.floor.table.entities else {}
        return await self.floor.checkpoint(), await self.floor.rows(), entities


def expected(hand: Hand, upto: int, rows: Mapping[Key, Stored[Any]]) -> tuple[int, Any, Any]:
    return upto, rows, movers(dict(rows)) if hand.floor.table.entities else {}


async def hired(floors: Sequence[Workshop], owner: str = "a") -> list[Hand]:
    return [Hand(floor, await floor.hire(owner)) for floor in floors]


async def test_what_somebody_waits_for_does_not_wait_for_what_nobody_does(floors: list[Workshop]) -> None:
    (one, *others), writes = await hired(floors), Writes(floors[0].pool)
    connection = await asyncpg.connect(floors[0].made.database_url)
    async with connection.transaction():
        await connection.execute(f"lock table {others[0].floor.table.table} in exclusive mode")
        going = [asyncio.create_task(hand.write(writes, 0, 3, row(A, 3))) for hand in others]
        await asyncio.sleep(0)
        await asyncio.wait_for(one.write(writes, 0, 3, row(A, 3), hurried=True), 20)
        assert not any(each.done() for each in going)
    await asyncio.gather(*going)
    await connection.close()


async def test_rows_entities_and_checkpoints_of_many_views_are_written_in_one_transaction(
    floors: list[Workshop],
) -> None:
    hands, writes = await hired(floors), Writes(floors[0].pool)
    for start, upto, rows in ((0, 5, row(A, 3)), (5, 9, merged([row(A, 3, 6), row(B, 9)]))):
        await asyncio.gather(*(hand.write(writes, start, upto, rows) for hand in hands))
        assert [await hand.contents() for hand in hands] == [expected(hand, upto, rows) for hand in hands]
        transactions = await floors[0].pool.fetch(
            "select distinct xmin from read.checkpoints where view = any($1)", [view.name for view in FLAT]
        )
        assert len(transactions) == 1


@pytest.mark.parametrize("lost", range(len(FLAT)))
async def test_one_that_was_taken_over_writes_nothing_and_stops_no_other(floors: list[Workshop], lost: int) -> None:
    hands, writes = await hired(floors), Writes(floors[0].pool)
    await floors[lost].hire("b")
    answers = await asyncio.gather(*(hand.write(writes, 0, 5, row(A, 3)) for hand in hands), return_exceptions=True)
    assert [isinstance(answer, Fenced) for answer in answers] == [n == lost for n in range(len(FLAT))]
    for n, hand in enumerate(hands):
        assert await hand.contents() == ((0, {}, {}) if n == lost else expected(hand, 5, row(A, 3)))


@pytest.mark.parametrize("broken", range(len(FLAT)))
async def test_one_that_cannot_be_written_fails_alone(floors: list[Workshop], broken: int) -> None:
    hands, writes = await hired(floors), Writes(floors[0].pool)
    nobody: dict[Key, Stored[Any]] = {A: Stored(Tally(customer_id=None, positions=(1,)), 1, 1)}  # type: ignore[arg-type]
    asked = [hand.write(writes, 0, 5, nobody if n == broken else row(A, 3)) for n, hand in enumerate(hands)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        asyncpg.NotNullViolationError if n == broken else type(None) for n in range(len(FLAT))
    ]
    for n, hand in enumerate(hands):
        assert await hand.contents() == ((0, {}, {}) if n == broken else expected(hand, 5, row(A, 3)))


@pytest.mark.parametrize("first", ["the dead", "the living"])
async def test_what_a_dead_loop_of_the_same_process_asked_for_is_not_written_with_its_followers(
    floors: list[Workshop], first: str
) -> None:
    (dead,), (alive,) = await hired(floors[:1]), await hired(floors[:1])
    writes = Writes(floors[0].pool)
    asked = [dead.write(writes, 0, 5, row(B, 3)), alive.write(writes, 0, 5, row(A, 3))]
    answers = await asyncio.gather(*(asked if first == "the dead" else asked[::-1]), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Fenced, type(None)}
    assert await alive.contents() == expected(alive, 5, row(A, 3))


async def test_a_write_that_is_large_waits_for_nobody(floors: list[Workshop], monkeypatch: pytest.MonkeyPatch) -> None:
    hands, writes = await hired(floors[:2]), Writes(floors[0].pool)
    monkeypatch.setattr(writes_module, "_MOST_BYTES", 100)
    many = row(B, *range(1, 100))
    async with floors[0].pool.acquire() as holding, holding.transaction():
        await holding.execute("select 1 from read.checkpoints where view = $1 for update", hands[0].floor.view.name)
        held = asyncio.create_task(hands[0].write(writes, 0, 5, row(A, 3)))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(hands[1].write(writes, 0, 100, many), 5)
        assert not held.done()
    await held
    assert await hands[1].contents() == expected(hands[1], 100, many)


def test_statements_serve_for_fewer_tables_and_are_few() -> None:
    places = [table for view in FLAT for table in TableView(view, 1).tables]
    statements = writes_module._Statements(patient=True)
    order, whole = statements.over(places)
    assert set(order) == set(places)
    assert statements.over(places[: len(places) * 2 // 3]) == (order, whole)
    few, short = statements.over(places[:1])
    assert (few, len(short) < len(whole)) == (places[:1], True)
    for n in range(200):
        chosen = [place for bit, place in enumerate(places) if n >> bit & 1]
        assert set(statements.over(chosen)[0]) >= set(chosen)
    assert len(statements._known) <= writes_module._KEPT_STATEMENTS
