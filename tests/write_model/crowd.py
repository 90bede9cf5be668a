"""Several processes at one write model."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from app import bootstrap
from tests.write_model.floor import Floor


@asynccontextmanager
async def crowd(floor: Floor, processes: int) -> AsyncIterator[list[Floor]]:
    """The floor as so many processes reach it, each with connections of its own."""
    async with AsyncExitStack() as stack:
        sides = [await stack.enter_async_context(bootstrap.commands(floor.made.settings)) for _ in range(processes)]
        yield [replace(floor, side=side) for side in sides]
