"""Running policies inside the test: a worker's loops, started and ended at will."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from app import bootstrap
from app.infra.bus import Bus
from app.infra.policy_store import PolicyLease, PolicyStore
from app.infra.schedule import Schedule
from app.kernel.policy import Policy
from tests.support.installation import Installation
from tests.support.projecting import worker
from workers.jobs.policy import Means
from workers.jobs.react import Reactions


@asynccontextmanager
async def reactions(
    made: Installation, bus: Bus, policies: Iterable[Policy[Any]], owner: str = "test", parked_at_most: int = 100
) -> AsyncIterator[Reactions]:
    """A worker that runs no policy yet, and gives back what it started when the block ends."""
    async with worker(made, owner, parked_at_most=parked_at_most) as context:
        context.follow()
        means = Means(
            pool=context.pool,
            catalog=context.catalog,
            store=PolicyStore(context.pool, owner),
            schedule=Schedule(context.pool, bus.commands),
            bus=bus,
            tail=context.tail,
            rest=context.rest,
            parked_at_most=context.parked_at_most,
            projections=context.projections,
        )
        running = Reactions({each.name: each for each in policies}, means, stint_s=600)
        try:
            yield running
        finally:
            await running.stop()


@asynccontextmanager
async def reacting(
    made: Installation, bus: Bus, *policies: Policy[Any], parked_at_most: int = 100
) -> AsyncIterator[Reactions]:
    """These policies, or those of the shop, run for as long as the block lasts, again whenever one fails."""
    asked = policies or bootstrap.policies(made.settings)
    async with reactions(made, bus, asked, parked_at_most=parked_at_most) as running:

        async def again(policy: str) -> None:
            running.start(await leased(running, policy), again)

        for policy in running.policies:
            await again(policy)
        yield running


async def leased(running: Reactions, policy: str) -> PolicyLease:
    """The lease, as soon as nobody else has it."""
    while (lease := await running.means.store.acquire(policy)) is None:  # noqa: ASYNC110 - the database does not tell
        await asyncio.sleep(0.02)
    return lease
