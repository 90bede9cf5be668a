"""Bringing Redis after the flat table, and restoring there what it has lost."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic, TypeVar

import structlog
from redis.exceptions import RedisError

from app.infra.db import Pool
from app.infra.dead_letters import NotMirrored, blames_the_event
from app.infra.leases import Lease
from app.infra.redis_rounds import RedisRounds
from app.infra.redis_views import Lost, RedisView
from app.infra.table_views import Progress
from app.infra.tables import Stored
from app.kernel.view import Key

Row = TypeVar("Row")

_log = structlog.get_logger()


class Mirror(Generic[Row]):
    """One shard in Redis, which may lag behind the flat table, and never leads. `stored` is where the table stands.

    What is `hidden` is not shown by Redis: aggregates of which something is parked.
    """

    def __init__(
        self, pool: Pool, documents: RedisView[Row] | None, rounds: RedisRounds, lease: Lease, hidden: AbstractSet[Any]
    ) -> None:
        self._pool, self._documents, self._rounds, self._lease, self._hidden = pool, documents, rounds, lease, hidden
        self._position: int | None = None

    def behind(self, stored: int) -> int | None:
        """Positions that Redis is behind the flat table: all where it has lost the shard, None where it has no part."""
        return None if self._documents is None else stored - (self._position or 0)

    async def claim(self, stored: int, keep_alive: Callable[[], Awaitable[object]]) -> None:
        """Shuts out older workers, and restores what Redis lacks: all, or what was written while it was away."""
        if self._documents is None:
            return
        try:
            self._position = await self._documents.claim(self._lease.shard_id.shard, self._lease.epoch)
            if self._position != stored:
                await self._restore(self._documents, stored, keep_alive)
        except (RedisError, OSError):
            self._position = None

    async def suspend(self, stored: int) -> bool:
        """Sends readers to the flat table, of which rows are about to be amended; False where Redis cannot be told.

        Should this worker end meanwhile, the next one finds the shard suspended, and restores all of it.
        """
        if self._documents is None:
            return True
        try:
            await self._documents.suspend(self._lease.shard_id.shard, self._lease.epoch, stored)
        except (RedisError, OSError):
            return False
        return True

    async def bring(
        self,
        progress: Progress,
        rows: Mapping[Key, Stored[Row]],
        written: Sequence[bytes] | None,
        keep_alive: Callable[[], Awaitable[object]],
        newly_hidden: AbstractSet[Any] = frozenset(),
    ) -> None:
        """Writes what the flat table was given, as documents; of a view without them, says that it moved.

        Raises Fenced, and NotMirrored for what is wrong with the rows: they are written, so no event is to blame.
        """
        documents = self._documents
        try:
            if documents is None:
                await self._rounds.tell(self._lease.shard_id.view)
            elif self._position == progress.start:
                hidden = newly_hidden | (rows.keys() & self._hidden) if self._hidden else newly_hidden
                await documents.apply(progress, rows, written, hidden)
                self._position = progress.upto
            else:
                await self._restore(documents, progress.upto, keep_alive)
        except Lost:
            self._position = None
        except (RedisError, OSError) as error:
            self._position = None
            shard_id = self._lease.shard_id
            _log.warning("redis out of reach", view=shard_id.view, shard=shard_id.shard, error=str(error))
        except Exception as error:
            if not blames_the_event(error):
                raise
            raise NotMirrored(f"{type(error).__name__}: {error}") from error

    async def _restore(
        self, documents: RedisView[Row], stored: int, keep_alive: Callable[[], Awaitable[object]]
    ) -> None:
        shard, epoch = self._lease.shard_id.shard, self._lease.epoch
        since = await documents.claim(shard, epoch)
        if since is not None and since > stored:
            since = None
        copied = await documents.restore(self._pool, shard, epoch, stored, since, keep_alive, self._hidden)
        self._position = stored
        _log.info("redis restored", view=documents.view.name, shard=shard, documents=copied, since=since)
