"""The job `react`: take the lease of a policy and run it in this process, if nobody else does.

As with `project`, the job itself is over once the policy runs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from app.infra.db import TRANSIENT
from app.infra.policy_store import PolicyLease
from app.infra.table_views import Fenced
from app.kernel.clock import new_id
from app.kernel.policy import Policy
from workers.ending import end
from workers.jobs.policy import Means, PolicyRunner

_log = structlog.get_logger()

_FAILING_PAUSE_S = 1.0

HandOn = Callable[[str], Awaitable[None]]
"""Is told that a policy's time here is over."""


@dataclass
class Reactions:
    """The policies of a worker process. One stays `stint_s` seconds before it is handed on."""

    policies: Mapping[str, Policy[Any]]
    means: Means
    stint_s: float
    _running: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def start(self, lease: PolicyLease, hand_on: HandOn) -> None:
        """Runs the leased policy beside whatever else runs."""
        task = asyncio.create_task(self._run(lease, hand_on))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Ends all of them and gives the leases back."""
        await end(self._running)

    async def _run(self, lease: PolicyLease, hand_on: HandOn) -> None:
        runner = PolicyRunner(self.policies[lease.policy], self.means, lease)
        try:
            await runner.run(until=time.monotonic() + self.stint_s)
        except Fenced as fenced:
            _log.warning("fenced", policy=lease.policy, reason=str(fenced))
            return
        except TRANSIENT as error:
            _log.warning("database out of reach", policy=lease.policy, error=str(error))
            return
        except Exception as error:  # noqa: BLE001 - whatever a policy raises, the operator must see it
            await self._note_failure(lease, error)
        finally:
            await asyncio.shield(self._release(lease))
        await hand_on(lease.policy)

    async def _note_failure(self, lease: PolicyLease, error: Exception) -> None:
        self.means.projections.of(lease.policy, 0).failures += 1
        _log.exception("policy failed", policy=lease.policy)
        await self.means.store.fail(lease, f"{type(error).__name__}: {error}")
        await asyncio.sleep(_FAILING_PAUSE_S)

    async def _release(self, lease: PolicyLease) -> None:
        try:
            await self.means.store.release(lease)
        except TRANSIENT:
            _log.warning("lease left to run out", policy=lease.policy)


async def react(context: dict[str, Any], policy: str) -> None:
    """Starts running the policy. Does nothing when another worker has the lease, or this version does not know it."""
    reactions: Reactions = context["reactions"]
    if policy not in reactions.policies:
        return
    try:
        lease = await reactions.means.store.acquire(policy)
    except TRANSIENT as error:
        _log.warning("database out of reach", policy=policy, error=str(error))
        return
    if lease is not None:
        reactions.start(lease, _HandOn(context["redis"]))


async def enqueue(redis: ArqRedis, policy: str, after: timedelta = timedelta(0)) -> None:
    """Asks for a policy to be run, under a fresh id: arq refuses an id that it remembers."""
    await redis.enqueue_job("react", policy, _job_id=f"react:{new_id()}", _defer_by=after)


class _HandOn:
    """Asks for the policy on behalf of whoever comes first; should the word be lost, the sweep will ask again."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def __call__(self, policy: str) -> None:
        try:
            await enqueue(self._redis, policy)
        except (RedisError, OSError):
            _log.warning("hand-over left to the sweep", policy=policy)
