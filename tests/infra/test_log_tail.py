"""The shared end of the log: whoever reads there gets what a reader of their own would, each event once, in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import registry
from app.infra import log_tail, stretches
from app.infra.db import COMMAND_ROLE, PROJECTION_ROLE, TRANSIENT, Pool, open_pool
from app.infra.event_log import Batch, LogReader, UnknownSchemaVersion
from app.infra.log_tail import LogTail, LoneReader
from app.infra.stretches import Logged, Stretch
from app.kernel.clock import new_id
from tests.infra.test_event_log import WRITERS, NaiveReader, Silent, Torture, append, changed, unrelated_transaction
from tests.support.installation import Installation
from tests.write_model.floor import until
from workers.ending import end

TYPES = ("AddressChanged",)
CONSUMERS = 8
SECONDS = 3.0


@pytest.fixture
async def pool(bare: Installation) -> AsyncIterator[Pool]:
    async with await open_pool(bare.database_url, PROJECTION_ROLE, size=4) as pool:
        yield pool


@pytest.fixture
async def writing(bare: Installation) -> AsyncIterator[Pool]:
    async with await open_pool(bare.database_url, COMMAND_ROLE, size=WRITERS) as writing:
        yield writing


@asynccontextmanager
async def followed(pool: Pool) -> AsyncIterator[LogTail]:
    """A tail without hints, which follows the log for as long as the block lasts."""
    tail = LogTail(pool, registry.EVENTS, TYPES, Silent())  # type: ignore[arg-type]
    following = asyncio.create_task(tail.follow())
    try:
        yield tail
    finally:
        await end([following])


@pytest.fixture(autouse=True)
def _quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_tail, "SWEEP_S", 0.02)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After which positions the log was read, by whomever."""
    found: list[int] = []

    class Noted(LogReader):
        async def read(self, after: int, limit: int) -> Batch:
            found.append(after)
            return await super().read(after, limit)

    monkeypatch.setattr(log_tail, "LogReader", Noted)
    return found


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After which positions consumers read by themselves."""
    found: list[int] = []
    after = LoneReader.after

    async def noted(self: LoneReader, position: int) -> Stretch:
        found.append(position)
        return await after(self, position)

    monkeypatch.setattr(LoneReader, "after", noted)
    return found


@pytest.fixture
def read_alone(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After which positions the log was read far behind its end, for one consumer or several."""
    found: list[int] = []
    read = LoneReader._read

    async def noted(self: LoneReader, position: int) -> Stretch:
        found.append(position)
        return await read(self, position)

    monkeypatch.setattr(LoneReader, "_read", noted)
    return found


class Consumer:
    """Goes along the log as a shard does; now and then something else takes its time."""

    def __init__(self, tail: LogTail, dawdles_s: float = 0.0) -> None:
        self._tail, self._alone, self._dawdles_s = tail, tail.alone(TYPES), dawdles_s
        self.position, self.positions = 0, list[int]()

    async def step(self) -> None:
        read = await self._tail.after(self.position) or await self._alone.after(self.position)
        assert all(self.position < event.position <= read.upto for event in read.events)
        assert read.upto <= read.head
        self.positions += [event.position for event in read.events]
        self.position = read.upto

    async def run(self, over: asyncio.Event) -> None:
        chance = random.Random()
        while not over.is_set():
            await self.step()
            if chance.random() < 0.1:
                await asyncio.sleep(chance.random() * self._dawdles_s)

    async def reach(self, position: int) -> None:
        while self.position < position:
            await self.step()


async def write(pool: Pool, number: int) -> None:
    """So many events, one transaction each."""
    async with pool.acquire() as connection:
        for _ in range(number):
            await append(connection, new_id(), 0, [changed(new_id())])


async def tormented(
    bare: Installation, pool: Pool, writing: Pool, enough: Callable[[], bool] = lambda: True
) -> tuple[Torture, list[Consumer]]:
    """Writers and consumers at once; some consumers are slow, so that the window passes them by."""
    torture, over = Torture(), asyncio.Event()
    async with followed(pool) as tail, unrelated_transaction(bare.database_url):
        consumers = [Consumer(tail, dawdles_s=0.1 * number) for number in range(CONSUMERS)]
        async with asyncio.TaskGroup() as running:
            for consumer in consumers:
                running.create_task(consumer.run(over))
            await torture.torment(writing, SECONDS, enough)
            over.set()
        head = (await committed(bare))[-1]
        await asyncio.gather(*(consumer.reach(head) for consumer in consumers))
    return torture, consumers


async def committed(bare: Installation) -> list[int]:
    connection = await asyncpg.connect(bare.database_url)
    try:
        return [row["position"] for row in await connection.fetch("select position from write.events order by 1")]
    finally:
        await connection.close()


async def test_every_consumer_gets_every_committed_event_once_and_in_order(
    bare: Installation,
    pool: Pool,
    writing: Pool,
    alone: list[int],
    read_alone: list[int],
    readings: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_tail, "KEPT_EVENTS", 40)

    def both_ways() -> bool:
        return len(alone) > 20 and len(readings) - len(read_alone) > 100

    torture, consumers = await tormented(bare, pool, writing, both_ways)
    truth = await committed(bare)
    assert [consumer.positions for consumer in consumers] == [truth] * CONSUMERS
    assert len(truth) > 1_000
    assert torture.rolled_back > 100
    assert len(alone) > 20, "nobody fell behind the window, so that way was not put to the test"
    assert len(readings) - len(read_alone) > 100, "nobody read at the tail"


async def test_the_torture_notices_a_tail_that_only_asks_for_what_is_beyond_its_last_position(
    bare: Installation, pool: Pool, writing: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "LogReader", NaiveReader)
    _, consumers = await tormented(bare, pool, writing)
    truth = set(await committed(bare))
    assert all(truth - set(consumer.positions) for consumer in consumers)


async def test_all_who_stand_at_the_end_share_one_reading_and_one_decoding(
    pool: Pool, writing: Pool, readings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "SWEEP_S", 60.0)
    await write(writing, 3)
    async with followed(pool) as tail:
        stretches = await asyncio.gather(*(tail.after(0) for _ in range(CONSUMERS)))
    assert readings == [0]
    assert {stretch.upto for stretch in stretches if stretch} == {3}
    decoded = [[event.recorded() for event in stretch.events] for stretch in stretches if stretch]
    assert len(decoded) == CONSUMERS
    assert all(one is first for each in decoded for one, first in zip(each, decoded[0], strict=True))


async def test_nothing_is_read_while_nobody_waits(pool: Pool, writing: Pool, readings: list[int]) -> None:
    async with followed(pool) as tail:
        await write(writing, 1)
        assert await tail.after(0) is not None
        before = len(readings)
        await asyncio.sleep(0.2)
        assert len(readings) == before


async def test_what_a_sweep_finds_without_a_word_is_counted(pool: Pool, writing: Pool) -> None:
    async with followed(pool) as tail:
        consumer = Consumer(tail)
        await consumer.step()
        assert tail.unhinted == 0
        await write(writing, 1)
        await consumer.reach(1)
        assert tail.unhinted == 1


async def test_a_tail_has_a_pulse_while_somebody_waits_for_it_and_rests_otherwise(pool: Pool, writing: Pool) -> None:
    await write(writing, 1)
    async with followed(pool) as tail:
        await Consumer(tail).reach(1)
        await until(lambda: _rests(tail))
    left = asyncio.create_task(tail.after(1))
    await until(lambda: _has_a_pulse(tail))
    left.cancel()


async def _rests(tail: LogTail) -> bool:
    return tail.pulse.age_s == 0.0


async def _has_a_pulse(tail: LogTail) -> bool:
    """Nobody follows the log, so its age only grows."""
    return tail.pulse.age_s > 0.05


async def test_somebody_slightly_behind_is_served_from_memory(pool: Pool, writing: Pool, readings: list[int]) -> None:
    await write(writing, 5)
    async with followed(pool) as tail:
        await Consumer(tail).reach(5)
        before = len(readings)
        stretch = await tail.after(2)
    assert stretch is not None
    assert [event.position for event in stretch.events] == [3, 4, 5]
    assert len(readings) == before


async def test_a_restored_backup_is_noticed_with_the_next_lease(bare: Installation, pool: Pool, writing: Pool) -> None:
    """The log goes back to position 2, and gives 3 and 4 out again; the window holds what they were before."""
    await write(writing, 4)
    async with followed(pool) as tail:
        await Consumer(tail).reach(4)
        await tail.verify(2)
        before = await tail.after(2)
        connection = await asyncpg.connect(bare.database_url)
        await connection.execute("delete from write.events where position > 2")
        await connection.execute("alter table write.events alter column position restart with 3")
        await connection.close()
        await tail.verify(2)
        await write(writing, 2)
        after = await tail.after(2)
    assert before is not None
    assert after is not None
    assert [event.position for event in before.events] == [event.position for event in after.events] == [3, 4]
    assert {event.recorded_at for event in before.events}.isdisjoint(event.recorded_at for event in after.events)


async def test_a_log_that_is_as_long_again_is_another_all_the_same(
    bare: Installation, pool: Pool, writing: Pool, readings: list[int]
) -> None:
    await write(writing, 4)
    async with followed(pool) as tail:
        await Consumer(tail).reach(4)
        connection = await asyncpg.connect(bare.database_url)
        await connection.execute("delete from write.events where position > 2")
        await connection.execute("alter table write.events alter column position restart with 3")
        await connection.close()
        await write(writing, 2)
        readings.clear()
        await tail.verify(2)
        assert await tail.after(2) is not None
    assert readings[0] == 2


async def test_who_is_more_than_a_batch_behind_is_served_a_batch_at_a_time(
    pool: Pool, writing: Pool, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "BATCH", 10)
    await write(writing, 25)
    async with followed(pool) as tail:
        await Consumer(tail).reach(25)
        late = Consumer(tail)
        await late.step()
        assert late.positions == list(range(1, 11))
        await late.reach(25)
    assert late.positions == list(range(1, 26))
    assert alone == []


async def test_somebody_far_behind_reads_alone_until_the_window_and_then_with_the_others(
    pool: Pool, writing: Pool, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "BATCH", 10)
    monkeypatch.setattr(log_tail, "KEPT_EVENTS", 20)
    await write(writing, 100)
    async with followed(pool) as tail:
        first, late = Consumer(tail), Consumer(tail)
        first.position = 95
        await first.reach(100)
        await late.reach(100)
        assert alone == list(range(0, 100, 10))
        before = len(alone)
        await write(writing, 7)
        await asyncio.gather(first.reach(107), late.reach(107))
    assert len(alone) == before
    assert late.positions == list(range(1, 108))


async def test_a_tail_that_was_left_behind_begins_anew_where_somebody_stands(pool: Pool, writing: Pool) -> None:
    await write(writing, 30)
    async with followed(pool) as tail:
        await Consumer(tail).reach(30)
        await write(writing, 2_000)
        far = Consumer(tail)
        far.position = 2_025
        await asyncio.wait_for(far.reach(2_030), 5)
        near = Consumer(tail)
        near.position = 30
        await asyncio.wait_for(near.reach(2_030), 5)
    assert (far.positions, near.positions) == (list(range(2_026, 2_031)), list(range(31, 2_031)))


@pytest.mark.parametrize(("bound", "most"), [("KEPT_EVENTS", 12), ("KEPT_CHARACTERS", 9_000)])
async def test_the_window_keeps_no_more_than_it_may(
    pool: Pool, writing: Pool, bound: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, bound, most)
    async with followed(pool) as tail:
        consumer = Consumer(tail)
        for upto in range(25, 225, 25):
            await write(writing, 25)
            await consumer.reach(upto)
            kept = kept_by(tail)
            assert 0 < len(kept) < 25
            assert {"KEPT_EVENTS": len(kept), "KEPT_CHARACTERS": sum(event.size for event in kept)}[bound] <= most
            assert [event.position for event in kept] == list(range(upto - len(kept) + 1, upto + 1))
            assert await tail.after(kept[0].position - 2) is None
            stretch = await tail.after(kept[0].position - 1)
            assert stretch is not None
            assert list(stretch.events) == kept
    assert consumer.positions == list(range(1, 201))


def kept_by(tail: LogTail) -> list[Any]:
    assert tail._window is not None
    return list(tail._window._events)


async def test_a_reading_that_fails_fails_for_all_who_wait_and_the_next_one_goes_on(
    bare: Installation, pool: Pool, writing: Pool
) -> None:
    await write(writing, 3)
    async with followed(pool) as tail:
        await Consumer(tail).reach(3)
        owner = await asyncpg.connect(bare.database_url)
        await owner.execute("alter table write.events rename to out_of_reach")
        for _ in range(3):
            waiting = [tail.after(3) for _ in range(CONSUMERS)]
            answers = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(answer) for answer in answers} == {asyncpg.UndefinedTableError}
        await owner.execute("alter table write.out_of_reach rename to events")
        await owner.close()
        await write(writing, 2)
        consumers = [Consumer(tail) for _ in range(CONSUMERS)]
        await asyncio.gather(*(consumer.reach(5) for consumer in consumers))
    assert [consumer.positions for consumer in consumers] == [[1, 2, 3, 4, 5]] * CONSUMERS


async def test_lost_connections_fail_at_most_one_reading(bare: Installation, pool: Pool, writing: Pool) -> None:
    async with followed(pool) as tail:
        await write(writing, 1)
        await Consumer(tail).reach(1)
        owner = await asyncpg.connect(bare.database_url)
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", PROJECTION_ROLE
        )
        await owner.close()
        await write(writing, 1)
        consumer = Consumer(tail)
        try:
            await consumer.reach(2)
        except TRANSIENT:
            await consumer.reach(2)
    assert consumer.positions == [1, 2]


async def test_an_event_that_cannot_be_decoded_fails_for_those_alone_who_want_it(
    bare: Installation, pool: Pool, writing: Pool
) -> None:
    await write(writing, 2)
    owner = await asyncpg.connect(bare.database_url)
    await owner.execute("update write.events set schema_version = 99 where position = 1")
    await owner.close()
    async with followed(pool) as tail:
        stretch = await tail.after(0)
    assert stretch is not None
    strange, known = stretch.events
    assert known.recorded().position == 2
    for _ in range(2):
        with pytest.raises(UnknownSchemaVersion):
            strange.recorded()


async def test_a_gap_holds_everybody_until_its_writer_is_gone_and_wakes_them_for_their_leases(
    pool: Pool, writing: Pool
) -> None:
    async with followed(pool) as tail, writing.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await append(slow, new_id(), 0, [changed(new_id())])
        await write(writing, 1)
        for _ in range(5):
            stretch = await asyncio.wait_for(tail.after(0), 5)
            assert stretch is not None
            assert (list(stretch.events), stretch.upto, stretch.head) == ([], 0, 2)
        await transaction.commit()
        consumer = Consumer(tail)
        await consumer.reach(2)
    assert consumer.positions == [1, 2]


@given(sizes=st.lists(st.integers(0, 400), max_size=12), idle=st.integers(0, 3))
def test_a_stretch_comes_in_parts_of_bounded_size(sizes: list[int], idle: int) -> None:
    """None of them is lost, and the last part leads as far as the whole."""
    unread = {"type": "T", "recorded_at": None, "metadata": None}
    rows = [unread | {"position": n, "data": "x" * size} for n, size in enumerate(sizes, 1)]
    events = [Logged(registry.EVENTS, row) for row in rows]  # type: ignore[arg-type]
    whole = Stretch(events, len(events) + idle, len(events) + idle + 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "PART_CHARACTERS", 500)
        parts = list(whole.parts())
    assert [event for part in parts for event in part.events] == events
    assert [part.upto for part in parts[:-1]] == [part.events[-1].position for part in parts[:-1]]
    assert (parts[-1].upto, {part.head for part in parts}) == (whole.upto, {whole.head})
    assert all(sum(event.size for event in part.events[:-1]) <= 500 for part in parts)
    assert len(parts) <= 1 + sum(sizes) // 500
