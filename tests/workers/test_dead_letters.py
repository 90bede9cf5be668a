"""What a shard cannot apply is set aside by aggregate: readers are told, and it is applied when it can be."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from redis.exceptions import ConnectionError as RedisGone

from app import bootstrap
from app.infra import folding
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.leases import ShardId
from app.infra.redis_views import RedisView
from app.infra.tables import Stored
from app.infra.view_status import ViewStatus
from app.infra.wanted import Behind, Found, Wanted
from app.kernel import structs
from app.kernel.clock import now
from app.kernel.messages import Receipt
from read_model.customers.customer_profile import VIEW
from tests.support.installation import Installation, installation
from tests.support.projecting import acquired, project, worker
from tests.support.replay import assert_views_equal_a_replay
from tests.write_model.floor import LYON, Floor, registration, until
from workers.jobs import amending, parking, shard_rows
from workers.jobs.context import WorkerContext
from write_model.customers.commands import ChangeAddress, Tier, UpgradeCustomer

PROFILES = ShardId(VIEW.name, 1, 0)
RETRY = "update read.dead_letters set retry = true"


class Poison:
    """A view that cannot apply what touches some customers, as long as it is not mended: `sick` are their ids."""

    def __init__(self) -> None:
        self.sick: set[UUID] = set()
        self.versions: set[int] = set()
        self.raised = 0

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def evolved(view: Any, touches: Any, present: Any) -> Any:
            for event, key in touches:
                if key in self.sick and (not self.versions or event.version in self.versions):
                    self.raised += 1
                    raise ArithmeticError(f"version {event.version} makes no sense")
            return real(view, touches, present)

        return evolved


@dataclass
class Ward:
    """A shop, its customers, and a view that may be poisoned."""

    made: Installation
    floor: Floor
    reads: ReadModels
    poison: Poison
    db: asyncpg.Pool = field(init=False)

    def __post_init__(self) -> None:
        self.db = self.floor.db

    async def move(self, customer: UUID) -> Receipt:
        return await self.floor.send(ChangeAddress(at=now(), customer_id=customer, address=LYON))

    async def upgrade(self, customer: UUID) -> Receipt:
        return await self.floor.send(UpgradeCustomer(at=now(), customer_id=customer, tier=Tier.GOLD))

    async def letters(self) -> list[tuple[Any, ...]]:
        """Sequence, version, attempts and exception, in order."""
        said = "select sequence, version, attempts, exception from read.dead_letters order by position"
        return [tuple(row) for row in await self.db.fetch(said)]

    async def read(self, customer: UUID, **wanted: Any) -> Found[Any] | Behind:
        return await self.reads.get(VIEW, customer, Wanted(**wanted))

    async def document(self, customer: UUID) -> tuple[int | None, Stored[Any] | None, bool]:
        async with bootstrap.projection_stores(self.made.settings) as stores:
            return await stores.documents[VIEW.name].read(customer)

    async def stands_at(self, position: int) -> bool:
        """Whether the flat table and Redis have come so far."""
        said = "select position from read.checkpoints where view = $1"
        if await self.db.fetchval(said, VIEW.name) < position:
            return False
        return ((await self.document(UUID(int=0)))[0] or 0) >= position

    async def until(self, position: int) -> None:
        await until(lambda: self.stands_at(position))

    async def until_settled(self, letters: int = 0) -> None:
        async def settled() -> bool:
            return not await self.db.fetchval("select count(*) from read.dead_letters where retry") and (
                await self.db.fetchval("select count(*) from read.dead_letters") == letters
            )

        await until(settled)


@pytest.fixture
async def ward(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ward]:
    monkeypatch.setattr(parking, "LOOK_S", 0.02)
    monkeypatch.setattr(parking, "_PAUSES_S", (0.0, 0.01, 0.02))
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=3) as db,
        bootstrap.commands(made.settings) as side,
        bootstrap.read_models(made.settings) as (reads, _),
    ):
        poison = Poison()
        for module in (shard_rows, amending):
            monkeypatch.setattr(module, "evolved", poison.around(folding.evolved))
        yield Ward(made, Floor(made, side, db), reads, poison)


@asynccontextmanager
async def projecting(ward: Ward, **limits: Any) -> AsyncIterator[WorkerContext]:
    async with worker(ward.made, **limits) as context:
        context.start(await acquired(context, PROFILES), _nobody)
        yield context


async def _nobody(_: ShardId) -> None:
    return None


async def sick_and_well(ward: Ward) -> tuple[UUID, UUID, Receipt]:
    """Two customers who were projected; the first one's next two events cannot be applied."""
    sick, well = await ward.floor.customer(), await ward.floor.customer()
    await project(ward.made)
    assert isinstance(await ward.read(sick), Found)
    ward.poison.sick = {sick}
    await ward.move(sick)
    await ward.upgrade(sick)
    return sick, well, await ward.move(well)


async def test_what_cannot_be_applied_is_tried_thrice_and_parked_with_what_follows(ward: Ward) -> None:
    sick, well, last = await sick_and_well(ward)
    async with projecting(ward):
        await ward.until(last.position)
        assert await ward.letters() == [(sick, 2, 3, "ArithmeticError"), (sick, 3, 0, None)]
        assert ward.poison.raised == 1 + 3
        found = await ward.read(well, version=2)
        assert isinstance(found, Found)
        await ward.until((await ward.floor.send(registration())).position)
        assert ward.poison.raised == 1 + 3, "what is parked is left alone"


async def test_failures_and_what_is_parked_are_counted_for_who_watches(ward: Ward) -> None:
    sick, _, last = await sick_and_well(ward)
    async with projecting(ward) as context:
        await ward.until(last.position)
        tally = context.projections.of(VIEW.name, PROFILES.shard)
        assert (tally.failures, tally.events, tally.rows, tally.redis_behind) == (3, 1, 1, 0)
    parked = {(each.view, each.shard): each.parked for each in await ViewStatus(ward.db).shards() if each.parked}
    assert parked == {(VIEW.name, PROFILES.shard): 2}
    await ward.read(sick, version=2)
    await ward.reads.reach(VIEW, Wanted(position=last.position - 1))
    assert sum(ward.reads.waiting.waits.of(VIEW.name, "parked").counts) == 2


async def test_its_reader_is_told_and_everybody_else_is_shown_what_there_is(ward: Ward) -> None:
    sick, well, last = await sick_and_well(ward)
    async with projecting(ward):
        await ward.until(last.position)
    for wanted in ({}, {"version": 1}, {"version": 2, "wait_s": 5.0}, {"position": 1}):
        behind = await ward.read(sick, **wanted)
        assert isinstance(behind, Behind), wanted
        assert (behind.parked, behind.version) == (True, 1)
    assert (await ward.document(sick))[1:] == (None, True)
    assert isinstance(await ward.read(well, position=last.position), Found)
    behind = await ward.read(well, position=last.position - 1)
    assert isinstance(behind, Behind), "what the token stands for is parked"
    assert behind.parked
    assert isinstance(await ward.reads.reach(VIEW, Wanted(position=last.position - 1)), Behind)
    reached = await ward.reads.reach(VIEW, Wanted(position=last.position))
    assert not isinstance(reached, Behind)
    assert reached.parked == 1


async def test_a_flushed_redis_is_restored_without_what_is_parked(ward: Ward) -> None:
    sick, well, last = await sick_and_well(ward)
    async with projecting(ward):
        await ward.until(last.position)
        async with bootstrap.projection_stores(ward.made.settings) as stores:
            await stores.redis.flushall()
        await until(lambda: ward.stands_at(last.position))
        assert (await ward.document(sick))[1:] == (None, True)
        assert (await ward.document(well))[1] is not None
    assert isinstance(await ward.read(sick), Behind)


async def test_once_mended_all_is_as_if_nothing_had_been(ward: Ward) -> None:
    sick, _, last = await sick_and_well(ward)
    async with projecting(ward):
        await ward.until(last.position)
        ward.poison.sick = set()
        await ward.db.execute(RETRY)
        await ward.until_settled()
        found = await ward.read(sick, version=3)
        assert isinstance(found, Found)
        assert found.stored is not None
        assert found.stored.row.tier == "GOLD"
        await until(lambda: _shown(ward, sick))
    await project(ward.made)
    await assert_views_equal_a_replay(ward.made)


async def _shown(ward: Ward, customer: UUID) -> bool:
    return (await ward.document(customer))[2] is False


async def test_what_fails_again_stays_parked_behind_what_could_be_applied(ward: Ward) -> None:
    sick, _, last = await sick_and_well(ward)
    async with projecting(ward):
        await ward.until(last.position)
        ward.poison.versions = {3}
        await ward.db.execute(RETRY)
        await ward.until_settled(letters=1)
        assert await ward.letters() == [(sick, 3, 1, "ArithmeticError")]
        behind = await ward.read(sick)
        assert isinstance(behind, Behind)
        assert (behind.parked, behind.version) == (True, 2)
        await ward.db.execute(RETRY)
        await until(lambda: _attempted(ward, 2))


async def _attempted(ward: Ward, times: int) -> bool:
    return bool(await ward.db.fetchval("select max(attempts) from read.dead_letters") == times)


async def test_a_row_that_postgresql_refuses_is_parked_as_well(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    sick, _, last = await sick_and_well(ward)
    ward.poison.sick = set()
    real = folding.evolved

    def evolved(view: Any, touches: Any, present: Any) -> Any:
        rows = real(view, touches, present)
        if sick in rows:
            spoilt = structs.replace(rows[sick].row, name="a\x00b")
            rows[sick] = structs.replace(rows[sick], row=spoilt)
        return rows

    monkeypatch.setattr(shard_rows, "evolved", evolved)
    async with projecting(ward):
        await ward.until(last.position)
    assert [each[:3] for each in await ward.letters()] == [(sick, 2, 3), (sick, 3, 0)]
    assert isinstance(await ward.read(sick), Behind)


async def test_a_server_out_of_reach_parks_nothing(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, last = await sick_and_well(ward)
    with monkeypatch.context() as away:
        away.setattr(shard_rows, "evolved", _raise(ConnectionResetError()))
        async with worker(ward.made) as context:
            context.start(await acquired(context, PROFILES), _nobody)
            await until(lambda: _ended(context))
    assert await ward.letters() == []
    ward.poison.sick = set()
    async with projecting(ward):
        await ward.until(last.position)


async def _ended(context: Any) -> bool:
    return not context._running


def _raise(error: Exception) -> Callable[..., Any]:
    def raising(*_: Any) -> Any:
        raise error

    return raising


async def test_what_only_redis_cannot_be_given_is_no_event_s_fault(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, last = await sick_and_well(ward)
    ward.poison.sick = set()
    monkeypatch.setattr("workers.jobs.context._FAILING_PAUSE_S", 0)
    with monkeypatch.context() as spoilt:
        spoilt.setattr(RedisView, "apply", _raise(ValueError("no place for it")))
        async with projecting(ward):
            await until(lambda: _says(ward, "NotMirrored: ValueError: no place for it"))
    assert await ward.letters() == []
    async with projecting(ward):
        await ward.until(last.position)


async def _says(ward: Ward, error: str) -> bool:
    said = "select error from read.checkpoints where view = $1 and state = 'FAILING'"
    return bool(await ward.db.fetchval(said, VIEW.name) == error)


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, method: str) -> Iterator[None]:
    """Redis is lost whenever this is asked of it."""
    with monkeypatch.context() as broken:

        async def lost(*_: Any, **__: Any) -> Any:
            raise RedisGone

        broken.setattr(RedisView, method, lost)
        yield


async def test_a_redis_lost_while_something_is_parked_does_not_show_it_later(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick, _, last = await sick_and_well(ward)
    with dying(monkeypatch, "apply"), dying(monkeypatch, "restore"):
        async with projecting(ward):
            await until(lambda: _parked(ward, 2))
    async with projecting(ward):
        await ward.until(last.position)
    assert (await ward.document(sick))[1:] == (None, True)
    assert isinstance(await ward.read(sick), Behind)


async def _parked(ward: Ward, letters: int) -> bool:
    return len(await ward.letters()) == letters


async def test_a_redis_lost_while_rows_are_amended_is_restored_whole(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis stands where the table does, and yet it does not hold what was amended: only the mark in it tells."""
    sick, _, last = await sick_and_well(ward)
    async with projecting(ward):
        await ward.until(last.position)
    ward.poison.sick = set()
    await ward.db.execute(RETRY)
    with dying(monkeypatch, "apply"), dying(monkeypatch, "restore"):
        async with projecting(ward):
            await ward.until_settled()
            assert (await ward.document(sick))[0] is None, "readers are sent to the flat table"
    async with projecting(ward):
        await until(lambda: ward.stands_at(last.position))
        stored = (await ward.document(sick))[1]
        assert stored is not None
        assert stored.version == 3


async def test_nothing_is_amended_while_redis_cannot_be_told(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    sick, _, last = await sick_and_well(ward)
    async with projecting(ward):
        await ward.until(last.position)
        ward.poison.sick = set()
        with dying(monkeypatch, "suspend"):
            await ward.db.execute(RETRY)
            await asyncio.sleep(0.3)
            assert len(await ward.letters()) == 2
        await ward.until_settled()
        assert isinstance(await ward.read(sick, version=3), Found)
