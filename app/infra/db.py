"""Connection pools, each with the database role of one kind of work."""

from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

COMMAND_ROLE: Final = "counterfoil_command"
PROJECTION_ROLE: Final = "counterfoil_projection"
QUERY_ROLE: Final = "counterfoil_query"

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Pool = asyncpg.Pool

_SETTINGS = {
    COMMAND_ROLE: {
        "statement_timeout": "10s",
        "lock_timeout": "8s",
        "idle_in_transaction_session_timeout": "10s",
        "plan_cache_mode": "force_generic_plan",  # what is in the arrays is no reason to plan anew each time
        "enable_seqscan": "off",  # rows are read by key: a plan from when the table was small must not scan it later
    },
    PROJECTION_ROLE: {
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "30s",
        "plan_cache_mode": "force_generic_plan",  # what is in the arrays is no reason to plan anew each time
        "enable_seqscan": "off",  # rows are read by key: a plan from when the table was small must not scan it later
    },
    QUERY_ROLE: {
        "statement_timeout": "10s",
        "default_transaction_read_only": "on",
        # From where on words are like each other: of `<<%` and of `<%`.
        "pg_trgm.strict_word_similarity_threshold": "0.25",
        "pg_trgm.word_similarity_threshold": "0.4",
    },
}

TRANSIENT: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that is asked again while it is being lost
    OSError,
)
"""What a restart of PostgreSQL looks like from here; trying again is right."""


Greeting = Callable[[Connection], Awaitable[None]]
"""What a new session goes through before it is used."""


async def open_pool(dsn: str, role: str, *, size: int, idle: int = 1, greet: Greeting | None = None) -> Pool:
    """A pool whose sessions act as `role` from their first statement. Sizes in connections."""
    settings = {"application_name": role, "jit": "off", **_SETTINGS[role]}
    return await asyncpg.create_pool(
        dsn,
        min_size=min(idle, size),
        max_size=size,
        server_settings=settings,
        init=_Become(role, greet),
        reset=_keep_session,
        max_inactive_connection_lifetime=300,
        max_cacheable_statement_size=0,  # none: what writes many views at once is long, and is used again
    )


class _Become:
    """Takes on the role once per connection; as a login role it is the same role already."""

    def __init__(self, role: str, greet: Greeting | None) -> None:
        self._statement, self._greet = f"set session role {role}", greet

    async def __call__(self, connection: Connection) -> None:
        await connection.execute(self._statement)
        if self._greet is not None:
            await self._greet(connection)


async def _keep_session(connection: Connection) -> None:
    """Nothing here changes a session's settings, so the usual reset would be a wasted round trip."""
