"""A fresh replay of the log, by a plain fold: what every read model must equal, row by row."""

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from app import bootstrap, registry
from app.infra.event_log import COLUMNS, recorded
from app.infra.folding import Subject, changes, fold
from app.infra.redis_views import RedisView
from app.infra.tables import Stored
from app.kernel import structs
from app.kernel.messages import Recorded
from app.kernel.view import Key, View
from tests.support.installation import Installation

_ALL = f"select {COLUMNS} from write.events order by position"


async def whole_log(database_url: str) -> list[Recorded[Any]]:
    """Every event, in order."""
    connection = await asyncpg.connect(database_url)
    try:
        return [recorded(registry.EVENTS, row) for row in await connection.fetch(_ALL)]
    finally:
        await connection.close()


def replayed(view: View[Any], events: list[Recorded[Any]]) -> dict[Key, Stored[Any]]:
    """The rows of a view, folded from nothing."""
    rows: dict[Key, Stored[Any]] = {}
    subjects, _ = seen(view, events, {})
    for shard in range(view.shards):
        rows |= fold(view, shard, subjects, {})
    return rows


def seen(
    view: View[Any], events: list[Recorded[Any]], entities: dict[Key, Stored[Any]]
) -> tuple[Sequence[Subject], dict[Key, Stored[Any]]]:
    """What the view folds of these events, and the entities that they change, given those that there are."""
    mine = [event for event in events if type(event.event) in view.handles]
    return changes(view.entity, mine, entities) if view.entity else (mine, {})


async def until_caught_up(made: Installation, seconds: float = 60.0) -> None:
    """Waits until every shard of what is read, or will be, has passed the end of the log."""
    connection = await asyncpg.connect(made.database_url)
    deadline = time.monotonic() + seconds
    behind = (
        "select count(*) from read.checkpoints join read.generations using (view, generation) "
        "where read.generations.state <> 'KEPT' and position < (select max(position) from write.events)"
    )
    try:
        while await connection.fetchval(behind):
            assert time.monotonic() < deadline, await connection.fetch("select * from read.checkpoints")
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def assert_views_equal_a_replay(
    made: Installation, *, amended: bool = False, without: Collection[int] = ()
) -> int:
    """Compares every flat row, and every document in Redis, with a fresh replay. Returns the number of rows.

    Rows that were `amended` have the position at which that was done. The replay goes `without` some positions.
    """
    await until_caught_up(made)
    await asyncio.sleep(1.5)
    log, compared = await whole_log(made.database_url), 0
    events = [event for event in log if event.position not in without]
    head = log[-1].position if log else 0
    async with bootstrap.projection_stores(made.settings) as stores:
        for view in registry.VIEWS:
            expected, table = replayed(view, events), stores.tables[view.name]
            rows = await stores.pool.fetch(f"select {table.selected} from {table.table} present")
            held = {row[view.key]: table.stored(row) for row in rows}
            assert (_placed_as(expected, held, head) if amended else held) == expected, view.name
            compared += len(expected)
            if view.documents:
                for key in expected:
                    shown = await _document_at(stores.documents[view.name], key, held[key].position)
                    assert shown == held[key], (view.name, key, shown, held[key])
    return compared


async def _document_at(documents: RedisView[Any], key: Key, position: int, seconds: float = 60.0) -> Stored[Any] | None:
    """What Redis shows once it has come to a position: a worker may have died between the table and Redis, and Redis is
    brought after the table when another has taken the shard."""
    deadline = time.monotonic() + seconds
    while True:
        checkpoint, document, _ = await documents.read(key)
        if checkpoint is not None and checkpoint >= position:
            return document
        assert time.monotonic() < deadline, (key, checkpoint, position)
        await asyncio.sleep(0.05)


def _placed_as(expected: dict[Key, Stored[Any]], held: dict[Key, Stored[Any]], head: int) -> dict[Key, Stored[Any]]:
    """What is held, at the positions that are expected where it is at a later one."""
    return {
        key: structs.replace(stored, position=expected[key].position)
        if key in expected and expected[key].position < stored.position <= head
        else stored
        for key, stored in held.items()
    }
