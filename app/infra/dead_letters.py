"""What a consumer of the log could not apply, and what waits behind it: parked by aggregate, in the order of the log.

A letter is an event that is parked. The first of an aggregate's says why it could not be applied; those behind it only
wait, since an aggregate's events are applied in their order or not at all. All else goes on. An operator who has
mended the cause lets the letters be tried again, or discards the first one.
"""

import traceback
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from redis.exceptions import RedisError

from app.infra.db import TRANSIENT, Connection, Pool
from app.infra.leases import ShardId
from app.infra.redis_views import Lost
from app.infra.table_views import Fenced

_ROOT: Final = Path(__file__).resolve().parents[2]
_LONGEST_MESSAGE: Final = 1_000

_PARK = """
insert into read.dead_letters (consumer, generation, shard, position, sequence, aggregate_type, version, type,
                               schema_version, data, metadata, recorded_at, attempts, exception, message, place)
select $1, $2, $3, e.position, coalesce((e.data ->> $9)::uuid, e.aggregate_id), e.aggregate_type, e.version, e.type,
       e.schema_version, e.data, e.metadata, e.recorded_at, p.attempts, p.exception, p.message, p.place
from unnest($4::bigint[], $5::integer[], $6::text[], $7::text[], $8::text[])
         as p (position, attempts, exception, message, place)
join write.events e using (position)
"""
_COUNT = """
update read.checkpoints set parked = (
    select count(distinct sequence) from read.dead_letters where consumer = $1 and generation = $2 and shard = $3
) where view = $1 and generation = $2 and shard = $3
"""
_SEQUENCES = "select distinct sequence from read.dead_letters where consumer = $1 and generation = $2 and shard = $3"
_POSITIONS = "select position from read.dead_letters where consumer = $1 and generation = $2 and shard = $3"
_WANTED = """
select sequence, array_agg(position order by position) as positions from read.dead_letters
where consumer = $1 and generation = $2 and shard = $3 and sequence in (
    select sequence from read.dead_letters where consumer = $1 and generation = $2 and shard = $3 and retry
) group by sequence order by min(position)
"""
_DISCARDED = "select position from read.discarded where consumer = $1"
_SETTLE = "delete from read.dead_letters where consumer = $1 and generation = $2 and shard = $3 and position = any($4)"
_FAIL = """
update read.dead_letters set retry = false, attempts = attempts + (position = $5)::integer,
       exception = case when position = $5 then $6 else exception end,
       message = case when position = $5 then $7 else message end,
       place = case when position = $5 then $8 else place end
where consumer = $1 and generation = $2 and shard = $3 and sequence = $4
"""


class NotMirrored(Exception):
    """What the flat table was given could not be brought to Redis, though Redis can be reached."""


class TooManyDeadLetters(Exception):
    """So many aggregates are parked that the fault is not in their events: the shard stops instead."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event could not be applied: what was raised, what that says, and the line of the code that it comes from.

    `place` is a path within the project with the line, or a module's where none of ours was involved.
    """

    exception: str
    message: str
    place: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """What an exception tells."""
        message = str(error).encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
        return cls(type(error).__name__, message[:_LONGEST_MESSAGE], _place(error))


@dataclass(frozen=True, slots=True)
class Letter:
    """An event to be parked: `failure` is None for one that only waits behind another, and then `attempts` is 0."""

    position: int
    failure: Failure | None = None
    attempts: int = 0


def blames_the_event(error: Exception) -> bool:
    """Whether an exception says that an event cannot be applied, and not that something else is out of order."""
    if isinstance(error, asyncpg.PostgresError):
        rejected = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
        return isinstance(error, rejected)
    others = (Fenced, Lost, NotMirrored, TooManyDeadLetters, RedisError, MemoryError, *TRANSIENT)
    return not isinstance(error, others)


class DeadLetters:
    """What one shard of a consumer has parked. What is written is written within the caller's transaction.

    Sequences are aggregates, or what the field `by` of events names.
    """

    def __init__(self, pool: Pool, shard_id: ShardId, by: str | None = None) -> None:
        self._pool, self._place, self._by = pool, (shard_id.view, shard_id.generation, shard_id.shard), by

    async def sequences(self) -> set[UUID]:
        """The aggregates of which something is parked."""
        return {row["sequence"] for row in await self._pool.fetch(_SEQUENCES, *self._place)}

    async def positions(self) -> set[int]:
        """Where in the log the parked events are."""
        return {row["position"] for row in await self._pool.fetch(_POSITIONS, *self._place)}

    async def discarded(self) -> frozenset[int]:
        """The positions of what the consumer is to do without, parked or not."""
        return frozenset(row["position"] for row in await self._pool.fetch(_DISCARDED, self._place[0]))

    async def wanted(self) -> dict[UUID, list[int]]:
        """The aggregates that are to be tried again, each with the positions of its parked events in order."""
        return {row["sequence"]: row["positions"] for row in await self._pool.fetch(_WANTED, *self._place)}

    async def park(self, connection: Connection, letters: Sequence[Letter]) -> None:
        """Parks events of the log."""
        rows = [(each.position, each.attempts, *_told(each.failure)) for each in letters]
        await connection.execute(_PARK, *self._place, *map(list, zip(*rows, strict=True)), self._by)
        await connection.execute(_COUNT, *self._place)

    async def settle(self, connection: Connection, positions: Collection[int]) -> None:
        """Takes out events that are applied now, or discarded."""
        await connection.execute(_SETTLE, *self._place, list(positions))
        await connection.execute(_COUNT, *self._place)

    async def fail(self, sequence: UUID, position: int, failure: Failure) -> None:
        """Notes that an event could not be applied again; what is behind it goes on waiting."""
        await self._pool.execute(_FAIL, *self._place, sequence, position, *_told(failure))


def _told(failure: Failure | None) -> tuple[str | None, str | None, str | None]:
    return (failure.exception, failure.message, failure.place) if failure else (None, None, None)


def _place(error: Exception) -> str:
    """The innermost line of ours; a library's says little to who has to mend a view."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [(path.relative_to(_ROOT), line) for path, line in frames if _is_ours(path)]
    path, line = (ours or frames or [(Path("unknown"), 0)])[-1]
    return f"{path}:{line}"


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(_ROOT) and not {"site-packages", ".venv"} & set(path.parts)
