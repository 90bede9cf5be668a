"""Leases: one owner a shard, an epoch that only grows, and a shard that is never without somebody for long."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.infra import leases as leases_module
from app.infra.db import PROJECTION_ROLE, Pool, open_pool
from app.infra.embedded import Servers
from app.infra.leases import Lease, Leases, ShardId, _place
from tests.support.installation import installation

SHARD = ShardId("product", 1, 0)
OTHER = ShardId("product", 1, 1)


@pytest.fixture(scope="module")
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    async with (
        installation(servers) as made,
        await open_pool(made.database_url, PROJECTION_ROLE, size=8) as pool,
    ):
        yield pool


@pytest.fixture(autouse=True)
async def _nobody_owns_anything(pool: Pool) -> None:
    await pool.execute("update read.checkpoints set lease_until = null, owner = null")


async def taken(pool: Pool, owner: str, shard_id: ShardId = SHARD) -> Lease:
    lease = await Leases(pool, owner).acquire(shard_id)
    assert lease is not None
    return lease


async def run_out(pool: Pool) -> None:
    await pool.execute("update read.checkpoints set lease_until = clock_timestamp() - interval '1 ms'")


async def owner_of(pool: Pool, shard_id: ShardId = SHARD) -> str | None:
    query = "select owner from read.checkpoints where view = $1 and generation = $2 and shard = $3"
    found: str | None = await pool.fetchval(query, shard_id.view, shard_id.generation, shard_id.shard)
    return found


async def test_of_twenty_who_ask_at_once_one_gets_it(pool: Pool) -> None:
    asked = await asyncio.gather(*(Leases(pool, f"worker {n}").acquire(SHARD) for n in range(20)))
    assert sum(lease is not None for lease in asked) == 1


async def test_shards_are_leased_one_by_one(pool: Pool) -> None:
    await taken(pool, "a")
    await taken(pool, "b", OTHER)
    assert await Leases(pool, "c").acquire(SHARD) is None
    unowned = await Leases(pool, "c").unowned()
    assert {SHARD, OTHER}.isdisjoint(unowned)
    assert ShardId("order_summary", 1, 0) in unowned


async def test_a_shard_that_does_not_exist_is_nobodys(pool: Pool) -> None:
    assert await Leases(pool, "a").acquire(ShardId("product", 1, 2)) is None


async def test_the_epoch_grows_with_every_owner(pool: Pool) -> None:
    epochs = []
    for owner in "abc":
        lease = await taken(pool, owner)
        epochs.append(lease.epoch)
        await (run_out(pool) if owner == "b" else Leases(pool, owner).release(lease))
    assert epochs == [epochs[0], epochs[0] + 1, epochs[0] + 2]


async def test_a_lease_tells_where_the_flat_table_stands(pool: Pool) -> None:
    await pool.execute("update read.checkpoints set position = 17 where view = 'product' and shard = 0")
    assert (await taken(pool, "a")).position == 17


async def test_a_lease_that_ran_out_is_anyones_and_the_old_owner_learns_of_it(pool: Pool) -> None:
    old = await taken(pool, "a")
    await run_out(pool)
    assert await Leases(pool, "a").renew(old, head=0), "nobody has taken it: it may go on"
    await run_out(pool)
    new = await taken(pool, "b")
    assert not await Leases(pool, "a").renew(old, head=0)
    assert await Leases(pool, "b").renew(new, head=0)


async def test_a_lease_runs_out_by_the_databases_clock(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases_module, "TTL", timedelta(milliseconds=80))
    await taken(pool, "a")
    while (lease := await Leases(pool, "b").acquire(SHARD)) is None:  # noqa: ASYNC110 - the clock does not tell
        await asyncio.sleep(0.01)
    assert await owner_of(pool) == "b"
    assert lease.shard_id == SHARD


async def test_a_renewal_prolongs_the_lease(pool: Pool) -> None:
    lease, until = await taken(pool, "a"), "select lease_until from read.checkpoints where owner = 'a'"
    for _ in range(3):
        before = await pool.fetchval(until)
        assert await Leases(pool, "a").renew(lease, head=0)
        assert await pool.fetchval(until) > before


async def test_all_leases_of_a_worker_are_renewed_together_and_exactly_the_lost_ones_are_told(pool: Pool) -> None:
    leases = [await taken(pool, "a", shard_id) for shard_id in await Leases(pool, "a").unowned()]
    lost, gone_back = leases[::3], leases[1::3]
    for lease in lost:
        view, _, shard = place = _place(lease.shard_id)
        await pool.execute("update read.checkpoints set lease_until = null where view = $1 and shard = $2", view, shard)
        assert await Leases(pool, "b").acquire(ShardId(*place))
    ours = Leases(pool, "a")
    asked = [ours.renew(each, head=0, position=each.position + (each in gone_back)) for each in leases]
    answers = await asyncio.gather(*asked)
    assert answers == [each not in lost + gone_back for each in leases]
    renewed = [each.shard_id for each, answer in zip(leases, answers, strict=True) if answer]
    assert len(renewed) > 2
    rows = await pool.fetch("select view, generation, shard, xmin from read.checkpoints")
    found = {ShardId(row["view"], row["generation"], row["shard"]): row["xmin"] for row in rows}
    (together,) = {found[shard_id] for shard_id in renewed}
    assert {shard_id for shard_id, by in found.items() if by == together} == set(renewed)


async def test_a_row_that_somebody_has_locked_holds_up_no_other_renewal(pool: Pool) -> None:
    ours, until = Leases(pool, "a"), "select lease_until from read.checkpoints where view = $1 and shard = $2"
    leases = [await taken(pool, "a", shard_id) for shard_id in await ours.unowned()]
    locked, free = leases[0].shard_id, leases[1].shard_id
    before = await pool.fetchval(until, free.view, free.shard)
    async with pool.acquire() as connection, connection.transaction():
        lock = "select from read.checkpoints where view = $1 and shard = $2 for update"
        await connection.execute(lock, locked.view, locked.shard)
        async with asyncio.timeout(5):
            assert all(await asyncio.gather(*(ours.renew(each, head=0) for each in leases)))
            lost = Lease(locked, leases[0].epoch - 1, leases[0].position)
            assert not await ours.renew(lost, head=0)
    assert await pool.fetchval(until, free.view, free.shard) > before


async def test_a_loop_is_told_when_its_shard_does_not_stand_where_it_left_it(pool: Pool) -> None:
    lease = await taken(pool, "a")
    await pool.execute("update read.checkpoints set position = 17 where view = 'product' and shard = 0")
    assert await Leases(pool, "a").renew(lease, head=20, position=17)
    assert not await Leases(pool, "a").renew(lease, head=20, position=18)


async def test_a_released_lease_is_free_at_once_and_a_late_release_takes_it_from_nobody(pool: Pool) -> None:
    old = await taken(pool, "a")
    await Leases(pool, "a").release(old)
    assert SHARD in await Leases(pool, "c").unowned()
    await taken(pool, "b")
    await Leases(pool, "a").release(old)
    assert await owner_of(pool) == "b"
    assert await Leases(pool, "c").acquire(SHARD) is None


async def test_a_loop_that_fails_behind_the_head_is_not_said_to_have_caught_up(pool: Pool) -> None:
    lease = await taken(pool, "a")
    await pool.execute(
        "update read.checkpoints set position = 3, head = 5, caught_up_at = null where view = 'product' and shard = 0"
    )
    failing = "select state, error, caught_up_at from read.checkpoints where view = 'product' and shard = 0"
    assert await Leases(pool, "a").renew(lease, head=0, state="FAILING", error="broken")
    assert [tuple(row) for row in await pool.fetch(failing)] == [("FAILING", "broken", None)]
    await pool.execute("update read.checkpoints set position = 5 where view = 'product' and shard = 0")
    assert await Leases(pool, "a").renew(lease, head=5)
    (row,) = await pool.fetch(failing)
    assert (row["state"], row["error"]) == ("RUNNING", None)
    assert row["caught_up_at"] is not None
