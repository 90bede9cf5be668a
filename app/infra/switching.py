"""Switching a view from one generation to another, and back, so that nobody sees less than before.

While the live generation's checkpoints are locked it stands still, and the next one passes it; then the next one is
live, in the same transaction. Both go on being projected until the older one is pruned.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.exceptions import RedisError

from app.infra import generations
from app.infra.db import Connection, Pool
from app.infra.redis_views import RedisView
from app.infra.table_views import TableView

_LONGEST_S = 0.4
"""How long the live generation stands still at most while the next one passes it."""

_LOOK_S = 0.005

_STATES = """
select generation, state, fingerprint from read.generations
where view = $1 order by generation for no key update
"""

_HOLD = """
select position from read.checkpoints where view = $1 and generation = $2 order by shard for no key update
"""

_REACHED = "select min(position) from read.checkpoints where view = $1 and generation = $2"

_SUPERSEDE = """
update read.generations set state = 'KEPT', superseded_at = clock_timestamp() where view = $1 and state = 'LIVE'
"""

_ACTIVATE = """
update read.generations
set state = 'LIVE', activated_at = clock_timestamp(), superseded_at = null,
    caught_up_at = coalesce(caught_up_at, clock_timestamp())
where view = $1 and generation = $2
"""

Documents = Callable[[TableView[Any]], RedisView[Any] | None]
"""What a generation keeps in Redis."""


class NotThereYet(Exception):
    """The other generation did not pass the live one while that stood still. Trying again is right."""


async def lock(connection: Connection, view: str) -> None:
    """Lets nobody else make or begin generations of the view until the transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('read.generations'), hashtext($1))", view)


async def switch(pool: Pool, documents: Documents, table: TableView[Any]) -> bool:
    """Makes this generation the live one. Returns whether it was not already. Raises NotThereYet.

    Nothing is changed for who does not know yet: the one that was live goes on, and is kept.
    """
    view = table.view.name
    async with pool.acquire() as connection, connection.transaction():
        await lock(connection, view)
        states = {row["generation"]: row["state"] for row in await connection.fetch(_STATES, view)}
        if states.get(table.generation) not in (generations.READY, generations.KEPT):
            return False
        live = next((number for number, state in states.items() if state == generations.LIVE), None)
        if live is not None:
            held = max(row["position"] for row in await connection.fetch(_HOLD, view, live))
            await _until(lambda: _has_passed(connection, documents(table), table, held))
        await connection.execute(_SUPERSEDE, view)
        await connection.execute(_ACTIVATE, view, table.generation)
    return True


async def _until(reached: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while not await reached():
        if time.monotonic() > deadline:
            raise NotThereYet
        await asyncio.sleep(_LOOK_S)


async def _has_passed(
    connection: Connection, documents: RedisView[Any] | None, table: TableView[Any], position: int
) -> bool:
    """Whether every shard stands there or beyond, in Redis as well unless that has lost it: then the table is read."""
    if await connection.fetchval(_REACHED, table.view.name, table.generation) < position:
        return False
    return documents is None or all(each >= position for each in await held_by(documents))


async def held_by(documents: RedisView[Any]) -> Sequence[int]:
    """The checkpoints of the shards that Redis holds now; none while it is out of reach."""
    try:
        return [each for each in await documents.checkpoints() if each is not None]
    except (RedisError, OSError):
        return ()
