"""The contract of the read stores: data and checkpoint together, twice is once, and the dead cannot write."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.infra import redis_views
from app.infra.embedded import Servers
from app.infra.leases import Lease
from app.infra.redis_views import Lost, RedisView
from app.infra.table_views import Fenced, Progress
from app.infra.tables import Stored
from app.kernel.clock import new_id
from app.kernel.view import Key
from tests.infra.tally import Tally, Workshop, merged, progress, row, workshop
from tests.support.installation import installation

A, B = new_id(), new_id()


async def nothing() -> None:
    """No lease to keep alive."""


@pytest.fixture(scope="module")
async def built(servers: Servers) -> AsyncIterator[Workshop]:
    async with installation(servers) as made, workshop(made) as shop_floor:
        yield shop_floor


@pytest.fixture
async def shop_floor(built: Workshop) -> Workshop:
    await built.clear()
    return built


class TableStore:
    """The flat table, as the contract sees a store."""

    def __init__(self, made: Workshop) -> None:
        self.made = made

    async def take_over(self, lease: Lease) -> None:
        """The lease is all that the table looks at."""

    async def apply(self, moved: Progress, rows: dict[Key, Stored[Tally]]) -> None:
        await self.made.table.apply(self.made.pool, moved, rows)

    async def contents(self) -> tuple[int, dict[Key, Stored[Tally]]]:
        return await self.made.checkpoint(), await self.made.rows()


class DocumentStore:
    """The documents in Redis, as the contract sees a store."""

    def __init__(self, made: Workshop) -> None:
        self.made = made

    async def take_over(self, lease: Lease) -> None:
        if await self.made.documents.claim(0, lease.epoch) is None:
            await self.made.documents.restore(self.made.pool, 0, lease.epoch, 0, None, nothing)

    async def apply(self, moved: Progress, rows: dict[Key, Stored[Tally]]) -> None:
        await self.made.documents.apply(moved, rows)

    async def contents(self) -> tuple[int, dict[Key, Stored[Tally]]]:
        read = {key: await self.made.documents.read(key) for key in (A, B)}
        checkpoint = read[A][0]
        assert checkpoint is not None
        return checkpoint, {key: document for key, (_, document) in read.items() if document is not None}


@pytest.fixture(params=[TableStore, DocumentStore])
def store(request: pytest.FixtureRequest, shop_floor: Workshop) -> TableStore | DocumentStore:
    made: TableStore | DocumentStore = request.param(shop_floor)
    return made


Store = TableStore | DocumentStore


async def hired(store: Store, owner: str) -> Lease:
    lease = await store.made.hire(owner)
    await store.take_over(lease)
    return lease


class TestEveryStore:
    async def test_rows_and_checkpoint_move_together(self, store: Store) -> None:
        lease = await hired(store, "a")
        await store.apply(progress(lease, 0, 5), row(A, 3))
        assert await store.contents() == (5, row(A, 3))
        await store.apply(progress(lease, 5, 9), merged([row(A, 3, 6), row(B, 9)]))
        assert await store.contents() == (9, merged([row(A, 3, 6), row(B, 9)]))

    async def test_the_checkpoint_moves_over_events_that_change_no_row(self, store: Store) -> None:
        lease = await hired(store, "a")
        await store.apply(progress(lease, 0, 5), {})
        assert await store.contents() == (5, {})

    async def test_a_batch_delivered_twice_is_applied_once(self, store: Store) -> None:
        lease = await hired(store, "a")
        await store.apply(progress(lease, 0, 5), row(A, 3))
        await store.apply(progress(lease, 5, 9), row(A, 3, 6))
        for start, upto, rows in ((0, 5, row(A, 3)), (5, 9, row(A, 3, 6)), (12, 14, row(A, 3, 6, 13))):
            with pytest.raises((Fenced, Lost)):
                await store.apply(progress(lease, start, upto), rows)
            assert await store.contents() == (9, row(A, 3, 6))

    async def test_the_old_owner_cannot_write_once_another_took_over(self, store: Store) -> None:
        dead = await hired(store, "a")
        await store.apply(progress(dead, 0, 5), row(A, 3))
        alive = await hired(store, "b")
        with pytest.raises(Fenced):
            await store.apply(progress(dead, 5, 9), row(A, 3, 6))
        assert await store.contents() == (5, row(A, 3))
        await store.apply(progress(alive, 5, 8), row(A, 3, 8))
        with pytest.raises(Fenced):
            await store.apply(progress(dead, 8, 9), row(A, 3, 6))
        assert await store.contents() == (8, row(A, 3, 8))


class TestTheTable:
    async def test_a_failed_write_leaves_the_checkpoint_where_it_was(self, shop_floor: Workshop) -> None:
        lease, store = await shop_floor.hire("a"), TableStore(shop_floor)
        broken: dict[Key, Stored[Tally]] = {A: Stored(Tally(customer_id=None, positions=(1,)), 1, 1)}  # type: ignore[arg-type]
        with pytest.raises(asyncpg.NotNullViolationError):
            await store.apply(progress(lease, 0, 5), broken)
        assert await store.contents() == (0, {})

    async def test_an_older_row_does_not_replace_a_newer_one(self, shop_floor: Workshop) -> None:
        lease, store = await shop_floor.hire("a"), TableStore(shop_floor)
        await store.apply(progress(lease, 0, 9), row(A, 3, 6))
        await store.apply(progress(lease, 9, 10), row(A, 3))
        assert await store.contents() == (10, row(A, 3, 6))


class TestTheDocuments:
    async def filled(self, made: Workshop) -> Lease:
        """Two rows at position 9 in the table; Redis was there up to 5."""
        lease = await made.hire("a")
        await made.table.apply(made.pool, progress(lease, 0, 5), row(A, 3))
        assert await made.documents.claim(0, lease.epoch) is None
        await made.documents.restore(made.pool, 0, lease.epoch, 5, None, nothing)
        await made.table.apply(made.pool, progress(lease, 5, 9), row(B, 9))
        return lease

    async def test_what_redis_missed_is_brought_after_it(self, shop_floor: Workshop) -> None:
        await self.filled(shop_floor)
        lease, documents = await shop_floor.hire("b"), shop_floor.documents
        assert await documents.claim(0, lease.epoch) == 5
        assert await documents.restore(shop_floor.pool, 0, lease.epoch, 9, 5, nothing) == 1
        assert await DocumentStore(shop_floor).contents() == (9, merged([row(A, 3), row(B, 9)]))

    async def test_a_flushed_redis_says_so_and_is_restored_whole(self, shop_floor: Workshop) -> None:
        lease, documents = await self.filled(shop_floor), shop_floor.documents
        await shop_floor.redis.flushall()
        assert await documents.read(A) == (None, None)
        with pytest.raises(Lost):
            await documents.apply(progress(lease, 9, 10), row(A, 3, 10))
        assert await documents.read(A) == (None, None)
        assert await documents.claim(0, lease.epoch) is None
        assert await documents.restore(shop_floor.pool, 0, lease.epoch, 9, None, nothing) == 2
        assert await DocumentStore(shop_floor).contents() == (9, merged([row(A, 3), row(B, 9)]))

    async def test_a_half_restored_redis_has_no_checkpoint(
        self, shop_floor: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lease = await self.filled(shop_floor)
        monkeypatch.setattr(redis_views, "_RESTORE_CHUNK", 1)
        chunks, restore_chunk = [], RedisView._restore_chunk

        async def die_at_the_second(self: Any, *chunk: Any) -> None:
            chunks.append(chunk)
            if len(chunks) == 2:
                raise ConnectionError
            await restore_chunk(self, *chunk)

        monkeypatch.setattr(RedisView, "_restore_chunk", die_at_the_second)
        with pytest.raises(ConnectionError):
            await shop_floor.documents.restore(shop_floor.pool, 0, lease.epoch, 9, None, nothing)
        assert await shop_floor.documents.read(A) == (None, None)
        assert await shop_floor.documents.claim(0, lease.epoch) is None

    async def test_a_dead_owner_neither_claims_nor_restores(self, shop_floor: Workshop) -> None:
        dead, documents = await self.filled(shop_floor), shop_floor.documents
        await documents.claim(0, (await shop_floor.hire("b")).epoch)
        before = await DocumentStore(shop_floor).contents()
        with pytest.raises(Fenced):
            await documents.claim(0, dead.epoch)
        for since in (None, 5, 9):
            with pytest.raises(Fenced):
                await documents.restore(shop_floor.pool, 0, dead.epoch, 9, since, nothing)
        assert await DocumentStore(shop_floor).contents() == before
