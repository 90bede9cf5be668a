"""Dropping the generations of a view that nobody reads any more: checkpoints, then tables, then what Redis holds.

It may end between any two steps; whoever comes next goes on with what is PRUNED but not done.
"""

import asyncio

import asyncpg
import redis.asyncio as aioredis

from app.infra.db import PROJECTION_ROLE, Connection, Pool

_CHOOSE = """
update read.generations g set state = 'PRUNED'
where view = $1 and (
    state = 'KEPT' and superseded_at < clock_timestamp() - make_interval(secs => $2)
    or state = 'READY' and only_checked
    or state in ('BUILDING', 'READY') and created_at < clock_timestamp() - make_interval(secs => $2)
        and not exists (
            select from read.checkpoints c where (c.view, c.generation) = (g.view, g.generation)
            and greatest(c.lease_until, c.heartbeat_at) > clock_timestamp() - make_interval(secs => $2)
        )
        and exists (
            select from read.checkpoints c join read.generations l using (view, generation)
            where view = $1 and l.state = 'LIVE' and c.lease_until > clock_timestamp()
        )
)
returning generation
"""
"""A read that is under way, or a process that has not heard of the switch, still reads what was superseded just now.
What nobody has built for as long, while workers project the view, was of a version that is not coming back."""

STILL_READ_S = 60.0

_FENCE = """
delete from read.checkpoints c using read.generations g
where g.view = $1 and g.state = 'PRUNED' and (c.view, c.generation) = (g.view, g.generation)
"""

_FORGET = """
delete from read.dead_letters d using read.generations g
where g.view = $1 and g.state = 'PRUNED' and (d.consumer, d.generation) = (g.view, g.generation)
"""

_UNDONE = """
select generation from read.generations where view = $1 and state = 'PRUNED' and pruned_at is null order by generation
"""

_WITH_UNDONE = """
select distinct view from read.generations where state = 'PRUNED' and pruned_at is null order by view
"""

_TABLES = """
select tablename from pg_tables where schemaname = 'read' and tablename ~ format('^%s__%s(_|$)', $1::text, $2::integer)
"""

_DONE = "update read.generations set pruned_at = clock_timestamp() where view = $1 and generation = $2"

_ATTEMPTS = 20
_KEYS_AT_ONCE = 1_000
_PAUSE_S = 0.002


async def choose(connection: Connection, view: str, still_read_s: float = STILL_READ_S) -> list[int]:
    """Gives up what is kept of the view or built by nobody for `still_read_s` seconds, and what was only compared.

    To be called in a transaction. From its end on nobody can write it; `prune` does the rest. Returns the generations.
    """
    chosen = [row["generation"] for row in await connection.fetch(_CHOOSE, view, still_read_s)]
    await connection.execute(_FENCE, view)
    await connection.execute(_FORGET, view)
    return chosen


async def undone(pool: Pool) -> list[str]:
    """The views of which something is given up that is still there."""
    return [row["view"] for row in await pool.fetch(_WITH_UNDONE)]


async def prune(pool: Pool, redis: aioredis.Redis, prefix: str, view: str) -> list[int]:
    """Drops what is given up of the view. Returns the generations that are gone now.

    Raises RedisError while Redis is out of reach, or LockNotAvailableError where a read does not end: then it is to be
    called again.
    """
    gone = [row["generation"] for row in await pool.fetch(_UNDONE, view)]
    for generation in gone:
        await _drop_tables(pool, view, generation)
        await _drop_keys(redis, f"{prefix}:{view}:{generation}:*")
        await pool.execute(_DONE, view, generation)
    return gone


async def _drop_tables(pool: Pool, view: str, generation: int) -> None:
    for row in await pool.fetch(_TABLES, view, generation):
        await _drop(pool, row["tablename"])


async def _drop(pool: Pool, table: str) -> None:
    """Waits for who reads it, never for long: whoever comes behind in the line would wait, too."""
    for attempt in range(_ATTEMPTS):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await _drop_now(connection, table)
        except asyncpg.LockNotAvailableError:
            if attempt + 1 == _ATTEMPTS:
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def _drop_now(connection: Connection, table: str) -> None:
    await connection.execute(f"set local role {PROJECTION_ROLE}")
    await connection.execute("set local lock_timeout = '200ms'")
    await connection.execute(f'drop table if exists read."{table}"')


async def _drop_keys(redis: aioredis.Redis, pattern: str) -> None:
    """In small steps, between which Redis answers others."""
    cursor = 0
    while True:
        cursor, keys = await redis.scan(cursor, match=pattern, count=_KEYS_AT_ONCE)
        if keys:
            await redis.unlink(*keys)
        if cursor == 0:
            return
        await asyncio.sleep(_PAUSE_S)
