"""arq as this process runs it: it starts, retries and schedules its jobs, and is closed for certain."""

import asyncio
import contextlib
import random
from urllib.parse import parse_qs, urlsplit

from arq import Worker, cron
from arq.connections import RedisSettings
from arq.worker import func
from redis.exceptions import RedisError

from app.config import Settings
from app.kernel.pulse import Pulse
from workers.jobs.context import WorkerContext
from workers.jobs.project import project
from workers.jobs.react import Reactions, react
from workers.jobs.sweep import sweep

_POLL_S = 0.2
"""A look costs half a millisecond, and the longest that a shard lies idle between two workers."""


async def run_arq(settings: Settings, context: WorkerContext, reactions: Reactions, pulse: Pulse) -> None:
    """Until Redis takes it down, which raises RedisError or OSError. Each look for jobs beats the pulse."""
    worker = _arq_worker(settings, context, reactions)
    worker.pulse = pulse
    try:
        await worker.async_run()
    finally:
        await close(worker)


async def close(worker: Worker) -> None:
    """Closes arq's worker, which raises what its jobs end with when it cancels them: that is nobody's cancellation."""
    with contextlib.suppress(RedisError, OSError):
        try:
            await worker.close()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            worker.tasks.clear()
            await worker.close()


class BeatingWorker(Worker):
    """arq's worker, with a pulse that beats with every look for jobs."""

    pulse: Pulse

    async def heart_beat(self) -> None:
        """What arq does after every look."""
        self.pulse.beat()
        await super().heart_beat()


def _arq_worker(settings: Settings, context: WorkerContext, reactions: Reactions) -> BeatingWorker:
    jobs = {"project": project, "react": react}
    return BeatingWorker(
        functions=[func(job, name=name, keep_result=0, max_tries=1, timeout=10) for name, job in jobs.items()],  # type: ignore[arg-type]
        cron_jobs=[cron(sweep, second=set(range(60)), run_at_startup=True, keep_result=0, timeout=10)],  # type: ignore[arg-type]
        queue_name=f"{context.prefix}:jobs",
        ctx={"worker": context, "reactions": reactions},
        redis_settings=redis_settings(settings.redis_url),
        max_jobs=settings.worker_jobs,
        poll_delay=_POLL_S * random.uniform(0.8, 1.25),  # or one of two might always look first, an older version too
        keep_result=0,
        handle_signals=False,
        allow_abort_jobs=False,
    )


def redis_settings(url: str) -> RedisSettings:
    """arq's settings for a Redis URL; arq knows no unix:// URLs of its own."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        database = int(parse_qs(parts.query).get("db", ["0"])[0])
        return RedisSettings(unix_socket_path=parts.path, database=database, conn_retries=1, conn_timeout=2)
    found = RedisSettings.from_dsn(url)
    found.conn_retries, found.conn_timeout = 1, 2
    return found
