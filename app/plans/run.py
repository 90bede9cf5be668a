"""One execution of a plan."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from app.kernel.absent import Absent, Source
from app.plans.variables import Variables

Pending = tuple[dict[str, Any], str, Any, Any, Any]
"""Where a value goes that is not there yet: dictionary, key, awaitable, what completes it, and its path."""


class Run(msgspec.Struct):
    """What all resolvers of an execution share, and what is still to come."""

    context: Any
    variables: Variables
    pending: list[Pending] = []
    lacking: list[Absent] = []
    partial: set[str | int] = set()
    whole: set[str | int] = set()

    def want_whole(self, key: str | int) -> None:
        """What is to come of this root field must lack nothing."""
        self.whole.add(key)
        self.partial.discard(key)

    def may_lack(self, key: str | int) -> bool:
        """Whether what this root field comes to may have absent parts; a resolver that asks makes use of it."""
        if key in self.whole:
            return False
        self.partial.add(key)
        return True

    def lack(self, absent: Absent) -> None:
        """Notes what could not be shown."""
        self.lacking.append(absent)

    async def fetch(self) -> None:
        """Fetches what could not be shown. Raises Changed."""
        lacking, self.lacking = self.lacking, []
        wanted: dict[Source, list[Any]] = {}
        for absent in lacking:
            wanted.setdefault(absent.source, []).append(absent.part)
        for source, parts in wanted.items():
            await source.fetch(parts)

    async def settle(self) -> None:
        """Awaits what is still to come, all at the same time, until nothing is. Raises what any of it raises.

        Of what comes later, nothing is fetched: an absent part is raised, too.
        """
        while self.pending:
            coming, self.pending = self.pending, []
            for (shown, key, _, complete, path), value in zip(coming, await _all(coming), strict=True):
                shown[key] = complete(value, self, path)
        if self.lacking:
            raise self.lacking[0]

    def close(self, since: int = 0) -> None:
        """Gives up what nobody has awaited, of what has come since there was so much."""
        for _, _, awaitable, _, _ in self.pending[since:]:
            awaitable.close()
        del self.pending[since:]


async def _all(coming: Sequence[Pending]) -> Sequence[Any]:
    """The values, when all of them are there; raises what the first failure raises, but waits for the others."""
    if len(coming) == 1:
        return [await coming[0][2]]
    values = await asyncio.gather(*(each[2] for each in coming), return_exceptions=True)
    for value in values:
        if isinstance(value, BaseException):
            raise value
    return values
