"""A worker's shards: handed over when their time is up, given back at the end, kept through a long restore."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app import bootstrap
from app.infra import folding, log_tail, redis_views
from app.infra import leases as leases_module
from app.infra.embedded import Servers
from app.infra.leases import ShardId
from app.infra.log_tail import LogTail
from app.infra.redis_views import RedisView
from app.infra.writes import Writes
from tests.support.installation import Installation, installation
from tests.support.projecting import acquired, project, shards, worker
from tests.support.replay import assert_views_equal_a_replay, until_caught_up
from tests.write_model.floor import envelope, registration, until
from workers.jobs import shard as shard_module
from workers.jobs import shard_rows
from workers.jobs.context import WorkerContext
from workers.jobs.shard import ShardProjector

PROFILES = ShardId("customer_profile", 1, 0)


@pytest.fixture(scope="module")
async def made(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        await made.seed()
        yield made


async def owners(made: Installation) -> set[str | None]:
    connection = await asyncpg.connect(made.database_url)
    try:
        return {row["owner"] for row in await connection.fetch("select owner from read.checkpoints")}
    finally:
        await connection.close()


async def nobody(_: ShardId) -> None:
    return None


def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets shards look after their leases twenty times a second."""
    monkeypatch.setattr(log_tail, "SWEEP_S", 0.05)
    monkeypatch.setattr(shard_module, "RENEW_S", 0.05)


async def test_a_shard_is_handed_on_when_its_time_is_up_and_goes_on_elsewhere(made: Installation) -> None:
    """Two workers pass every shard to and fro; between them they bring all views to the end of the log."""
    ending = asyncio.Event()  # of the two one stops first, and must not be handed anything afterwards
    async with worker(made, "a", stint_s=0.05) as one, worker(made, "b", stint_s=0.05) as other:
        turns: dict[ShardId, int] = {}

        async def hand_on(shard_id: ShardId) -> None:
            turns[shard_id] = turns.get(shard_id, 0) + 1
            if ending.is_set():
                return
            taker = (one, other)[turns[shard_id] % 2]
            lease = await acquired(taker, shard_id)
            if ending.is_set():
                await taker.leases.release(lease)
            else:
                taker.start(lease, hand_on)

        for shard_id in shards(one):
            one.start(await acquired(one, shard_id), hand_on)
        await until_caught_up(made)
        await until(lambda: _all_took_turns(turns, len(list(shards(one)))))
        ending.set()
    assert await owners(made) <= {None, "a", "b"}


async def _all_took_turns(turns: dict[ShardId, int], number: int) -> bool:
    return len(turns) == number and min(turns.values()) >= 2


async def test_a_worker_that_ends_leaves_no_lease_behind(made: Installation) -> None:
    async with worker(made, "a") as context:
        for shard_id in shards(context):
            context.start(await acquired(context, shard_id), nobody)
        assert await owners(made) == {"a"}
    assert await owners(made) == {None}


async def test_a_loop_whose_lease_was_taken_ends_even_with_nothing_to_write(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await project(made)
    hasten(monkeypatch)
    async with worker(made, "a") as old, worker(made, "b") as new:
        old.start(await acquired(old, PROFILES), nobody)
        await old.pool.execute("update read.checkpoints set lease_until = null where view = 'customer_profile'")
        lease = await acquired(new, PROFILES)
        await until(lambda: _has_ended(old))
        assert await new.leases.renew(lease, head=0), "the loop that ended has taken nothing with it"
        await new.leases.release(lease)


async def _has_ended(context: WorkerContext) -> bool:
    return not context._running


async def test_a_loop_that_loses_a_cancellation_is_told_again(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()

    async def lose_one(*_: Any, **__: Any) -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            lost.set()
        await asyncio.sleep(600)

    monkeypatch.setattr(ShardProjector, "run", lose_one)
    async with worker(made, "a") as context:
        context.start(await acquired(context, PROFILES), nobody)
        await asyncio.sleep(0)
    assert lost.is_set()
    assert await owners(made) == {None}


async def test_a_restore_longer_than_a_lease_keeps_it(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise two workers would take the shard from each other for ever, and Redis would never be warm."""
    await project(made)
    async with bootstrap.open_redis(made.redis_url) as redis:
        await redis.flushall()
    monkeypatch.setattr(leases_module, "TTL", timedelta(seconds=2))
    hasten(monkeypatch)
    monkeypatch.setattr(redis_views, "_RESTORE_CHUNK", 1)
    restoring: list[Any] = []
    restore_chunk = RedisView._restore_chunk

    async def slowly(self: RedisView[Any], *chunk: Any) -> None:
        restoring.append(chunk)
        await asyncio.sleep(0.7)
        await restore_chunk(self, *chunk)

    monkeypatch.setattr(RedisView, "_restore_chunk", slowly)
    async with worker(made, "a") as slow, worker(made, "b") as rival:
        slow.start(await acquired(slow, PROFILES), nobody)
        while len(restoring) < 4:  # seeded customers: 0.7 s each, longer than the lease in sum
            assert await rival.leases.acquire(PROFILES) is None
            await asyncio.sleep(0.02)


async def test_a_view_that_fails_says_so_and_goes_on_when_it_is_mended(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await project(made)
    async with bootstrap.commands(made.settings) as side:
        await side.bus.dispatch(registration(), envelope())
    monkeypatch.setattr("workers.jobs.context._FAILING_PAUSE_S", 0)
    with monkeypatch.context() as broken:
        broken.setattr(shard_rows, "evolved", _break)
        async with worker(made, "a", parked_at_most=0) as context:
            context.start(await acquired(context, PROFILES), nobody)
            said = "TooManyDeadLetters: 0 aggregates are parked already, now RuntimeError('broken')"
            await until(lambda: _says(made, "FAILING", said))
    await project(made)
    assert await _says(made, "RUNNING", None)
    assert await assert_views_equal_a_replay(made) > 0


def _break(*_: Any) -> Any:
    raise RuntimeError("broken")


async def _says(made: Installation, state: str, error: str | None) -> bool:
    connection = await asyncpg.connect(made.database_url)
    try:
        query = "select state, error from read.checkpoints where view = 'customer_profile'"
        return [tuple(row) for row in await connection.fetch(query)] == [(state, error)]
    finally:
        await connection.close()


DETAILS = [ShardId("order_details", 1, shard) for shard in range(2)]


async def reset(made: Installation) -> None:
    """Every view has nothing yet."""
    connection = await asyncpg.connect(made.database_url)
    try:
        query = "select format('read.%I', tablename) as name from pg_tables where schemaname = 'read'"
        views = [row["name"] for row in await connection.fetch(query) if "__" in row["name"]]
        await connection.execute(f"truncate {', '.join(views)}")
        await connection.execute("update read.checkpoints set position = 0, head = 0, lease_until = null")
    finally:
        await connection.close()
    async with bootstrap.open_redis(made.redis_url) as redis:
        await redis.flushall()


def far_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets shards read alone, a few events at a time, what they do not remember for long."""

    async def never(*_: Any) -> None:
        return None

    monkeypatch.setattr(LogTail, "after", never)
    monkeypatch.setattr(log_tail, "BATCH", 3)
    monkeypatch.setattr(shard_rows, "_REMEMBERED_ROWS", 1)


async def test_shards_that_are_far_behind_fold_while_they_write_and_end_where_a_replay_does(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reset(made)
    folded_meanwhile, evolved = list[bool](), folding.evolved
    writing, write = set[tuple[str, int]](), Writes.write

    def noted_fold(view: Any, *rest: Any) -> Any:
        folded_meanwhile.append(any(name == view.name for name, _ in writing))
        return evolved(view, *rest)

    async def noted_write(self: Writes, table: Any, progress: Any, *documents: Any, hurried: bool) -> None:
        mine = table.view.name, progress.shard
        assert mine not in writing, "a shard writes one thing after the other"
        writing.add(mine)
        await asyncio.sleep(0.1)  # long enough for who does not wait to load what is being written
        await write(self, table, progress, *documents, hurried=hurried)
        writing.discard(mine)

    with monkeypatch.context() as behind:
        far_behind(behind)
        behind.setattr(shard_rows, "evolved", noted_fold)
        behind.setattr(Writes, "write", noted_write)
        await project(made)
    assert any(folded_meanwhile)
    assert await assert_views_equal_a_replay_of(made) > 0


async def assert_views_equal_a_replay_of(made: Installation) -> int:
    """As whoever takes over then leaves them."""
    await project(made)
    return await assert_views_equal_a_replay(made)


@pytest.mark.parametrize("moment", ["before the write", "after the write", "before redis", "after redis"])
async def test_a_shard_that_is_behind_may_die_at_any_write(
    made: Installation, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Every third write is a loop's last; the next one begins where the stores say."""
    await reset(made)
    monkeypatch.setattr("workers.jobs.context._FAILING_PAUSE_S", 0)
    owner, name = (RedisView, "apply") if moment.endswith("redis") else (Writes, "write")
    done, deaths = getattr(owner, name), list[int]()

    async def dying(self: Any, *given: Any, **options: Any) -> None:
        deaths.append(len(deaths))
        fatal = len(deaths) % 3 == 0
        if fatal and moment.startswith("before"):
            raise MemoryError("killed")
        await done(self, *given, **options)
        if fatal:
            raise MemoryError("killed")

    with monkeypatch.context() as behind:
        far_behind(behind)
        behind.setattr(owner, name, dying)
        async with worker(made, "a") as context:

            async def again(shard_id: ShardId) -> None:
                context.start(await acquired(context, shard_id), again)

            for shard_id in DETAILS:
                context.start(await acquired(context, shard_id), again)
            await until(lambda: _has_caught_up(made, "order_details"))
    assert len(deaths) >= 9
    assert await assert_views_equal_a_replay_of(made) > 0


async def _has_caught_up(made: Installation, view: str) -> bool:
    connection = await asyncpg.connect(made.database_url)
    try:
        query = "select min(position) >= (select max(position) from write.events) from read.checkpoints where view = $1"
        return bool(await connection.fetchval(query, view))
    finally:
        await connection.close()
