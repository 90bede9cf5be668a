"""The job `sweep`, each second: what operators ask for is carried out, what has no living lease asked for anew."""

import random
from datetime import timedelta
from typing import Any

from app.infra.db import TRANSIENT
from workers.jobs import project, react
from workers.jobs.context import WorkerContext
from workers.jobs.react import Reactions

_APART = timedelta(milliseconds=30)
"""Spread over a few polls, so that one worker does not take all of them."""

_POLL = timedelta(milliseconds=100)
"""Whoever sweeps has just looked for jobs, so what is due at once is always found by another: perhaps by a worker of an
older version, which does not serve the view. So it is due at any moment until the sweeper's next look."""


async def sweep(context: dict[str, Any]) -> None:
    """Carries out requests, and enqueues what nobody projects or runs.

    So it is after a crash, a flushed queue, a lost hand-over, or at the start.
    """
    worker: WorkerContext = context["worker"]
    reactions: Reactions = context["reactions"]
    try:
        await worker.requests.carry_out()
        unowned, policies = await worker.leases.unowned(), await reactions.means.store.unowned()
        shards = [each for each in unowned if await worker.serves(each)]
    except TRANSIENT:
        return
    for place, shard_id in enumerate(shards):
        await project.enqueue(context["redis"], shard_id, _after(place))
    for place, policy in enumerate(policies):
        if policy in reactions.policies:
            await react.enqueue(context["redis"], policy, _after(place))


def _after(place: int) -> timedelta:
    return _APART * place + _POLL * random.random()
