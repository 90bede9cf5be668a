"""Reading your own writes: wait until a view has reached what was asked for, then answer, or say that it has not."""

import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from redis.exceptions import RedisError

from app import tracing
from app.infra.checkpoints import Checkpoints, Freshness
from app.infra.db import Pool
from app.infra.hints import HintListener, HintSender, wait
from app.infra.parked import Parked
from app.infra.redis_views import RedisView, Top
from app.infra.server_lives import ServerLives, ServerReplaced
from app.infra.serving import POLL_S, Serving
from app.infra.sessions import Sessions
from app.infra.table_reads import Rows
from app.infra.table_views import TableView
from app.infra.tables import Stored
from app.infra.wanted import Behind, Found, Listed, Wanted
from app.kernel.measures import Histograms
from app.kernel.view import Key, View

Row = TypeVar("Row")
Seen = TypeVar("Seen")

Look = tuple[int | None, Stored[Row] | None, bool]
"""How far the key's shard was, the key's row (None where there is none), and whether either may be parked."""

_Looking = Callable[[], Awaitable[Look[Row]]]

_MOST_LIVES = 3
"""How many lives of the server a list may meet before it gives up."""

_NOTHING: Final = Wanted()

AT_ONCE: Final = "at once"
WAITED: Final = "waited"
BEHIND: Final = "behind"
PARKED: Final = "parked"
"""What becomes of a read that must be fresh: it need not wait, it waits and gets there, or it does not get there. One
that meets something parked is counted for that, too."""


class ReadModels:
    """The read stores of all registered views, and the waiting before them."""

    def __init__(
        self,
        pool: Pool,
        tables: Mapping[str, TableView[Any]],
        documents: Mapping[str, RedisView[Any]],
        hints: HintListener,
        lives: ServerLives | None = None,
        wishes: HintSender | None = None,
    ) -> None:
        self.pool, self.hints, self._wishes = pool, hints, wishes
        self.waits = Histograms()
        """Seconds that reads waited for what they wanted, by view and outcome."""
        self.unhinted = 0
        """How often a read that waited found what it wanted before any word of it: it was lost, or overtaken."""
        sessions = Sessions(pool, lives := lives or ServerLives())
        self.fetch, self.fetchval = sessions.fetch, sessions.fetchval
        self._tables: dict[str, TableView[Any]] = {}
        self._checkpoints = Checkpoints(sessions, self._tables, lives)
        self._parked = Parked(sessions, self._tables)
        self._serving = Serving(sessions, self._checkpoints, self._tables)
        self._rows, self._rankings = self._serving.rows, self._serving.rankings
        self._documents, self._building = self._serving.documents, self._serving.building
        for name, table in tables.items():
            self.serve(table, documents.get(name))

    @property
    def life(self) -> int:
        """A number that is another one once the flat tables may be others, or those of a server that crashed."""
        return self._checkpoints.life

    @property
    def building(self) -> Collection[str]:
        """The names of the views that have nothing to show yet."""
        return self._building

    def generation(self, view: str) -> int:
        """The number of the generation that is read of a view, by its name."""
        return self._tables[view].generation

    def serve(self, table: TableView[Any], documents: RedisView[Any] | None, *, answers: bool = True) -> None:
        """Reads this generation of its view from now on. Until it `answers`, whoever asks hears that it is behind."""
        self._serving.serve(table, documents, answers=answers)

    def table(self, view: View[Row]) -> TableView[Row]:
        """The generation of the view's table that this process reads."""
        return self._tables[view.name]

    async def get(self, view: View[Row], key: Key, wanted: Wanted) -> Found[Row] | Behind:
        """One row by key, at least as fresh as wanted."""
        if view.name not in self._building:
            checkpoint, stored, suspect = await self._look(view, key, wanted)
            if checkpoint is not None and not suspect and _satisfies(checkpoint, stored, wanted):
                if wanted.anything:
                    self.waits.of(view.name, AT_ONCE).observe(0.0)
                return Found(stored, checkpoint)
        look, glance = partial(self._look, view, key, wanted), partial(self._glance, view, key, wanted)
        return await self.find(view, key, wanted, look, glance)

    async def find(
        self, view: View[Any], key: Key, wanted: Wanted, look: _Looking[Seen], glance: _Looking[Seen] | None = None
    ) -> Found[Seen] | Behind:
        """What a look at a view's table shows of a key, at least as fresh as wanted: its version is the latest."""
        if view.name in self._building:
            if isinstance(left := await self._serving.once_built(view, wanted, self.hints), Behind):
                return left
            wanted = left
        deadline = time.monotonic() + wanted.wait_s
        seen = await self._look_until(view, wanted, look, lambda seen: seen[2] or _satisfies(*seen[:2], wanted), glance)
        parked = seen[2] and await self._parked.concerns(view.name, key, wanted.position)
        if seen[2] and not parked:
            left = wanted.until(deadline)
            seen = await self._look_until(view, left, look, lambda seen: _satisfies(*seen[:2], wanted), glance)
            parked = seen[2] and await self._parked.concerns(view.name, key, wanted.position)
        if parked:
            self.waits.of(view.name, PARKED).observe(0.0)
        checkpoint, stored, _ = seen
        if checkpoint is not None and not parked and _satisfies(checkpoint, stored, wanted):
            return Found(stored, checkpoint)
        version, freshness = stored.version if stored else None, await self.freshness(view, wanted)
        return Behind(wanted, version, checkpoint, freshness, parked)

    async def get_many(self, view: View[Row], keys: Collection[Key], wanted: Wanted) -> dict[Key, Stored[Row]] | Behind:
        """The rows of these keys, as far as there are any, none of them older than the wanted position."""
        if not keys:
            return {}
        if view.name in self._building:
            if isinstance(left := await self._serving.once_built(view, wanted, self.hints), Behind):
                return left
            wanted = left
        position = wanted.position or 0
        look = partial(self._look_at_many, view, keys, position)
        checkpoint, found, suspect = await self._look_until(
            view, wanted, look, lambda seen: _reaches(seen[0], position)
        )
        parked = suspect and await self._lacks(view, wanted)
        if _reaches(checkpoint, position) and not parked:
            return found
        return Behind(wanted, None, checkpoint, await self.freshness(view, wanted), parked)

    async def top(
        self, view: View[Any], unions: Sequence[Collection[str]], most: int, wanted: Wanted, kept_ms: int = 0
    ) -> tuple[int, list[Top]] | Behind | None:
        """The highest of a view's rankings (see `RedisView.top`); None where only the flat table can tell."""
        if view.name in self._building:
            if isinstance(left := await self._serving.once_built(view, wanted, self.hints), Behind):
                return left
            wanted = left
        deadline, position = time.monotonic() + wanted.wait_s, wanted.position or 0

        async def look() -> tuple[int, list[Top], bool] | None:
            try:
                return await self._rankings[view.name].top(unions, most, kept_ms=kept_ms, position=position)
            except (RedisError, OSError):
                return None

        answer = await self._look_until(view, wanted, look, lambda seen: seen is None or seen[0] >= position)
        if answer is not None and answer[0] >= position and not (answer[2] and await self._lacks(view, wanted)):
            return answer[:2]
        if wanted.position is None:
            return None
        return reached if isinstance(reached := await self.reach(view, wanted.until(deadline)), Behind) else None

    async def reach(self, view: View[Any], wanted: Wanted) -> Freshness | Behind:
        """Waits until every shard of the view has reached the wanted position."""
        if view.name in self._building:
            if isinstance(left := await self._serving.once_built(view, wanted, self.hints), Behind):
                return left
            wanted = left
        position, look = wanted.position or 0, partial(self.freshness, view, wanted)
        freshness = await self._look_until(view, wanted, look, lambda seen: seen.position >= position)
        parked = freshness.parked > 0 and await self._lacks(view, wanted)
        if freshness.position >= position and not parked:
            return freshness
        return Behind(wanted, None, freshness.position, freshness, parked)

    async def _lacks(self, view: View[Any], wanted: Wanted) -> bool:
        """Whether the event of the wanted token is parked."""
        if wanted.position is None or not await self._parked.concerns(view.name, None, wanted.position):
            return False
        self.waits.of(view.name, PARKED).observe(0.0)
        return True

    async def listed(
        self,
        views: Collection[View[Any]],
        wanted: Wanted,
        read: Callable[[], Awaitable[Seen]],
        *,
        telling: bool = False,
    ) -> Listed[Seen] | Behind:
        """What `read` finds in the flat tables of these views once all have come far enough; `wait_s` is for all.

        With `telling`, how far the hindmost was just before, so what was read is no older than that. Asks nobody where
        nothing is wanted or the views are known to be far enough. Reads again if the server was replaced meanwhile,
        and raises ServerReplaced when that does not end.
        """
        deadline = time.monotonic() + wanted.wait_s
        for _ in range(_MOST_LIVES):
            life = self.life
            freshness = await self._all_reach(views, wanted, deadline, telling=telling)
            if isinstance(freshness, Behind):
                return freshness
            found = await read()
            if life == self.life or (wanted.position is None and not telling):
                return Listed(found, freshness if telling else None)
        raise ServerReplaced("a list could not be read from one server")

    async def _all_reach(
        self, views: Collection[View[Any]], wanted: Wanted, deadline: float, *, telling: bool
    ) -> Freshness | Behind | None:
        """How far the hindmost is, as far as anybody had to look."""
        found = []
        for view in views:
            position = wanted.position
            known = position is not None and self._checkpoints.known(view.name, position)
            if known and not telling and view.name not in self._building:
                self.waits.of(view.name, AT_ONCE).observe(0.0)
            elif telling or position is not None or view.name in self._building:
                if isinstance(reached := await self.reach(view, wanted.until(deadline)), Behind):
                    return reached
                found.append(reached)
        return min(found, key=lambda each: (each.state != "STALLED", each.position), default=None)

    async def freshness(self, view: View[Any], wanted: Wanted = _NOTHING) -> Freshness:
        """How far the whole view has come, by its checkpoints in the flat store.

        The log reaches as far as any view has seen it, and at least as far as what is wanted: a token tells of it
        before a dead worker can.
        """
        return await self._checkpoints.freshness(view.name, wanted.position or 0)

    async def _look_until(
        self,
        view: View[Any],
        wanted: Wanted,
        look: Callable[[], Awaitable[Seen]],
        enough: Callable[[Seen], bool],
        glance: Callable[[], Awaitable[Seen]] | None = None,
    ) -> Seen:
        """The first look that shows enough, or the last one before the wait is over.

        A `glance` costs less than a look and may miss something: it is for the time between two looks.
        """
        began = time.monotonic()
        seen = await look()
        if (reached := enough(seen)) or wanted.wait_s <= 0:
            if wanted.anything:
                self.waits.of(view.name, AT_ONCE if reached else BEHIND).observe(0.0)
            return seen
        with tracing.span(f"wait {view.name}", position=wanted.position, version=wanted.version):
            seen = await self._look_again(view, began, began + wanted.wait_s, look, enough, glance or look)
        self.waits.of(view.name, WAITED if enough(seen) else BEHIND).observe(time.monotonic() - began)
        return seen

    async def _look_again(
        self,
        view: View[Any],
        looked: float,
        deadline: float,
        look: Callable[[], Awaitable[Seen]],
        enough: Callable[[Seen], bool],
        glance: Callable[[], Awaitable[Seen]],
    ) -> Seen:
        """What is seen when it is enough, or at the deadline. Somebody looked already, at `looked`."""
        hinted = True
        with self.hints.subscribed(view.name) as woken:
            while True:
                now = time.monotonic()
                if now < min(deadline, looked + POLL_S):
                    seen = await glance()
                else:
                    looked, seen = now, await look()
                if enough(seen):
                    self.unhinted += not hinted and not woken.is_set()
                    return seen
                if now >= deadline:
                    return seen
                if self._wishes:
                    self._wishes.wanted(view.name)
                hinted = await wait(woken, min(deadline - now, POLL_S))

    async def _look_at_many(self, view: View[Row], keys: Collection[Key], position: int) -> Rows[Row]:
        """What Redis holds of the keys, if it has reached the position, and the flat table for the others."""
        found = await self._documents_of(view, keys, position)
        missing = [key for key in keys if key not in found[1]]
        if not missing:
            return found
        checkpoint, rows, parked = await self._rows[view.name].read(missing)
        return checkpoint, found[1] | rows, found[2] or parked

    async def _documents_of(self, view: View[Row], keys: Collection[Key], position: int) -> Rows[Row]:
        documents: RedisView[Row] | None = self._documents.get(view.name)
        try:
            checkpoint, found, parked = (
                await documents.read_many(keys) if documents is not None else (None, dict[Key, Stored[Row]](), False)
            )
        except (RedisError, OSError):
            return None, {}, False
        if checkpoint is None or checkpoint < position:
            return None, {}, False
        return checkpoint, found, parked

    async def _look(self, view: View[Row], key: Key, wanted: Wanted) -> Look[Row]:
        """Redis first; the flat table when Redis has nothing to say or is not as fresh as it must be.

        A document that is missing may have been evicted: only the table knows that there is no such row.
        """
        documents: RedisView[Row] | None = self._documents.get(view.name)
        if documents is not None:
            try:
                checkpoint, stored, parked = await documents.read(key)
            except (RedisError, OSError):
                return await self._look_in_table(view, key)
            if stored is not None and _satisfies(checkpoint, stored, wanted):
                return checkpoint, stored, parked and wanted.position is not None
        return await self._look_in_table(view, key)

    async def _glance(self, view: View[Row], key: Key, wanted: Wanted) -> Look[Row]:
        """As a look, but while Redis is not far enough, nobody asks whether the table is."""
        documents: RedisView[Row] | None = self._documents.get(view.name)
        with contextlib.suppress(RedisError, OSError):
            checkpoint, stored, parked = await documents.read(key) if documents is not None else (None, None, False)
            if checkpoint is not None and (stored is not None or not _satisfies(checkpoint, None, wanted)):
                return checkpoint, stored, parked
        return await self._look_in_table(view, key)

    async def _look_in_table(self, view: View[Row], key: Key) -> Look[Row]:
        checkpoint, rows, parked = await self._rows[view.name].read((key,))
        return checkpoint, rows.get(key), parked


def _satisfies(checkpoint: int | None, stored: Stored[Any] | None, wanted: Wanted) -> bool:
    if checkpoint is None or (wanted.position is not None and checkpoint < wanted.position):
        return False
    return wanted.version is None or (stored is not None and stored.version >= wanted.version)


def _reaches(checkpoint: int | None, position: int) -> bool:
    return checkpoint is not None and checkpoint >= position
