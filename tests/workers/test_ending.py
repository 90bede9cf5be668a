"""A task that loses a cancellation ends all the same."""

import asyncio

from workers.ending import end


async def deaf(times: int) -> None:
    """Loses so many cancellations."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


async def test_each_is_told_until_it_has_heard() -> None:
    tasks = [asyncio.create_task(deaf(times)) for times in range(4)]
    await asyncio.sleep(0)
    await end(tasks, again_s=0.01)
    assert all(task.cancelled() for task in tasks)


async def test_nothing_to_end_is_the_end() -> None:
    await end([])
