"""Ending tasks for certain."""

import asyncio
from collections.abc import Iterable


async def end(tasks: Iterable[asyncio.Task[None]], *, again_s: float = 0.5) -> None:
    """Cancels the tasks, and again every so many seconds until each has ended.

    Before Python 3.12, `asyncio.wait_for` in the Redis client can lose a cancellation.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again_s)
