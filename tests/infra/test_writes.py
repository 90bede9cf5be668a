"""Moving the checkpoints of many shards together: all that are ours, and none of those that are not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from app import registry
from app.infra.db import PROJECTION_ROLE, TRANSIENT, Pool, open_pool
from app.infra.embedded import Servers
from app.infra.leases import Lease, Leases, ShardId
from app.infra.table_views import Fenced, Progress, TableView
from app.infra.writes import Writes
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


async def test_all_are_moved_in_one_transaction(pool: Pool, leases: list[Lease]) -> None:
    assert await moved(Writes(pool), [(lease, progress(lease, 0, 9)) for lease in leases]) == SHARDS
    found = (await checkpoints(pool)).values()
    assert {(row["position"], row["head"]) for row in found} == {(9, 9)}
    assert len({row["xmin"] for row in found}) == 1
    assert all(row["caught_up_at"] is not None for row in found)


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


async def test_a_database_that_is_away_is_everybodys_trouble(leases: list[Lease]) -> None:
    async with asyncpg.create_pool(dsn=None, min_size=0, max_size=1, host="/nowhere") as nowhere:
        writes = Writes(nowhere)
        waiting = [writes.write(TABLES[lease.shard_id.view], progress(lease, 0, 9)) for lease in leases]
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {isinstance(answer, TRANSIENT) for answer in answers} == {True}
