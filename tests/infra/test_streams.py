"""What an event-sourced aggregate is, is what its events say, with a snapshot or without."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest

from app.infra.bus import Bus
from app.infra.db import COMMAND_ROLE, open_pool
from app.infra.event_log import EventCatalog
from app.infra.streams import Saved, Sourced, Streams
from app.infra.unit_of_work import Work
from app.kernel.clock import new_id, now
from app.kernel.errors import VersionConflict
from app.kernel.messages import Command, Event, Receipt
from app.kernel.structs import Struct
from tests.support.installation import Installation
from tests.write_model.floor import envelope, until


class Counted(Event, frozen=True, kw_only=True):
    number: int


class CountedByName(Event, frozen=True, kw_only=True):
    SCHEMA_VERSION: ClassVar[int] = 2
    number: int


class Tally(Struct, frozen=True, kw_only=True):
    """The last numbers, and their sum."""

    total: int = 0
    last: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Command):
    target: ClassVar[str] = "tally"
    tally: UUID
    numbers: tuple[int, ...]
    also: UUID | None = None

    @property
    def aggregate_ids(self) -> tuple[UUID, ...]:
        return (self.tally, self.also) if self.also else (self.tally,)


def evolve(tally: Tally | None, event: Counted | CountedByName) -> Tally:
    before = tally or Tally()
    return Tally(total=before.total + event.number, last=(*before.last[-3:], event.number))


NUMBERS = {"one": 1, "two": 2}
CATALOG = EventCatalog((Counted, CountedByName), {("CountedByName", 1): lambda old: {"number": NUMBERS[old["name"]]}})
TALLY = Sourced("tally", Tally, evolve, CATALOG, snapshot_every=10)


class Quiet:
    """Nobody listens."""

    def log_moved(self, position: int) -> None: ...


OLDER = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
values (gen_random_uuid(), 'tally', $1, 2, 'CountedByName', 1, '{"name": "two"}', '{}')
"""


@dataclass
class Clerk:
    """Counts, and looks at what was counted."""

    db: asyncpg.Pool
    kind: Sourced[Tally] = TALLY
    found: Tally | None = None

    async def count(self, tally: UUID, *numbers: int, also: UUID | None = None, version: int | None = None) -> Receipt:
        bus = Bus(self.db, {Count: self._handle}, Quiet())
        command = Count(at=datetime.now(tz=now().tzinfo), tally=tally, numbers=numbers, also=also)
        return await bus.dispatch(command, envelope(expected_version=version))

    async def _handle(self, command: Count, work: Work) -> None:
        streams = Streams(work, self.kind)
        ids = [command.tally, *([command.also] if command.also else [])]
        others = await streams.load(ids) if command.also else {}
        own = others.get(command.tally) if command.also else await streams.own(command.tally)
        self.found = own.state if own else None
        events = [Counted(number=number) for number in command.numbers]
        also = [Saved(command.also, others.get(command.also), events)] if command.also else []
        streams.save_all(Saved(command.tally, own, events), *also)

    async def tampered(self, tally: UUID) -> None:
        """The snapshot says what no event ever said."""
        snapshot = """update write.streams set snapshot = '{"total": 1000, "last": []}' where aggregate_id = $1"""
        await self.db.execute(snapshot, tally)

    async def known(self, tally: UUID) -> Tally | None:
        """What the next command to it finds."""
        await self.count(tally, 0)
        return self.found


@pytest.fixture
async def clerk(bare: Installation) -> AsyncIterator[Clerk]:
    async with await open_pool(bare.database_url, COMMAND_ROLE, size=4) as pool:
        yield Clerk(pool)


async def test_it_is_what_its_events_have_made_it(clerk: Clerk) -> None:
    tally = new_id()
    receipts = [await clerk.count(tally, number, 1) for number in range(1, 36)]
    assert [receipt.version for receipt in receipts] == list(range(2, 72, 2))
    assert await clerk.known(tally) == Tally(total=sum(range(1, 36)) + 35, last=(34, 1, 35, 1))


async def test_what_is_before_the_snapshot_is_not_folded_again(clerk: Clerk) -> None:
    tally = new_id()
    await clerk.count(tally, *range(8))
    await clerk.count(tally, 1, 1, 1)
    await clerk.count(tally, 5)
    await clerk.tampered(tally)
    assert await clerk.known(tally) == Tally(total=1005, last=(5,))


async def test_a_snapshot_of_an_older_fold_is_left_alone(clerk: Clerk) -> None:
    tally = new_id()
    await clerk.count(tally, *range(8))
    await clerk.count(tally, *range(4))
    await clerk.tampered(tally)
    newer = Clerk(clerk.db, Sourced("tally", Tally, evolve, CATALOG, revision=2, snapshot_every=10))
    assert await newer.known(tally) == Tally(total=28 + 6, last=(0, 1, 2, 3))


async def test_events_of_older_shapes_are_brought_to_todays(clerk: Clerk) -> None:
    tally = new_id()
    await clerk.count(tally, 5)
    await clerk.db.execute(OLDER, tally)
    await clerk.db.execute("update write.streams set version = 2 where aggregate_id = $1", tally)
    assert await clerk.known(tally) == Tally(total=7, last=(5, 2))


async def test_an_expected_version_is_held_to(clerk: Clerk) -> None:
    tally = new_id()
    await clerk.count(tally, 1, 2)
    with pytest.raises(VersionConflict):
        await clerk.count(tally, 3, version=1)
    await clerk.count(tally, 3, version=2)


async def test_what_counts_at_once_in_two_tallies_loses_nothing(clerk: Clerk) -> None:
    tallies = [new_id() for _ in range(3)]
    for tally in tallies:
        await clerk.count(tally, 0)
    pairs = [(one, other) for one in tallies for other in tallies if one != other] * 8
    await asyncio.gather(*(clerk.count(one, 1, also=other) for one, other in pairs))
    found = [await clerk.known(tally) for tally in tallies]
    assert [each.total for each in found if each] == [2 * len(pairs) / 3] * 3


_WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
_LOCKED = "select 1 from write.streams where aggregate_id = $1 for update {}"


async def test_commands_that_cross_wait_for_the_same_row_and_hold_none_meanwhile(
    clerk: Clerk, bare: Installation
) -> None:
    """Whichever of two aggregates is a command's own: so none ever waits for one that waits for it."""
    lower, higher = sorted([new_id(), new_id()])
    for tally in (lower, higher):
        await clerk.count(tally, 0)
    looker, holder = await asyncpg.connect(bare.database_url), await asyncpg.connect(bare.database_url)

    async def both_wait() -> bool:
        return bool(await looker.fetchval(_WAITING) == 2)

    holding = holder.transaction()
    await holding.start()
    await holder.execute(_LOCKED.format(""), lower)
    async with asyncio.TaskGroup() as crossing:
        crossing.create_task(clerk.count(lower, 1, also=higher))
        crossing.create_task(clerk.count(higher, 2, also=lower))
        await until(both_wait)
        free = await looker.fetchval(_LOCKED.format("skip locked"), higher)
        await holding.rollback()
    await asyncio.gather(looker.close(), holder.close())
    found = [await clerk.known(each) for each in (lower, higher)]
    assert (free, [each.total for each in found if each]) == (1, [3, 3])
