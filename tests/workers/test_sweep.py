"""What nobody has is asked for, and what then nobody takes is taken by the sweeper itself."""

from collections.abc import AsyncIterator
from typing import Any

import arq
import pytest
from arq.constants import default_queue_name

from app import bootstrap
from app.infra.embedded import Servers
from tests.support.installation import Installation, installation
from tests.support.projecting import shards, worker
from tests.support.reacting import reactions
from workers.arq_worker import redis_settings
from workers.jobs import sweep as sweeping
from workers.jobs.sweep import sweep


@pytest.fixture
async def made(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        yield made


@pytest.fixture
async def context(made: Installation) -> AsyncIterator[dict[str, Any]]:
    """What arq hands to the jobs of a worker that projects nothing yet; nobody looks into its queue."""
    policies = bootstrap.policies(made.settings)
    async with (
        bootstrap.commands(made.settings) as side,
        worker(made, "a") as context,
        reactions(made, side.bus, policies, owner="a") as running,
        await arq.create_pool(redis_settings(made.redis_url)) as redis,
    ):
        yield {"worker": context, "reactions": running, "redis": redis}


async def untaken(context: dict[str, Any]) -> int:
    """Shards and policies that no worker has."""
    policies = await context["reactions"].means.store.unowned()
    return len(await context["worker"].leases.unowned()) + len(policies)


async def asked(context: dict[str, Any]) -> int:
    """Jobs that wait for a worker."""
    waiting: int = await context["redis"].zcard(default_queue_name)
    return waiting


async def test_what_nobody_takes_is_asked_for_and_then_taken_here(
    context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = len(list(shards(context["worker"]))) + len(context["reactions"].policies)
    before = await asked(context)
    for round_ in (1, 2):
        await sweep(context)
        assert await untaken(context) == everything, "others are given their time"
        assert await asked(context) == before + round_ * everything
    monkeypatch.setattr(sweeping, "_PATIENCE_S", 0.0)
    await sweep(context)
    assert await untaken(context) == 0
    assert await asked(context) == before + 2 * everything
