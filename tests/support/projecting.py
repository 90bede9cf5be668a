"""Projecting inside the test: a worker's loops, started and ended at will."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from app import bootstrap, registry
from app.infra.leases import Lease, Leases, ShardId
from app.infra.requests import Requests
from tests.support.installation import Installation
from tests.support.replay import until_caught_up
from workers.ending import end
from workers.jobs.context import WorkerContext
from workers.jobs.tending import Tending


@asynccontextmanager
async def worker(
    made: Installation, owner: str = "test", stint_s: float = 600, parked_at_most: int = 100
) -> AsyncIterator[WorkerContext]:
    """A worker that projects nothing yet, and hands on what it started when the block ends."""
    async with bootstrap.projection_stores(made.settings) as stores:
        context = WorkerContext(
            prefix=stores.prefix,
            pool=stores.pool,
            catalog=registry.EVENTS,
            tables=stores.tables,
            documents_of=stores.documents_of,
            leases=Leases(stores.pool, owner),
            rounds=stores.rounds,
            hints=stores.hints,
            requests=Requests(stores.pool, registry.REQUESTS, registry.request_actions()),
            stint_s=stint_s,
            parked_at_most=parked_at_most,
        )
        try:
            yield context
        finally:
            await context.stop()


@asynccontextmanager
async def projecting(made: Installation) -> AsyncIterator[WorkerContext]:
    """Every shard of every view is projected for as long as the block lasts."""
    async with worker(made) as context:
        for shard_id in shards(context):
            context.start(await acquired(context, shard_id), _nobody)
        yield context


@asynccontextmanager
async def working(made: Installation, owner: str = "test") -> AsyncIterator[WorkerContext]:
    """As a worker process does: takes whatever nobody has, fills what is to be filled, and switches to it."""
    async with worker(made, owner) as context, bootstrap.projection_stores(made.settings) as stores:
        views = {view.name: view for view in registry.VIEWS}
        tending = Tending(stores.pool, stores.redis, stores.prefix, views, stores.documents_of)
        tasks = [asyncio.create_task(each) for each in (tending.follow(stores.hints), _take_all(context))]
        try:
            yield context
        finally:
            await end(tasks)


async def _take_all(context: WorkerContext) -> None:
    while True:
        await context.requests.carry_out()
        for shard_id in await context.leases.unowned():
            if await context.serves(shard_id) and (lease := await context.leases.acquire(shard_id)):
                context.start(lease, _nobody)
        await asyncio.sleep(0.05)


async def project(made: Installation) -> None:
    """Brings every view to the end of the log."""
    async with projecting(made):
        await until_caught_up(made)


def shards(context: WorkerContext) -> Iterator[ShardId]:
    """Every shard that there is."""
    for view in registry.VIEWS:
        for shard in range(view.shards):
            yield ShardId(view.name, context.tables[view.name].generation, shard)


async def acquired(context: WorkerContext, shard_id: ShardId) -> Lease:
    """The lease, as soon as nobody else has it."""
    while (lease := await context.leases.acquire(shard_id)) is None:  # noqa: ASYNC110 - the database does not tell
        await asyncio.sleep(0.02)
    return lease


async def _nobody(_: ShardId) -> None:
    """The shard is handed on to nobody."""
