"""Closing arq's worker when Redis takes it down: what its jobs end with ends nobody else."""

import asyncio
from typing import Any

import pytest
from arq.worker import Worker, func

from tests.support.installation import Installation
from workers.arq_worker import close, redis_settings

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


async def quick(_: dict[Any, Any]) -> None:
    """A job that is done at once."""


@pytest.fixture
def finishing() -> asyncio.Event:
    """Set when a job has been done and is being finished, which never ends."""
    return asyncio.Event()


@pytest.fixture
async def busy(bare: Installation, finishing: asyncio.Event) -> Worker:
    """A worker in the middle of finishing a job."""

    async def finish(_: dict[Any, Any]) -> None:
        finishing.set()
        await asyncio.Event().wait()

    name = f"closing:{bare.port}"
    worker = Worker(
        functions=[func(quick, name="quick")],  # type: ignore[arg-type]
        queue_name=name,
        redis_settings=redis_settings(bare.redis_url),
        handle_signals=False,
        on_job_end=finish,  # type: ignore[arg-type]
        poll_delay=0.01,
    )
    working = asyncio.create_task(worker.main())
    await asyncio.wait_for(_enqueued(worker, name, finishing), 20)
    working.cancel()
    await asyncio.wait([working])
    return worker


async def _enqueued(worker: Worker, queue: str, finishing: asyncio.Event) -> None:
    while worker._pool is None:  # noqa: ASYNC110 - arq does not tell
        await asyncio.sleep(0.01)
    await worker.pool.enqueue_job("quick", _queue_name=queue)
    await finishing.wait()


async def test_a_job_that_was_cancelled_while_it_finished_ends_nobody_else(busy: Worker) -> None:
    await close(busy)
    assert busy._pool is None, "its connections are closed"


async def test_somebody_who_is_cancelled_while_closing_ends(busy: Worker) -> None:
    closing = asyncio.create_task(close(busy))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled()
    await close(busy)
