"""What the stores tell: how far every shard is, who holds it, and whether they answer at all.

It stands in the database, so every process that can read it tells the same. A worker that dies takes its own counts
with it, and this is then told by the others.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import asyncpg
import redis.asyncio as aioredis
from prometheus_client.metrics_core import Metric
from redis.exceptions import RedisError

from app.infra.db import TRANSIENT, Pool
from app.infra.view_status import ShardStatus, ViewStatus
from app.observability.families import gauge

PATIENCE_S: Final = 2.0
"""How long a store may take to answer: less than Prometheus or a probe waits."""

_AWAY: Final = (TimeoutError, asyncpg.PostgresError, *TRANSIENT)
_HEAD: Final = "select coalesce(max(position), 0) from write.events"
_PLACE: Final = ("view", "shard")


class StoreMetrics:
    """Asks the stores with every scrape. `log`: a pool that may read the log; `views`: one that may read the views."""

    def __init__(
        self, *, views: Pool | None = None, log: Pool | None = None, redis: aioredis.Redis | None = None
    ) -> None:
        self._status, self._log, self._redis = ViewStatus(views) if views else None, log, redis
        self._pools = {name: pool for name, pool in (("views", views), ("log", log)) if pool is not None}

    async def __call__(self) -> Iterable[Metric]:
        """The families; what could not be asked is missing, and its store is told to be away."""
        shards, head, redis = await asyncio.gather(self._shards(), self._head(), self._answers())
        asked = {"views": (self._status, shards), "log": (self._log, head), "redis": (self._redis, redis)}
        up = [((name,), float(found is not None)) for name, (store, found) in asked.items() if store is not None]
        told = [gauge("store_up", "Whether a store answers.", ["store"], up), *_pools(self._pools)]
        if head is not None:
            told.append(gauge("log_head_position", "The highest position in the log.", [], [((), head)]))
        return [*told, *of_shards(shards)] if shards is not None else told

    async def _shards(self) -> Sequence[ShardStatus] | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._status.shards() if self._status else None
        except _AWAY:
            return None

    async def _head(self) -> float | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return float(await self._log.fetchval(_HEAD)) if self._log else None
        except _AWAY:
            return None

    async def _answers(self) -> bool | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return bool(await self._redis.ping()) if self._redis else None
        except (TimeoutError, RedisError, OSError):
            return None


def _pools(pools: Mapping[str, Pool]) -> Iterable[Metric]:
    """asyncpg does not tell how many wait for a connection; a pool at its limit without an idle one says as much."""
    sizes = [((name, "idle"), float(pool.get_idle_size())) for name, pool in pools.items()]
    sizes += [((name, "busy"), float(pool.get_size() - pool.get_idle_size())) for name, pool in pools.items()]
    limits = [((name,), float(pool.get_max_size())) for name, pool in pools.items()]
    yield gauge("pool_connections", "Connections to PostgreSQL that are open.", ["pool", "state"], sizes)
    yield gauge("pool_connections_limit", "Connections to PostgreSQL that may be open.", ["pool"], limits)


_OF_SHARDS: Final = {
    "view_position": ("Every event up to here is in the shard.", "position"),
    "view_events_behind": ("Positions up to the end of the log, as far as any view has seen it.", "events_behind"),
    "view_lag_seconds": ("How long ago the shard last had all that there was; 0 at the end of the log.", "lag_s"),
    "view_heartbeat_age_seconds": ("Seconds since the shard's loop last turned.", "heartbeat_age_s"),
    "view_lease_epoch": ("Grows whenever the shard changes hands.", "epoch"),
    "view_lease_left_seconds": ("How long the shard's lease still holds; 0 where nobody has it.", "lease_left_s"),
    "view_failing": ("1 where the shard's last attempt failed.", "failing"),
}


def of_shards(shards: Sequence[ShardStatus]) -> Iterable[Metric]:
    """The families that tell of every shard, and those that tell of their views."""
    for name, (help_, attribute) in _OF_SHARDS.items():
        values = [((each.view, str(each.shard)), float(getattr(each, attribute))) for each in shards]
        yield gauge(name, help_, _PLACE, values)
    parked: Counter[str] = Counter({each.view: 0 for each in shards})
    for each in shards:
        parked[each.view] += each.parked
    yield gauge("dead_letters", "Events that are parked.", ["view"], [((view,), n) for view, n in parked.items()])
    generations = {each.view: each.generation for each in shards}
    present = [((view,), number) for view, number in generations.items()]
    yield gauge("view_generation", "The generation of the view's tables.", ["view"], present)
    head = max((each.head for each in shards), default=0)
    yield gauge("log_seen_position", "The end of the log, as far as any view has seen it.", [], [((), head)])
