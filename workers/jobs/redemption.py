"""Applying what is parked, once an operator says that it is worth trying, or gives an event up."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from app.infra.dead_letters import Failure, blames_the_event
from app.infra.event_log import event_at, history
from app.infra.table_views import Progress
from app.kernel.messages import Event, Recorded
from workers.jobs.amending import Amending, NotNow
from workers.jobs.mirror import Mirror
from workers.jobs.parking import Parking
from workers.jobs.shard_rows import Folded, ShardRows
from workers.jobs.shared import Shared, Stores

Row = TypeVar("Row")

Wanted = Mapping[UUID, Sequence[int]]
"""Aggregates with the positions of their parked events, in order."""

_Failures = Mapping[UUID, tuple[int, Failure]]
"""By aggregate, the first of its events that cannot be applied now either, and why."""


@dataclass(frozen=True)
class Redemption(Generic[Row]):
    """That of one shard, which stands still meanwhile: `standing` is a progress that leads nowhere."""

    stores: Stores[Row]
    shared: Shared
    rows: ShardRows[Row]
    mirror: Mirror[Row]
    parking: Parking
    standing: Callable[[], Progress]
    keep_alive: Callable[[], Awaitable[object]]

    async def of(self, wanted: Wanted) -> None:
        """Applies parked events in order, of each aggregate up to the first that cannot be applied now either.

        All in one transaction: an amended row is at the shard's position, where it can be amended once.
        """
        try:
            folded, settled, failures = await self._folded(wanted)
            await self._settle(folded, settled)
        except NotNow:
            return
        except Exception as error:
            if not blames_the_event(error):
                raise
            self.rows.forget()
            if len(wanted) > 1:
                for sequence, positions in wanted.items():
                    await self.of({sequence: positions})
                return
            failures = {key: (positions[0], Failure.of(error)) for key, positions in wanted.items()}
        for sequence, (position, failure) in failures.items():
            await self.parking.letters.fail(sequence, position, failure)
        await self._bring(folded=Folded(), redeemed=frozenset())

    async def _folded(self, wanted: Wanted) -> tuple[Folded[Row], list[int], _Failures]:
        """What becomes of the rows, which events are done with then, and which stay parked."""
        table, standing = self.stores.table, self.standing()
        amending = Amending(table.view, standing.shard, self.rows, standing.upto)
        settled, failures = list[int](), dict[UUID, tuple[int, Failure]]()
        for position, sequence in sorted((each, key) for key, positions in wanted.items() for each in positions):
            if sequence not in failures:
                try:
                    if position not in self.parking.discarded:
                        await amending.apply(await event_at(self.stores.pool, self.shared.catalog, position))
                except Exception as error:
                    if not blames_the_event(error) or isinstance(error, NotNow):
                        raise
                    failures[sequence] = position, Failure.of(error)
                else:
                    settled.append(position)
            await self.keep_alive()
        return await amending.folded(partial(self._history, settled)), settled, failures

    async def _settle(self, folded: Folded[Row], settled: Collection[int]) -> None:
        """Writes it. Readers of Redis are sent to the flat table meanwhile."""
        if not settled:
            return
        if not await self.mirror.suspend(self.standing().upto):
            raise NotNow("redis is out of reach")
        documents, settle = folded.documents(self.stores.table), partial(self.parking.letters.settle, positions=settled)
        await self.shared.writes.write_beside(self.stores.table, self.standing(), documents, settle, amending=True)
        self.rows.remember(folded)
        await self._bring(folded, await self.parking.settled(settled))

    async def _bring(self, folded: Folded[Row], redeemed: Collection[UUID]) -> None:
        rows = {**folded.rows, **await self.rows.shown_again(redeemed)}
        await self.mirror.bring(self.standing(), rows, None, self.keep_alive)

    async def _history(self, settled: Collection[int]) -> AsyncIterator[list[Recorded[Event]]]:
        """What the shard has been given of the log so far, without what stays parked."""
        without = (await self.parking.letters.positions() - set(settled)) | self.parking.discarded
        types = [each.__name__ for each in self.stores.table.view.handles]
        async for events in history(self.stores.pool, self.shared.catalog, types, self.standing().upto, without):
            yield events
            await self.keep_alive()
