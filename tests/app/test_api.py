"""Several API processes on one port: all of them answer, one that ends is replaced, and none outlives its parent."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.infra.embedded import Servers
from tests.support.installation import Installation, installation

TYPENAME = "{ __typename }"


@pytest.fixture
async def api(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        await made.start_api("--processes", "2")
        yield made


async def test_both_answer_and_one_that_is_killed_is_replaced(api: Installation) -> None:
    parent = api.processes[0].pid
    before = await until(lambda: serving(parent), 2)
    os.kill(min(before), signal.SIGKILL)
    await until(lambda: serving(parent) - before, 1)
    after = await until(lambda: serving(parent), 2)
    assert min(before) not in after
    assert await answered(api)


async def test_they_end_with_their_parent(api: Installation) -> None:
    (process,) = api.processes
    children = await until(lambda: serving(process.pid), 2)
    process.kill()
    process.wait()
    await until(lambda: {pid for pid in children if not Path(f"/proc/{pid}").exists()}, 2)


async def answered(api: Installation) -> bool:
    """Whether it answers on connections of their own, which the processes share out."""
    for _ in range(100):
        async with httpx.AsyncClient() as client:
            try:
                found = await client.post(f"{api.url}/graphql", json={"query": TYPENAME})
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
        return bool(found.json() == {"data": {"__typename": "Query"}})
    return False


def serving(parent: int) -> set[int]:
    """The children that are API processes; the other is Python's own tracker of resources."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return {pid for pid, command in commands.items() if b"spawn_main" in command}


async def until(found: object, number: int) -> set[int]:
    """What is found, once there are so many."""
    assert callable(found)
    deadline = time.monotonic() + 60
    while len(now := found()) < number:
        assert time.monotonic() < deadline, now
        await asyncio.sleep(0.1)
    return set(now)
