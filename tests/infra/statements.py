"""Which statements a process sends to PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from app.infra.db import Pool


@asynccontextmanager
async def statements_of(pool: Pool) -> AsyncIterator[list[str]]:
    """What is sent over a pool of one connection while the block lasts, in order.

    The driver's own questions about types, which it asks once, are in capitals; ours are not. Which generations there
    are is looked up each second, whatever is asked.
    """
    assert pool.get_max_size() == 1
    sent: list[str] = []

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        if not query.query.lstrip().startswith(("SELECT", "WITH")) and "from read.generations" not in query.query:
            sent.append(query.query)

    async with pool.acquire() as connection:
        connection.add_query_logger(note)
    yield sent
    async with pool.acquire() as connection:
        connection.remove_query_logger(note)
