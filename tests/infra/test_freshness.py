"""Reading your own writes: fresh enough, or said not to be, whatever Redis has lost, kept or brought back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.checkpoints import Freshness
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.hints import HintListener
from app.infra.serving import POLL_S
from app.infra.wanted import Behind, Found, Wanted
from app.kernel.clock import new_id, now
from app.kernel.messages import Receipt
from read_model.catalog.product import VIEW as PRODUCTS
from read_model.customers.customer_profile import VIEW, CustomerProfile
from read_model.orders.order_summary import VIEW as SUMMARIES
from tests.support.installation import installation
from tests.support.projecting import project, projecting
from tests.write_model.floor import LEEDS, LYON, Floor, registration, until
from write_model.catalog.commands import ReceiveStock
from write_model.customers.commands import ChangeAddress

LONG = 60.0
HERE = VIEW.name


@dataclass(frozen=True)
class Reader:
    """A process that reads, beside one that writes; views move only when a test lets them."""

    floor: Floor
    reads: ReadModels
    stores: bootstrap.Stores

    async def get(self, key: UUID, **wanted: float) -> Found[CustomerProfile] | Behind:
        return await self.reads.get(VIEW, key, Wanted(**wanted))  # type: ignore[arg-type]

    async def city(self, key: UUID, **wanted: float) -> str | None:
        """Where the answer says that the customer lives; None when it says that it is behind."""
        found = await self.get(key, **wanted)
        return found.stored.row.address.city if isinstance(found, Found) and found.stored else None

    async def registered(self) -> Receipt:
        return await self.floor.send(registration())

    async def moved(self, customer: UUID) -> Receipt:
        return await self.floor.send(ChangeAddress(at=now(), customer_id=customer, address=LYON))

    async def documents(self) -> dict[bytes, bytes]:
        """What Redis holds of this installation."""
        keys = [key async for key in self.stores.redis.scan_iter(f"{self.stores.prefix}:*") if b":jobs" not in key]
        return dict(zip(keys, await self.stores.redis.mget(keys), strict=True)) if keys else {}


@pytest.fixture(scope="module")
async def reader(servers: Servers) -> AsyncIterator[Reader]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        bootstrap.commands(made.settings) as side,
        bootstrap.read_models(made.settings) as (reads, stores),
    ):
        yield Reader(Floor(made, side, db), reads, stores)


class Deaf(HintListener):
    """Every hint is lost."""

    def __init__(self) -> None:
        super().__init__(None, None, "none")  # type: ignore[arg-type]

    @contextmanager
    def subscribed(self, *_topics: str) -> Iterator[asyncio.Event]:
        yield asyncio.Event()


class TestWaiting:
    async def test_a_view_that_has_not_come_so_far_says_so(self, reader: Reader) -> None:
        await project(reader.floor.made)
        before = await reader.reads.freshness(VIEW)
        receipt = await reader.registered()
        for wanted in ({"version": 1}, {"position": receipt.position}):
            behind = await reader.get(receipt.aggregate_id, **wanted)
            assert isinstance(behind, Behind)
            assert (behind.version, behind.checkpoint) == (None, before.position)
        listed = await reader.reads.reach(SUMMARIES, Wanted(position=receipt.position))
        assert isinstance(listed, Behind)
        await project(reader.floor.made)
        for wanted in ({"version": 1}, {"position": receipt.position}, {}):
            assert await reader.city(receipt.aggregate_id, **wanted) == LEEDS.city
        listed = await reader.reads.reach(SUMMARIES, Wanted(position=receipt.position))
        assert isinstance(listed, Freshness)
        assert listed.position >= receipt.position

    async def test_a_version_of_the_future_is_behind_however_far_the_view_is(self, reader: Reader) -> None:
        receipt = await reader.registered()
        await project(reader.floor.made)
        behind = await reader.get(receipt.aggregate_id, version=2)
        assert isinstance(behind, Behind)
        assert behind.version == 1
        assert isinstance(await reader.get(receipt.aggregate_id, position=receipt.position + 1), Behind)

    async def test_who_is_not_there_is_nobody_once_the_view_is_far_enough(self, reader: Reader) -> None:
        receipt = await reader.registered()
        await project(reader.floor.made)
        found = await reader.get(new_id(), position=receipt.position)
        assert isinstance(found, Found)
        assert found.stored is None
        assert isinstance(await reader.get(new_id(), version=1), Behind)

    async def test_a_hint_ends_the_wait(self, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.infra.waiting.POLL_S", LONG)
        receipt = await reader.registered()
        waiting = asyncio.create_task(reader.city(receipt.aggregate_id, version=1, wait_s=LONG))
        listing = asyncio.create_task(reader.reads.reach(SUMMARIES, Wanted(position=receipt.position, wait_s=LONG)))
        await until(lambda: _both_wait(reader))
        async with projecting(reader.floor.made), asyncio.timeout(LONG / 2):
            assert await waiting == LEEDS.city
            assert isinstance(await listing, Freshness)

    async def test_a_document_that_was_evicted_is_found_by_who_waits(
        self, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.infra.waiting.POLL_S", LONG)
        kept = await reader.registered()
        await project(reader.floor.made)
        (document,) = [key for key in await reader.documents() if key.endswith(f"doc:{kept.aggregate_id}".encode())]
        await reader.stores.redis.delete(document)
        later = await reader.registered()
        wanted = {"position": later.position, "wait_s": LONG}
        waiting = asyncio.create_task(reader.city(kept.aggregate_id, **wanted))
        await until(lambda: _waits(reader, VIEW.name))
        async with projecting(reader.floor.made), asyncio.timeout(LONG / 2):
            assert await waiting == LEEDS.city

    async def test_without_any_hint_the_wait_ends_all_the_same(self, reader: Reader) -> None:
        stores = reader.stores
        deaf = ReadModels(stores.pool, stores.tables, stores.documents, Deaf())
        receipt = await reader.registered()
        wanted = Wanted(position=receipt.position, wait_s=LONG)
        async with projecting(reader.floor.made), asyncio.timeout(LONG / 2):
            found = await deaf.get(VIEW, receipt.aggregate_id, wanted)
            assert isinstance(found, Found)
            assert isinstance(await deaf.reach(SUMMARIES, wanted), Freshness)

    async def test_what_somebody_finds_without_a_hint_is_counted_and_timed(self, reader: Reader) -> None:
        stores = reader.stores
        deaf = ReadModels(stores.pool, stores.tables, stores.documents, Deaf())
        receipt = await reader.registered()
        waiting = asyncio.create_task(deaf.reach(SUMMARIES, Wanted(position=receipt.position, wait_s=LONG)))
        await asyncio.sleep(2 * POLL_S)
        assert not deaf.waiting.waits.all
        async with projecting(reader.floor.made), asyncio.timeout(LONG / 2):
            await waiting
        assert deaf.waiting.unhinted == 1
        (((view, outcome), histogram),) = deaf.waiting.waits.all.items()
        assert (view, outcome, sum(histogram.counts)) == (SUMMARIES.name, "waited", 1)
        assert histogram.total_s > POLL_S

    @pytest.mark.parametrize(
        ("wanted", "outcome"),
        [
            ({}, None),
            ({"version": 1}, "at once"),
            ({"position": 1, "wait_s": LONG}, "at once"),
            ({"version": 2}, "behind"),
            ({"version": 2, "wait_s": 0.01}, "behind"),
        ],
        ids=str,
    )
    async def test_what_becomes_of_reads_that_must_be_fresh_is_counted(
        self, reader: Reader, wanted: dict[str, float], outcome: str | None
    ) -> None:
        receipt = await reader.registered()
        await project(reader.floor.made)
        before = counted(reader.reads)
        await reader.get(receipt.aggregate_id, **wanted)
        assert counted(reader.reads) - before == ({(HERE, outcome): 1} if outcome else {})

    async def test_a_list_counts_for_each_of_its_views(self, reader: Reader) -> None:
        receipt = await reader.registered()
        await project(reader.floor.made)
        before = counted(reader.reads)
        for _ in range(2):
            await reader.reads.listed((VIEW, SUMMARIES), Wanted(position=receipt.position), _nothing)
        assert counted(reader.reads) - before == {(HERE, "at once"): 2, (SUMMARIES.name, "at once"): 2}


async def _nothing() -> None:
    return None


def counted(reads: ReadModels) -> Counter[tuple[str, ...]]:
    """The reads that had to be fresh, by view and outcome."""
    return Counter({labels: sum(each.counts) for labels, each in reads.waiting.waits.all.items()})


async def _both_wait(reader: Reader) -> bool:
    return await _waits(reader, VIEW.name) and await _waits(reader, SUMMARIES.name)


async def _waits(reader: Reader, view: str) -> bool:
    return bool(reader.reads.hints._waiting[view])


class TestRedis:
    async def test_a_flushed_redis_is_answered_from_the_table_and_warmed_again(self, reader: Reader) -> None:
        receipt = await reader.registered()
        key, position = receipt.aggregate_id, receipt.position
        async with projecting(reader.floor.made):
            fresh = await reader.get(key, position=position, wait_s=LONG)
            # The table, which is written before Redis, may have answered.
            await until(lambda: _is_warm_at(reader, key, position))
            before = await reader.stores.documents[HERE].read(key)
            await reader.stores.redis.flushall()
            assert await reader.get(key, position=position) == fresh
            await until(lambda: _is_warm_at(reader, key, position))
            assert await reader.stores.documents[HERE].read(key) == before
            assert await reader.get(key, position=position) == fresh

    async def test_a_redis_out_of_reach_is_answered_from_the_table(self, reader: Reader) -> None:
        receipt = await reader.registered()
        await project(reader.floor.made)
        nowhere = reader.floor.made.settings.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})
        async with bootstrap.read_models(nowhere) as (reads, _):
            found = await reads.get(VIEW, receipt.aggregate_id, Wanted(position=receipt.position))
        assert found == await reader.get(receipt.aggregate_id, position=receipt.position)

    async def test_an_old_snapshot_of_redis_is_never_served_as_fresh(self, reader: Reader) -> None:
        customer = (await reader.registered()).aggregate_id
        await project(reader.floor.made)
        snapshot = await reader.documents()
        moved = await reader.moved(customer)
        await project(reader.floor.made)
        await reader.stores.redis.flushall()
        await reader.stores.redis.mset(snapshot)
        assert await reader.city(customer) == LEEDS.city, "Redis answers who asks for nothing in particular"
        assert await reader.city(customer, version=moved.version) == LYON.city
        assert await reader.city(customer, position=moved.position) == LYON.city
        async with projecting(reader.floor.made):
            await until(lambda: _is_warm_at(reader, customer, moved.position))
        assert await reader.city(customer) == LYON.city

    async def test_a_document_that_was_evicted_alone_is_not_taken_for_nobody(self, reader: Reader) -> None:
        receipt = await reader.registered()
        await project(reader.floor.made)
        document = next(key for key in await reader.documents() if str(receipt.aggregate_id).encode() in key)
        await reader.stores.redis.delete(document)
        for wanted in ({}, {"version": 1}, {"position": receipt.position}):
            assert await reader.city(receipt.aggregate_id, **wanted) == LEEDS.city

    async def test_redis_does_not_lead_a_view_that_was_never_projected(self, reader: Reader) -> None:
        await reader.stores.redis.flushall()
        assert await reader.stores.documents[HERE].read(new_id()) == (None, None, False)


class TestManyKeys:
    """`get_many`: as fresh as `get`, for many keys at once."""

    async def two(self, reader: Reader) -> tuple[list[UUID], int]:
        """Two customers who have just registered, and the position of the later one."""
        one, other = await reader.registered(), await reader.registered()
        return [one.aggregate_id, other.aggregate_id], other.position

    async def cities(self, reader: Reader, keys: list[UUID], **wanted: float) -> list[str | None] | None:
        """Where they live, in the order of the keys; None when the answer is that the view is behind."""
        found = await reader.reads.get_many(VIEW, keys, Wanted(**wanted))  # type: ignore[arg-type]
        return None if isinstance(found, Behind) else [found[key].row.address.city for key in keys]

    async def test_the_rows_that_there_are(self, reader: Reader) -> None:
        keys, position = await self.two(reader)
        await project(reader.floor.made)
        found = await reader.reads.get_many(VIEW, [*keys, new_id()], Wanted(position=position))
        assert isinstance(found, dict)
        assert found == {key: (await reader.get(key)).stored for key in keys}  # type: ignore[union-attr]
        assert await reader.reads.get_many(VIEW, [new_id()], Wanted(position=position)) == {}
        assert await reader.reads.get_many(SUMMARIES, [new_id()], Wanted(position=position)) == {}

    async def test_no_keys_have_no_rows_and_wait_for_nothing(self, reader: Reader) -> None:
        assert await reader.reads.get_many(VIEW, [], Wanted()) == {}
        assert await reader.reads.get_many(VIEW, [], Wanted(position=2**62, wait_s=LONG)) == {}

    async def test_a_view_that_has_not_come_so_far_says_so_or_is_waited_for(self, reader: Reader) -> None:
        keys, _ = await self.two(reader)
        await project(reader.floor.made)
        moved = await reader.moved(keys[1])
        assert await self.cities(reader, keys, position=moved.position) is None
        waiting = asyncio.create_task(self.cities(reader, keys, position=moved.position, wait_s=LONG))
        async with projecting(reader.floor.made), asyncio.timeout(LONG / 2):
            assert await waiting == [LEEDS.city, LYON.city]

    async def test_a_flushed_redis_is_answered_from_the_table(self, reader: Reader) -> None:
        keys, position = await self.two(reader)
        await project(reader.floor.made)
        await reader.stores.redis.flushall()
        for wanted in ({}, {"position": position}):
            assert await self.cities(reader, keys, **wanted) == [LEEDS.city] * 2

    async def test_a_redis_out_of_reach_is_answered_from_the_table(self, reader: Reader) -> None:
        keys, position = await self.two(reader)
        await project(reader.floor.made)
        nowhere = reader.floor.made.settings.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})
        async with bootstrap.read_models(nowhere) as (reads, _):
            found = await reads.get_many(VIEW, keys, Wanted(position=position))
        assert isinstance(found, dict)
        assert found.keys() == set(keys)

    async def test_a_redis_behind_the_token_is_not_served(self, reader: Reader) -> None:
        keys, _ = await self.two(reader)
        await project(reader.floor.made)
        snapshot = await reader.documents()
        moved = await reader.moved(keys[0])
        await project(reader.floor.made)
        await reader.stores.redis.mset(snapshot)
        assert await self.cities(reader, keys) == [LEEDS.city] * 2, "Redis answers who asks for nothing in particular"
        assert await self.cities(reader, keys, position=moved.position) == [LYON.city, LEEDS.city]

    async def test_documents_that_were_evicted_alone_come_from_the_table(self, reader: Reader) -> None:
        keys, position = await self.two(reader)
        await project(reader.floor.made)
        document = next(key for key in await reader.documents() if str(keys[0]).encode() in key)
        await reader.stores.redis.delete(document)
        for wanted in ({}, {"position": position}):
            assert await self.cities(reader, keys, **wanted) == [LEEDS.city] * 2

    @pytest.mark.parametrize("shard", range(PRODUCTS.shards))
    @pytest.mark.parametrize("lost", [False, True])
    async def test_every_shard_of_the_keys_must_have_come_so_far(self, reader: Reader, shard: int, lost: bool) -> None:
        """Redis brings back one shard of before, or loses how far it was; the other shard is as it should be."""
        products = [await reader.floor.product() for _ in range(20)]
        await project(reader.floor.made)
        snapshot = await reader.documents()
        received = [await reader.floor.send(ReceiveStock(at=now(), product_id=key, pieces=1)) for key in products]
        await project(reader.floor.made)
        damaged = [key for key in products if PRODUCTS.shard_of(key) == shard]
        assert 0 < len(damaged) < len(products)
        checkpoint = next(key for key in snapshot if key.endswith(f":product:1:{shard}:checkpoint".encode()))
        documents = {key: old for key, old in snapshot.items() if any(str(each).encode() in key for each in damaged)}
        await reader.stores.redis.mset({**documents, checkpoint: snapshot[checkpoint]})
        if lost:
            await reader.stores.redis.delete(checkpoint)
        found = await reader.reads.get_many(PRODUCTS, products, Wanted(position=received[-1].position))
        assert isinstance(found, dict)
        assert {key: stored.row.on_hand for key, stored in found.items()} == dict.fromkeys(products, 1)


class TestAsOf:
    """What was read before the freshness was asked for is no fresher than when it was read."""

    FRESH = Freshness("FRESH", position=8, head=8, lag_s=0.0)

    def test_what_was_read_at_the_head_is_fresh(self) -> None:
        assert self.FRESH.as_of(8) == self.FRESH
        assert self.FRESH.as_of(9) == self.FRESH

    def test_what_was_read_before_lags(self) -> None:
        assert self.FRESH.as_of(5) == Freshness("LAGGING", 5, 8, 0.0)
        stalled = Freshness("STALLED", position=8, head=9, lag_s=20.0)
        assert stalled.as_of(5) == Freshness("STALLED", 5, 9, 20.0)


async def _is_warm_at(reader: Reader, key: UUID, position: int) -> bool:
    return (await reader.stores.documents[HERE].read(key))[0] == position


class TestState:
    async def state(self, reader: Reader, damage: str) -> Freshness:
        """How fresh the view says it is after the damage, which is undone."""
        async with reader.floor.db.acquire() as connection:
            before = await connection.fetch("select * from read.checkpoints")
            await connection.execute(damage)
            try:
                return await reader.reads.freshness(VIEW)
            finally:
                await connection.execute("delete from read.checkpoints")
                await connection.copy_records_to_table(
                    "checkpoints", schema_name="read", records=[tuple(row) for row in before]
                )

    async def test_a_view_at_the_head_with_a_heart_that_beats_is_fresh(self, reader: Reader) -> None:
        await reader.registered()
        await project(reader.floor.made)
        fresh = await self.state(reader, "select 1")
        assert (fresh.state, fresh.lag_s, fresh.position) == ("FRESH", 0.0, fresh.head)

    @pytest.mark.parametrize(
        ("damage", "state"),
        [
            ("update read.checkpoints set head = head + 1", "LAGGING"),
            ("update read.checkpoints set heartbeat_at = heartbeat_at - interval '1 hour'", "STALLED"),
            ("update read.checkpoints set heartbeat_at = null", "STALLED"),
            (f"delete from read.checkpoints where view = '{HERE}'", "STALLED"),
        ],
    )
    async def test_anything_less_is_told(self, reader: Reader, damage: str, state: str) -> None:
        await project(reader.floor.made)
        assert (await self.state(reader, damage)).state == state

    async def test_one_shard_that_never_ran_stalls_its_view(self, reader: Reader) -> None:
        await project(reader.floor.made)
        await reader.floor.db.execute(
            "update read.checkpoints set heartbeat_at = null where view = 'product' and shard = 1"
        )
        assert (await reader.reads.freshness(PRODUCTS)).state == "STALLED"
