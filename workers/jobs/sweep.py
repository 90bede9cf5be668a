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

_POLL = timedelta(milliseconds=200)
"""Whoever sweeps has just looked for jobs, so what is due at once is always found by another: perhaps by a worker of an
older version, which does not serve the view. So it is due at any moment until the sweeper's next look."""

_PATIENCE_S = 3.0
"""After which the sweeper takes itself what it has asked for and nobody has taken: others may always look before it."""


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
    policies = [each for each in policies if each in reactions.policies]
    overdue = worker.asked.overdue({*shards, *policies}, _PATIENCE_S)
    for place, shard_id in enumerate(shards):
        if shard_id in overdue:
            await project.project(context, shard_id.view, shard_id.generation, shard_id.shard)
        else:
            await project.enqueue(context["redis"], shard_id, _after(place))
    for place, policy in enumerate(policies):
        if policy in overdue:
            await react.react(context, policy)
        else:
            await react.enqueue(context["redis"], policy, _after(place))


def _after(place: int) -> timedelta:
    return _APART * place + _POLL * random.random()
