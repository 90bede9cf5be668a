"""The log's id: tokens carry it and Redis keys begin with it, so that nothing of one log is taken for another's."""

import asyncio
from typing import Literal
from uuid import UUID

from app.infra.db import TRANSIENT, Connection, Pool

_LOOK_S = 2.0

_RENEW = """
with renewed as (update write.log set log_id = gen_random_uuid() returning log_id)
update read.log set log_id = (select log_id from renewed) returning log_id
"""

Side = Literal["read", "write"]
"""The schema whose copy of the id a process may read."""


class LogReplaced(Exception):
    """The database holds another log than when this process began."""


async def renew(connection: Connection) -> UUID:
    """Gives the log a new id, because it was restored to an earlier point: its positions will come again."""
    log_id: UUID = await connection.fetchval(_RENEW)
    return log_id


async def look_up(pool: Pool, side: Side) -> UUID:
    """The id of the log that the database holds now."""
    log_id: UUID = await pool.fetchval(f"select log_id from {side}.log")
    return log_id


async def until_replaced(pool: Pool, side: Side, log_id: UUID) -> None:
    """Watches over the log, through restarts of PostgreSQL. Raises LogReplaced when it has another id."""
    while True:
        await asyncio.sleep(_LOOK_S)
        try:
            found = await look_up(pool, side)
        except TRANSIENT:
            continue
        if found != log_id:
            raise LogReplaced(f"the database now holds the log {found}, no longer {log_id}")
