"""Projecting one shard of one view, for as long as its lease lasts."""

import asyncio
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from app.infra.dead_letters import Letter, blames_the_event
from app.infra.leases import Lease
from app.infra.stretches import Logged, Stretch
from app.infra.table_views import Fenced, Progress
from app.kernel.pulse import Pulse
from app.kernel.view import own_key
from workers.ending import end
from workers.jobs.mirror import Mirror
from workers.jobs.parking import ATTEMPTS, Parking, failure_of
from workers.jobs.redemption import Redemption
from workers.jobs.rest import Resting
from workers.jobs.shard_rows import Folded, ShardRows
from workers.jobs.shared import Shared, Stores
from workers.jobs.telling import projecting

Row = TypeVar("Row")

RENEW_S = 0.9
"""How often the lease is renewed where nothing moves: with every sweep of the tail, even if that comes early."""


class ShardProjector(Generic[Row]):
    """Takes the log after the shard's checkpoint, folds, and writes rows and checkpoint together."""

    def __init__(self, stores: Stores[Row], shared: Shared, lease: Lease) -> None:
        self._stores, self._lease = stores, lease
        self._tail, self._leases, self._shared = shared.tail, shared.leases, shared
        self._view, self._shard = stores.table.view, lease.shard_id.shard
        self._handled = frozenset(each.__name__ for each in self._view.handles)
        self._alone = shared.tail.alone(self._handled)
        self._position = self._stored = self._head = lease.position
        self._renewed = time.monotonic()
        self._parking = Parking(stores.pool, lease.shard_id, shared.parked_at_most, self._view.sequenced_by)
        self._rows = ShardRows.recent(stores.pool, stores.table, self._shard, self._written)
        self._mirror = Mirror(stores.pool, stores.documents, shared.rounds, lease, self._parking.sequences)
        self._redemption = Redemption(
            stores, shared, self._rows, self._mirror, self._parking, self._standing, self._renew
        )
        self._writing: asyncio.Task[None] | None = None
        self._resting: Resting
        self._tally = shared.projections.of(self._view.name, self._shard)
        self._pulse: Pulse

    async def run(self, until: float) -> None:
        """Projects until the monotonic clock says so.

        Raises Fenced when another worker has taken over, and TooManyDeadLetters.
        """
        try:
            with (
                self._shared.projections.holding(self._view.name, self._shard) as self._pulse,
                self._shared.rest.of(self._view.name) as self._resting,
            ):
                await self._begin()
                while time.monotonic() < until:
                    await self._go_on()
                await self._written()
        finally:
            await end([self._writing] if self._writing else [])

    async def _begin(self) -> None:
        await self._tail.verify(self._position)
        await self._parking.load()
        await self._mirror.claim(self._stored, self._renew)
        self._tally.redis_behind = self._mirror.behind(self._stored)

    async def _go_on(self) -> None:
        """What comes next; should that be impossible, it is done event by event, to find out of which."""
        self._pulse.beat()
        try:
            await self._advance()
        except Exception as error:
            if not blames_the_event(error):
                raise
            await self._start_over()
            await self._advance_carefully()
        if wanted := await self._parking.wanted():
            await self._written()
            await self._redemption.of(wanted)

    async def _advance(self) -> None:
        """What comes next. At the end of the log it is written before more is read; behind it, meanwhile."""
        await self._resting.over()
        near, read = await self._read()
        began = time.monotonic()
        if self._stores.documents is None:
            await asyncio.sleep(0)  # readers wait by id for the others, whose writing can begin meanwhile
        for part in read.parts():
            if part.upto > self._position:
                await self._project(part)
            if near or self._is_time_to_renew():
                await self._written()
            await self._keep_alive()
        if near and not read.more:
            self._resting.begin(time.monotonic() - began)

    async def _read(self) -> tuple[bool, Stretch]:
        """What follows in the log, and whether that is near its end."""
        near = await self._tail.after(self._position)
        read = near or await self._alone.after(self._position)
        self._head = max(self._head, read.head)
        return near is not None, read

    async def _project(self, read: Stretch) -> None:
        events, held = self._parking.divided([event for event in read.events if event.type in self._handled])
        folded = await self._rows.after([event.recorded() for event in events])
        await self._written()
        self._writing = asyncio.create_task(self._write(self._progress(read), folded, held))
        self._rows.remember(folded)
        self._position = read.upto

    async def _advance_carefully(self) -> None:
        _, read = await self._read()
        for single in read.singles(self._concerns):
            await self._attempt(single)
            await self._keep_alive()

    async def _attempt(self, single: Stretch) -> None:
        """Applies one event; parks it where it cannot be applied."""
        failure = await failure_of(partial(self._apply, single), self._fail)
        if failure is not None:
            await self._park(single, self._parking.letter(single.events[0], failure, ATTEMPTS))

    async def _apply(self, single: Stretch) -> None:
        await self._project(single)
        await self._written()

    async def _fail(self) -> None:
        self._tally.failures += 1
        await self._start_over()

    async def _park(self, single: Stretch, letter: Letter) -> None:
        parked = frozenset({single.events[0].sequence(self._parking.by)})
        await self._write(self._progress(single, parked=True), Folded(), [letter], parked)
        self._position = single.upto

    async def _start_over(self) -> None:
        """From where the shard was written last."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await asyncio.wait({writing})
            error = writing.exception()
            if error is not None and not (isinstance(error, Exception) and blames_the_event(error)):
                raise error
        self._rows.forget()
        self._position = self._stored

    async def _write(
        self,
        progress: Progress,
        folded: Folded[Row],
        letters: Sequence[Letter] = (),
        parked: AbstractSet[UUID] = frozenset(),
    ) -> None:
        """Writes what was folded, and parks letters, those of aggregates that are parked now among them."""
        with projecting(self._lease.shard_id, progress, folded):
            await self._write_all(progress, folded, letters, parked)
        self._tally.redis_behind = self._mirror.behind(self._stored)

    async def _write_all(
        self, progress: Progress, folded: Folded[Row], letters: Sequence[Letter], parked: AbstractSet[UUID]
    ) -> None:
        documents = folded.documents(self._stores.table)
        if letters:
            beside = partial(self._parking.letters.park, letters=letters)
            await self._shared.writes.write_beside(self._stores.table, progress, documents, beside)
            self._parking.sequences |= parked
        else:
            await self._shared.writes.write(self._stores.table, progress, *documents, hurried=self._resting.hurried)
        self._stored, self._renewed = progress.upto, time.monotonic()
        self._tally.events += len(folded.subjects)
        self._tally.rows += len(folded.rows)
        await self._mirror.bring(progress, folded.rows, documents[0], self._renew, parked)

    def _concerns(self, event: Logged) -> bool:
        """Whether the event can change rows of this shard, as far as that can be told without decoding it."""
        if event.type not in self._handled:
            return False
        return self._view.keys is not own_key or self._view.shard_of(event.aggregate_id) == self._shard

    def _progress(self, read: Stretch, *, parked: bool = False) -> Progress:
        event_at = read.events[-1].recorded_at if read.events else None
        parked = parked or bool(self._parking.sequences)
        return Progress(self._shard, self._lease.epoch, self._position, read.upto, self._head, event_at, parked)

    def _standing(self) -> Progress:
        """That of a shard that stays where it is."""
        return self._progress(Stretch((), self._position, self._head))

    async def _written(self) -> None:
        """Waits for what is being written. Raises what came of it."""
        if self._writing is not None:
            await self._writing
            self._writing = None

    def _is_time_to_renew(self) -> bool:
        return time.monotonic() - self._renewed >= RENEW_S

    async def _keep_alive(self) -> None:
        if await self._renew():
            await self._mirror.claim(self._stored, self._renew)
            self._tally.redis_behind = self._mirror.behind(self._stored)

    async def _renew(self) -> bool:
        """Prolongs the lease, if it is time to. Raises Fenced when it is lost."""
        self._pulse.beat()
        if not self._is_time_to_renew():
            return False
        self._renewed = time.monotonic()
        if not await self._leases.renew(self._lease, head=self._head, position=self._stored):
            raise Fenced(f"the lease on {self._lease.shard_id} is lost, or its shard not where it was left")
        return True
