"""What operators have asked for, carried out in the order of the log, each once: with its outcome, or not at all."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import asyncpg
import structlog

from app.infra.db import TRANSIENT, Connection, Pool
from app.infra.generations import fingerprint
from app.infra.table_views import TableView
from app.kernel.view import View

_log = structlog.get_logger()

Action = Callable[[Connection, Any], Awaitable[str]]
"""Carries a request out within a transaction, and says in words what came of it. Raises NotPossible."""

_ALONE: Final = "select pg_try_advisory_xact_lock(hashtext('counterfoil:requests'))"
_CARRIED_OUT: Final = "insert into read.carried_out (request_id, position, outcome, failed) values ($1, $2, $3, $4)"

_RETRY: Final = """
with wanted as (
    update read.dead_letters set retry = true
    where consumer = $1 and ($2::uuid is null or sequence = $2) returning sequence
) select count(distinct sequence) from wanted
"""
_DISCARD: Final = """
insert into read.discarded (consumer, position, reason, discarded_by, discarded_at)
values ($1, $2, $3, $4, $5) on conflict do nothing
"""
_RETRY_BEHIND: Final = """
update read.dead_letters set retry = true
where consumer = $1 and sequence in (select sequence from read.dead_letters where consumer = $1 and position = $2)
"""


_GENERATION: Final = """
select generation from read.generations
where view = $1 and fingerprint = $2 and activated_at is not null and state <> 'PRUNED'
order by state = 'LIVE' desc, activated_at desc limit 1
"""
"""What the view is read from now: it is rebuilt like any other."""


class NotPossible(Exception):
    """A request that cannot be carried out as things are; the message tells the operator why."""


async def retry_dead_letters(connection: Connection, request: Any) -> str:
    """Lets shards try again what they have parked, in all generations."""
    sequences = await connection.fetchval(_RETRY, request.consumer, request.sequence)
    return f"{sequences} parked aggregates are tried again"


async def discard_dead_letter(connection: Connection, request: Any) -> str:
    """Lets all generations do without an event, and go on with what is behind it. Raises NotPossible."""
    parked = "select exists (select from read.dead_letters where consumer = $1 and position = $2 and attempts > 0)"
    if not await connection.fetchval(parked, request.consumer, request.letter):
        raise NotPossible(f"position {request.letter} is not the first of a parked aggregate's events")
    said = (request.consumer, request.letter, request.reason, request.requested_by, request.requested_at)
    await connection.execute(_DISCARD, *said)
    await connection.execute(_RETRY_BEHIND, request.consumer, request.letter)
    return f"the event at position {request.letter} is passed by"


ACTIONS: Final[Mapping[str, Action]] = {
    "DeadLettersRetryRequested": retry_dead_letters,
    "DeadLetterDiscarded": discard_dead_letter,
}
"""By the event that a request is."""


class Requests:
    """Those of a view whose rows have a `request_id`, a `log_position`, a `kind` and what the action of it needs."""

    def __init__(self, pool: Pool, view: View[Any], actions: Mapping[str, Action] = ACTIONS) -> None:
        self._pool, self._view, self._actions = pool, view, actions

    async def carry_out(self) -> None:
        """Carries out whatever is not yet, unless another worker does."""
        generation = await self._pool.fetchval(_GENERATION, self._view.name, fingerprint(self._view))
        if generation is None:
            return
        table = TableView(self._view, generation)
        if await self._pool.fetchrow(_next(table)) is None:
            return
        while await self._carry_out_one(table):
            pass

    async def _carry_out_one(self, table: TableView[Any]) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(_ALONE):
                return False
            record = await connection.fetchrow(_next(table))
            if record is None:
                return False
            await self._act(connection, table.stored(record).row)
            return True

    async def _act(self, connection: Connection, request: Any) -> None:
        """What goes wrong is the outcome, and nothing of it stays; the next request must not wait for it."""
        try:
            async with connection.transaction():
                outcome, failed = await self._action(request.kind)(connection, request), False
        except (NotPossible, asyncpg.PostgresError) as error:
            if isinstance(error, TRANSIENT):
                raise
            outcome, failed = str(error), True
        place = (request.request_id, request.log_position)
        await connection.execute(_CARRIED_OUT, *place, outcome, failed)
        _log.info("request carried out", kind=request.kind, consumer=request.consumer, outcome=outcome, failed=failed)

    def _action(self, kind: str) -> Action:
        if kind not in self._actions:
            raise NotPossible(f"this version of the code knows no {kind}")
        return self._actions[kind]


def _next(table: TableView[Any]) -> str:
    return (
        f"select {table.selected} from {table.table} present where log_position > "
        "(select coalesce(max(position), 0) from read.carried_out) order by log_position limit 1"
    )
