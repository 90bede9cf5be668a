"""Which life of which server a pool's connections lead to: what was seen in one says nothing about the next."""

from typing import Any

import asyncpg

from app.infra.db import Connection, Pool

_LIFE = """
select pg_postmaster_start_time(), s.stats_reset, d.oid, inet_server_addr()::text, inet_server_port()
from pg_stat_bgwriter s, pg_database d where d.datname = current_database()
"""
"""A crash of one session ends all, and takes what was not written to disk, but leaves the postmaster and its start.
Statistics do not outlive it, so the moment of their reset tells. A database that was put in another's place has an oid
of its own; another server, to which the same address leads later, has another start."""


class ServerReplaced(asyncpg.PostgresConnectionError):
    """Connections lead to one server and then to another, as in the middle of a restart."""


class ServerLives:
    """Counts the lives that the connections of a pool have found; 0 as long as nobody looks.

    A projection's commit does not wait for the disk (see ADR 0002): in the next life a checkpoint may stand lower.
    Every connection says which life it leads to before it is used. As soon as one finds another life than those before
    it, they are given up. So what is read between two looks at `count` that show the same was read in one life.
    """

    def __init__(self) -> None:
        self.count = 0
        self._life: tuple[Any, ...] | None = None
        self._pool: Pool | None = None

    def of(self, pool: Pool) -> None:
        """Names the pool whose connections `greet` greets."""
        self._pool = pool

    async def greet(self, connection: Connection) -> None:
        """Takes note of the life that a new connection leads to."""
        life = tuple(await connection.fetchrow(_LIFE) or ())
        if life == self._life:
            return
        self._life = life
        self.count += 1
        if self._pool is not None:
            await self._pool.expire_connections()
