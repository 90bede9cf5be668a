"""The torture test of the log, and the reader's rules one by one."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import registry
from app.infra import appending, event_log, generations, log_tail
from app.infra.appending import AppendedCommand, Decision
from app.infra.db import COMMAND_ROLE, PROJECTION_ROLE, Pool, open_pool
from app.infra.event_log import Batch, GapTracker, LogReader
from app.infra.hints import HintListener
from app.infra.leases import Leases, ShardId
from app.infra.log_tail import LogTail
from app.infra.table_views import TableView
from app.infra.writes import Writes
from app.kernel.clock import new_id, now
from app.kernel.messages import Envelope, Principal, Recorded
from app.kernel.structs import Struct
from app.kernel.values import Address
from app.kernel.view import View, own_key
from tests.support.installation import Installation
from tests.write_model.floor import until
from workers.ending import end
from workers.jobs.rest import Rest
from workers.jobs.shard import ShardProjector
from workers.jobs.shared import Shared, Stores
from write_model.customers.events import AddressChanged

WRITERS = 20
SECONDS = 4.0
ROLLBACKS = 0.2

SOMEWHERE = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")
ACTOR = Principal("torture", frozenset())


class Seen(Struct, frozen=True, kw_only=True):
    customer_id: UUID
    positions: tuple[int, ...]
    versions: tuple[int, ...]


def see(seen: Seen | None, recorded: Recorded[Any], key: UUID) -> Seen:
    before = seen or Seen(customer_id=key, positions=(), versions=())
    return Seen(
        customer_id=key,
        positions=(*before.positions, recorded.position),
        versions=(*before.versions, recorded.version),
    )


VIEW = View(name="torture", row=Seen, handles=(AddressChanged,), keys=own_key, evolve=see)


class NaiveReader(LogReader):
    """What nearly every system had at some time."""

    async def read(self, after: int, limit: int) -> Batch:
        rows = await self._pool.fetch(event_log._READ, after, limit, self._types)
        upto = rows[-1]["position"] if rows else after
        return Batch(rows, upto, upto, gap=False)


@dataclass
class Torture:
    """Writers that dawdle between append and commit, and what they committed by aggregate."""

    committed: dict[UUID, list[int]] = field(default_factory=dict)
    rolled_back: int = 0

    @property
    def is_much(self) -> bool:
        """More than a thousand events, each appended with one or two others on average."""
        return self.rolled_back > 100 and sum(map(len, self.committed.values())) > 700

    async def write(self, pool: Pool, going_on: Callable[[], bool]) -> None:
        aggregate_id, version, chance = new_id(), 0, random.Random()
        self.committed[aggregate_id] = []
        while going_on():
            events = [changed(aggregate_id) for _ in range(chance.randint(1, 3))]
            async with pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                receipt = await append(connection, aggregate_id, version, events)
                await asyncio.sleep(chance.random() * (0.01 if chance.random() < 0.9 else 0.1))
                if chance.random() < ROLLBACKS:
                    await transaction.rollback()
                    self.rolled_back += 1
                else:
                    await transaction.commit()
                    version = receipt.version
                    self.committed[aggregate_id].append(receipt.position)

    async def torment(self, pool: Pool, seconds: float, enough: Callable[[], bool] = lambda: True) -> None:
        """For so long, and on a slow machine until it was much, and enough."""
        until = time.monotonic() + seconds

        def going_on() -> bool:
            return time.monotonic() < until or not (self.is_much and enough())

        await asyncio.gather(*(self.write(pool, going_on) for _ in range(WRITERS)))


def changed(customer_id: UUID) -> AddressChanged:
    return AddressChanged(customer_id=customer_id, address=SOMEWHERE, changed_at=now())


async def append(
    connection: asyncpg.pool.PoolConnectionProxy, aggregate_id: UUID, version: int, events: Sequence[AddressChanged]
) -> Any:
    envelope = Envelope(command_id=new_id(), actor=ACTOR, correlation_id=new_id())
    record = AppendedCommand("ChangeAddress", b"")
    statement = appending.appending(envelope, record, [Decision("customer", aggregate_id, version, events)])
    return await appending.append(connection, statement)


@asynccontextmanager
async def unrelated_transaction(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction with an xid that has written, but not to the log: an index build, a rebuild."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("create table if not exists public.unrelated (n int)")
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("insert into public.unrelated values (1)")
        yield connection
        await transaction.rollback()
    finally:
        await connection.close()


class Silent:
    """No hints at all: losing every one costs time, never an event."""

    def subscribed(self, *topics: str) -> Any:
        return HintListener.subscribed(HintListener(None, "none"), *topics)  # type: ignore[arg-type]

    async def tell(self, moved: str) -> None:
        return None


@asynccontextmanager
async def projected(pool: Pool) -> AsyncIterator[TableView[Seen]]:
    """The log is projected for as long as the block lasts."""
    stores, leases, hints = Stores(pool, TableView(VIEW, 1), None), Leases(pool, "torture"), Silent()
    tail = LogTail(pool, registry.EVENTS, ["AddressChanged"], hints)  # type: ignore[arg-type]
    lease = await leases.acquire(ShardId(VIEW.name, 1, 0))
    assert lease is not None
    shared = Shared(registry.EVENTS, tail, leases, Writes(pool), hints, Rest(hints), 100)  # type: ignore[arg-type]
    projecting = ShardProjector(stores, shared, lease).run(time.monotonic() + 3_600)
    running = [asyncio.create_task(each) for each in (tail.follow(), projecting)]
    try:
        yield stores.table
    finally:
        await end(running)


async def run_torture(bare: Installation, monkeypatch: pytest.MonkeyPatch) -> tuple[Torture, dict[UUID, Seen]]:
    """Writers and a projection at once, an unrelated transaction open from before to after all of it."""
    monkeypatch.setattr(log_tail, "SWEEP_S", 0.01)
    connection = await asyncpg.connect(bare.database_url)
    await generations.create_missing(connection, [VIEW])
    await connection.close()
    torture = Torture()
    async with (
        await open_pool(bare.database_url, COMMAND_ROLE, size=WRITERS) as writing,
        await open_pool(bare.database_url, PROJECTION_ROLE, size=4) as projecting,
        unrelated_transaction(bare.database_url),
    ):
        async with projected(projecting) as table:
            await torture.torment(writing, SECONDS)
            await until(lambda: _has_come_to(projecting, max(map(max, torture.committed.values()))))
        rows = await projecting.fetch(f"select {table.selected} from {table.table} present")
        return torture, {row["customer_id"]: table.stored(row).row for row in rows}


async def _has_come_to(pool: Pool, position: int) -> bool:
    reached = await pool.fetchval("select position from read.checkpoints where view = $1", VIEW.name)
    return bool(reached >= position)


async def test_every_committed_event_is_projected_once_and_in_order(
    bare: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    torture, seen = await run_torture(bare, monkeypatch)
    connection = await asyncpg.connect(bare.database_url)
    truth = await connection.fetch(
        "select aggregate_id, array_agg(position order by position) as positions from write.events group by 1"
    )
    await connection.close()
    committed = {row["aggregate_id"]: tuple(row["positions"]) for row in truth}
    assert {key: row.positions for key, row in seen.items()} == committed
    assert all(row.versions == tuple(range(1, len(row.versions) + 1)) for row in seen.values())
    assert sum(map(len, committed.values())) > 1_000
    assert torture.rolled_back > 100


async def test_the_torture_notices_a_reader_that_only_asks_for_what_is_beyond_its_last_position(
    bare: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "LogReader", NaiveReader)
    torture, seen = await run_torture(bare, monkeypatch)
    committed = {position for positions in torture.committed.values() for position in positions}
    projected = {position for row in seen.values() for position in row.positions}
    assert committed - projected, "the torture is too mild to tell a safe reader from an unsafe one"


class TestGapTracker:
    def test_without_gaps_everything_is_settled(self) -> None:
        assert GapTracker().settled(3, [4, 5, 6]) == 6

    def test_a_gap_stops_the_reader_where_it_is_first_seen(self) -> None:
        assert GapTracker().settled(3, [4, 6, 7]) == 4

    def test_a_gap_waits_for_the_writers_that_were_alive_when_it_was_seen(self) -> None:
        gaps = GapTracker()
        gaps.sighted(4, [6, 7], {"a", "b"})
        gaps.sighted(4, [6, 7], {"b", "c"})
        assert gaps.settled(4, [6, 7]) == 4
        gaps.sighted(4, [6, 7], {"c"})
        assert gaps.settled(4, [6, 7]) == 7
        assert gaps.waiting == {}

    def test_a_gap_that_is_filled_is_read_in_its_place(self) -> None:
        gaps = GapTracker()
        gaps.sighted(4, [6, 7], {"a"})
        assert gaps.settled(4, [5, 6, 7]) == 7
        assert gaps.waiting == {}

    def test_later_gaps_are_tracked_on_their_own(self) -> None:
        gaps = GapTracker()
        gaps.sighted(4, [6, 8], {"a"})
        gaps.sighted(4, [6, 8], set())
        gaps.sighted(4, [6, 8, 10], {"z"})
        assert gaps.settled(4, [6, 8, 10]) == 8


async def test_a_gap_is_not_passed_while_its_writer_lives_and_is_once_it_gave_up(bare: Installation) -> None:
    async with (
        await open_pool(bare.database_url, COMMAND_ROLE, size=3) as writing,
        await open_pool(bare.database_url, PROJECTION_ROLE, size=2) as reading,
    ):
        reader = LogReader(reading, ["AddressChanged"])
        async with writing.acquire() as slow:
            transaction = slow.transaction()
            await transaction.start()
            await append(slow, new_id(), 0, [changed(new_id())])
            async with writing.acquire() as quick, quick.transaction():
                await append(quick, new_id(), 0, [changed(new_id())])
            for _ in range(5):
                batch = await reader.read(0, 10)
                assert (batch.upto, batch.head, batch.gap, list(batch.rows)) == (0, 2, True, [])
            await transaction.rollback()
        batches = [await reader.read(0, 10) for _ in range(2)]
        assert [row["position"] for row in batches[-1].rows] == [2]


async def test_positions_are_handed_out_one_by_one(bare: Installation) -> None:
    """A cache of positions would be drawn before the writer's lock is taken, and the reader would not wait for it."""
    connection = await asyncpg.connect(bare.database_url)
    cached = await connection.fetchval(
        "select seqcache from pg_sequence where seqrelid = pg_get_serial_sequence('write.events', 'position')::regclass"
    )
    await connection.close()
    assert cached == 1
