"""The contract of the read stores: data and checkpoint together, twice is once, and the dead cannot write."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.infra import redis_views
from app.infra.embedded import Servers
from app.infra.leases import Lease
from app.infra.redis_views import Lost, RedisView
from app.infra.table_views import Fenced
from app.infra.tables import Stored
from app.kernel.structs import replace
from app.kernel.view import Key
from tests.infra.stores import STORES, A, B, DocumentStore, EntityStore, TableStore, movers, nothing
from tests.infra.tally import REMEMBERED, VIEW, Tally, Workshop, merged, progress, row, workshops
from tests.support.installation import installation


@pytest.fixture(scope="module")
async def built(servers: Servers) -> AsyncIterator[dict[str, Workshop]]:
    async with installation(servers) as made, workshops(made, *{each.view for each in STORES}) as shop_floors:
        yield shop_floors


@pytest.fixture
async def shop_floor(built: dict[str, Workshop]) -> Workshop:
    await built[VIEW.name].clear()
    return built[VIEW.name]


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, built: dict[str, Workshop]) -> TableStore:
    made: TableStore = request.param(built[request.param.view.name])
    await made.made.clear()
    return made


@pytest.fixture
async def remembering(built: dict[str, Workshop]) -> EntityStore:
    await built[REMEMBERED.name].clear()
    return EntityStore(built[REMEMBERED.name])


async def hired(store: TableStore, owner: str) -> Lease:
    lease = await store.made.hire(owner)
    await store.take_over(lease)
    return lease


class TestEveryStore:
    async def test_data_and_checkpoint_move_together(self, store: TableStore) -> None:
        lease = await hired(store, "a")
        await store.apply(progress(lease, 0, 5), store.row(A, 3))
        assert await store.contents() == (5, store.shown(store.row(A, 3)))
        both = merged([store.row(A, 3, 6), store.row(B, 9)])
        await store.apply(progress(lease, 5, 9), both)
        assert await store.contents() == (9, store.shown(both))

    async def test_the_checkpoint_moves_over_events_that_change_no_row(self, store: TableStore) -> None:
        lease = await hired(store, "a")
        await store.apply(progress(lease, 0, 5), {})
        assert await store.contents() == (5, store.shown({}))

    async def test_a_batch_delivered_twice_is_applied_once(self, store: TableStore) -> None:
        lease, once, twice, late = await hired(store, "a"), store.row(A, 3), store.row(A, 3, 6), store.row(A, 3, 6, 13)
        await store.apply(progress(lease, 0, 5), once)
        await store.apply(progress(lease, 5, 9), twice)
        for start, upto, rows in ((0, 5, once), (5, 9, twice), (12, 14, late)):
            with pytest.raises((Fenced, Lost)):
                await store.apply(progress(lease, start, upto), rows)
            assert await store.contents() == (9, store.shown(twice))

    async def test_the_old_owner_cannot_write_once_another_took_over(self, store: TableStore) -> None:
        dead = await hired(store, "a")
        await store.apply(progress(dead, 0, 5), store.row(A, 3))
        alive = await hired(store, "b")
        with pytest.raises(Fenced):
            await store.apply(progress(dead, 5, 9), store.row(A, 3, 6))
        assert await store.contents() == (5, store.shown(store.row(A, 3)))
        await store.apply(progress(alive, 5, 8), store.row(A, 3, 8))
        with pytest.raises(Fenced):
            await store.apply(progress(dead, 8, 9), store.row(A, 3, 6))
        assert await store.contents() == (8, store.shown(store.row(A, 3, 8)))


class TestTheEntities:
    """Rows and the entities beneath them, which one statement moves with the checkpoint."""

    def broken(self, rows: dict[Key, Stored[Any]]) -> dict[Key, Stored[Any]]:
        """The rows, each with a key of null."""
        return {
            key: Stored(replace(stored.row, customer_id=None), stored.version, stored.position)
            for key, stored in rows.items()
        }

    @pytest.mark.parametrize("half", ["rows", "entities"])
    async def test_a_failed_write_of_either_leaves_all_three(self, remembering: EntityStore, half: str) -> None:
        made, lease = remembering.made, await remembering.made.hire("a")
        await remembering.apply(progress(lease, 0, 5), row(A, 3))
        rows, entities = row(A, 3, 6), movers(row(A, 3, 6))
        rows, entities = (self.broken(rows), entities) if half == "rows" else (rows, self.broken(entities))
        with pytest.raises(asyncpg.NotNullViolationError):
            await made.table.apply(made.pool, progress(lease, 5, 9), rows, entities)
        assert await remembering.contents() == (5, remembering.shown(row(A, 3)))

    async def test_entities_are_remembered_where_no_row_changes(self, remembering: EntityStore) -> None:
        made, lease = remembering.made, await remembering.made.hire("a")
        await made.table.apply(made.pool, progress(lease, 0, 5), {}, movers(row(A, 3)))
        assert await remembering.contents() == (5, ({}, movers(row(A, 3))))

    async def test_an_older_entity_does_not_replace_a_newer_one(self, remembering: EntityStore) -> None:
        lease = await remembering.made.hire("a")
        await remembering.apply(progress(lease, 0, 9), row(A, 3, 6))
        await remembering.apply(progress(lease, 9, 10), row(A, 3))
        assert await remembering.contents() == (10, remembering.shown(row(A, 3, 6)))


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
        assert await documents.read(A) == (None, None, False)
        with pytest.raises(Lost):
            await documents.apply(progress(lease, 9, 10), row(A, 3, 10))
        assert await documents.read(A) == (None, None, False)
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
        assert await shop_floor.documents.read(A) == (None, None, False)
        assert await shop_floor.documents.claim(0, lease.epoch) is None

    @pytest.mark.parametrize("number", [999, 1_000, 1_001, 5_000])
    async def test_a_batch_may_have_thousands_of_documents(self, shop_floor: Workshop, number: int) -> None:
        lease, documents = await self.filled(shop_floor), shop_floor.documents
        await documents.restore(shop_floor.pool, 0, lease.epoch, 9, None, nothing)
        many = merged([row(UUID(int=n), n) for n in range(10, 10 + number)])
        await documents.apply(progress(lease, 9, 10 + number), many)
        assert await documents.read_many(list(many)) == (10 + number, many, False)

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
