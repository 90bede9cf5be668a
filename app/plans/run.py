"""One execution of a plan."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from app.plans.variables import Variables

Pending = tuple[dict[str, Any], str, Any, Any, Any]
"""Where a value goes that is not there yet: dictionary, key, awaitable, what completes it, and its path."""


class Run(msgspec.Struct):
    """What all resolvers of an execution share, and what is still to come."""

    context: Any
    variables: Variables
    pending: list[Pending] = []

    async def settle(self) -> None:
        """Awaits what is still to come, all at the same time, until nothing is. Raises what any of it raises."""
        while self.pending:
            coming, self.pending = self.pending, []
            for (shown, key, _, complete, path), value in zip(coming, await _all(coming), strict=True):
                shown[key] = complete(value, self, path)

    def close(self) -> None:
        """Gives up what nobody has awaited."""
        for _, _, awaitable, _, _ in self.pending:
            awaitable.close()
        self.pending.clear()


async def _all(coming: Sequence[Pending]) -> Sequence[Any]:
    """The values, when all of them are there; raises what the first failure raises, but waits for the others."""
    if len(coming) == 1:
        return [await coming[0][2]]
    values = await asyncio.gather(*(each[2] for each in coming), return_exceptions=True)
    for value in values:
        if isinstance(value, BaseException):
            raise value
    return values
