"""What is rebuilt from the log is what is live, bit for bit: every row of every table, every document and sorted set.

The live views followed the commands as they came. They are rebuilt in a fresh database and under fresh keys, from the
first position of a copy of the log on.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from app import bootstrap, registry
from app.infra import log_tail
from app.infra.embedded import Servers
from app.kernel.clock import now
from tests.support.installation import Installation, installation
from tests.support.projecting import projecting
from tests.support.replay import until_caught_up
from tests.support.snapshots import Snapshot, snapshot
from tests.write_model.days import older_books, some_more_days
from tests.write_model.floor import Floor, envelope
from workers.jobs import shard_rows
from write_model.operations.commands import RetryDeadLetters


@dataclass(frozen=True)
class Live:
    """A shop with a history, what its views hold, and its log."""

    made: Installation
    held: Snapshot
    log: Sequence[asyncpg.Record]

    def parts(self, number: int) -> list[list[asyncpg.Record]]:
        """The log in so many parts of about one size."""
        edges = [len(self.log) * n // number for n in range(number + 1)]
        return [list(self.log[start:end]) for start, end in pairwise(edges)]


@pytest.fixture(scope="module")
async def live(servers: Servers) -> AsyncIterator[Live]:
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db:
        async with projecting(made):
            await made.seed()
            async with bootstrap.commands(made.settings) as side:
                await some_more_days(Floor(made, side, db))
                await older_books(Floor(made, side, db))
                await side.bus.dispatch(RetryDeadLetters(at=now(), consumer="sales"), envelope())
            held = await _caught_up(made)
        yield Live(made, held, await db.fetch("select * from write.events order by position"))


@pytest.mark.parametrize(
    ("batch", "remembered", "workers"),
    [(1_000, 4_096, 1), (1, 4_096, 1), (7, 2, 4)],
    ids=["at once", "event by event", "by several workers that remember little"],
)
async def test_rebuilt_views_equal_the_live_ones(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, live: Live, batch: int, remembered: int, workers: int
) -> None:
    monkeypatch.setattr(log_tail, "BATCH", batch)
    monkeypatch.setattr(shard_rows, "_REMEMBERED_ROWS", remembered)
    async with installation(servers) as fresh:
        for part in live.parts(workers):
            await _append(fresh, part)
            async with projecting(fresh):
                held = await _caught_up(fresh)
        _assert_the_same(held, live.held)


async def test_a_redis_that_was_flushed_holds_the_same_again(live: Live) -> None:
    async with bootstrap.projection_stores(live.made.settings) as stores:
        await stores.redis.flushall()
    async with projecting(live.made):
        _assert_the_same(await _caught_up(live.made), live.held)


async def _caught_up(made: Installation) -> Snapshot:
    """What the views hold at the end of the log, while somebody projects them."""
    await until_caught_up(made)
    return await snapshot(made)


def _assert_the_same(found: Snapshot, live: Snapshot) -> None:
    """First that there is something of every view, then part by part, so that a failure names what differs."""
    assert all(live.tables.values())
    assert {key.partition(":")[0] for key in live.keys} == {view.name for view in registry.VIEWS if view.in_redis}
    assert found.tables.keys() == live.tables.keys()
    for table, rows in live.tables.items():
        assert found.tables[table] == rows, table
    assert found.keys.keys() == live.keys.keys()
    for key, held in live.keys.items():
        assert found.keys[key] == held, key


async def _append(made: Installation, part: Sequence[Any]) -> None:
    connection = await asyncpg.connect(made.database_url)
    await connection.copy_records_to_table("events", schema_name="write", records=[tuple(row) for row in part])
    await connection.close()
