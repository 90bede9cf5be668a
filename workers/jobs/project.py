"""The job `project`: take the lease of a shard and project it in this process, if nobody else does.

The job itself is over once the shard is running: arq keeps a running job in its queue and looks at it with every
poll, and it ends when Redis goes away, while projecting into the flat tables can go on.
"""

from datetime import timedelta
from typing import Any

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from app.infra.db import TRANSIENT
from app.infra.leases import ShardId
from app.kernel.clock import new_id
from workers.jobs.context import WorkerContext

_log = structlog.get_logger()


async def project(context: dict[str, Any], view: str, generation: int, shard: int) -> None:
    """Starts projecting the shard. Does nothing when another worker has the lease, or the generation is not ours."""
    worker: WorkerContext = context["worker"]
    shard_id = ShardId(view, generation, shard)
    try:
        lease = await worker.leases.acquire(shard_id) if await worker.serves(shard_id) else None
        if lease is not None and not worker.has_room_for(lease):
            await worker.leases.release(lease)
            return
    except TRANSIENT as error:
        _log.warning("database out of reach", view=view, shard=shard, error=str(error))
        return
    if lease is not None:
        worker.start(lease, _HandOn(context["redis"]))


async def enqueue(redis: ArqRedis, shard_id: ShardId, after: timedelta = timedelta(0)) -> None:
    """Asks for a shard to be projected, under a fresh id: arq refuses an id that it remembers."""
    place = (shard_id.view, shard_id.generation, shard_id.shard)
    await redis.enqueue_job("project", *place, _job_id=f"project:{new_id()}", _defer_by=after)


class _HandOn:
    """Asks for the shard on behalf of whoever comes first; should the word be lost, the sweep will ask again."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def __call__(self, shard_id: ShardId) -> None:
        try:
            await enqueue(self._redis, shard_id)
        except (RedisError, OSError):
            _log.warning("hand-over left to the sweep", view=shard_id.view, shard=shard_id.shard)
