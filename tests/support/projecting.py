"""Projecting inside the test: the loops of a worker, started and ended at will."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from app import bootstrap, registry
from app.infra.leases import Lease, Leases, ShardId
from tests.support.installation import Installation
from tests.support.replay import until_caught_up
from workers.jobs.shard import ShardProjector, Stores


@asynccontextmanager
async def projecting(made: Installation, owner: str = "test") -> AsyncIterator[bootstrap.Stores]:
    """Every shard of every view is projected for as long as the block lasts."""
    async with bootstrap.projection_stores(made.settings) as stores:
        leases = Leases(stores.pool, owner)
        held = [await _acquired(leases, shard) for shard in _shards(stores)]
        loops = [asyncio.create_task(_loop(stores, leases, lease)) for lease in held]
        try:
            yield stores
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)


async def project(made: Installation) -> None:
    """Brings every view to the end of the log."""
    async with projecting(made):
        await until_caught_up(made)


def _shards(stores: bootstrap.Stores) -> Iterator[ShardId]:
    for view in registry.VIEWS:
        for shard in range(view.shards):
            yield ShardId(view.name, stores.tables[view.name].generation, shard)


async def _acquired(leases: Leases, shard_id: ShardId) -> Lease:
    while (lease := await leases.acquire(shard_id)) is None:  # noqa: ASYNC110 - the lease runs out by another clock
        await asyncio.sleep(0.02)
    return lease


async def _loop(stores: bootstrap.Stores, leases: Leases, lease: Lease) -> None:
    view = lease.shard_id.view
    mine = Stores(stores.pool, stores.tables[view], stores.documents.get(view))
    try:
        await ShardProjector(mine, registry.EVENTS, leases, lease, stores.hints).run(time.monotonic() + 600)
    finally:
        await asyncio.shield(leases.release(lease))
