"""Reading your own writes: wait until a view has reached what was asked for, then answer, or say that it has not."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from redis.exceptions import RedisError

from app.infra.checkpoints import Checkpoints, Freshness
from app.infra.db import Pool
from app.infra.hints import HintListener, HintSender
from app.infra.looking import Look, Looking, reaches, satisfies
from app.infra.parked import Parked
from app.infra.redis_rankings import Top
from app.infra.redis_views import RedisView
from app.infra.server_lives import ServerLives, ServerReplaced
from app.infra.serving import Serving
from app.infra.sessions import Sessions
from app.infra.table_views import TableView
from app.infra.tables import Stored
from app.infra.waiting import AT_ONCE, PARKED, Waiting
from app.infra.wanted import Behind, Found, Listed, Wanted
from app.kernel.view import Key, View

Row = TypeVar("Row")
Seen = TypeVar("Seen")

_Looking = Callable[[], Awaitable[Look[Row]]]

_MOST_LIVES = 3
"""How many lives of the server a list may meet before it gives up."""

_NOTHING: Final = Wanted()


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
        self.pool, self.hints = pool, hints
        self.waiting = Waiting(hints, wishes)
        sessions = Sessions(pool, lives := lives or ServerLives())
        self.fetch, self.fetchval = sessions.fetch, sessions.fetchval
        self._tables: dict[str, TableView[Any]] = {}
        self._checkpoints = Checkpoints(sessions, self._tables, lives)
        self._parked = Parked(sessions, self._tables)
        self._serving = Serving(sessions, self._checkpoints, self._tables)
        self._rankings, self._building = self._serving.rankings, self._serving.building
        looking = Looking(self._serving)
        self._look, self._glance, self._look_at_many = looking.at, looking.glance, looking.at_many
        self._look_until = self.waiting.until
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
            if checkpoint is not None and not suspect and satisfies(checkpoint, stored, wanted):
                if wanted.anything:
                    self.waiting.count(view, AT_ONCE)
                return Found(stored, checkpoint)
        look, glance = partial(self._look, view, key, wanted), partial(self._glance, view, key, wanted)
        return await self.find(view, key, wanted, look, glance)

    async def find(
        self, view: View[Any], key: Key, wanted: Wanted, look: _Looking[Seen], glance: _Looking[Seen] | None = None
    ) -> Found[Seen] | Behind:
        """What a look at a view's table shows of a key, at least as fresh as wanted: its version is the latest."""
        if isinstance(left := await self._once_built(view, wanted), Behind):
            return left
        wanted = left
        deadline = time.monotonic() + wanted.wait_s
        seen = await self._look_until(view, wanted, look, lambda seen: seen[2] or satisfies(*seen[:2], wanted), glance)
        parked = seen[2] and await self._parked.concerns(view.name, key, wanted.position)
        if seen[2] and not parked:
            rest = wanted.until(deadline)
            seen = await self._look_until(view, rest, look, lambda seen: satisfies(*seen[:2], wanted), glance)
            parked = seen[2] and await self._parked.concerns(view.name, key, wanted.position)
        if parked:
            self.waiting.count(view, PARKED)
        checkpoint, stored, _ = seen
        if checkpoint is not None and not parked and satisfies(checkpoint, stored, wanted):
            return Found(stored, checkpoint)
        version, freshness = stored.version if stored else None, await self.freshness(view, wanted)
        return Behind(wanted, version, checkpoint, freshness, parked)

    async def get_many(self, view: View[Row], keys: Collection[Key], wanted: Wanted) -> dict[Key, Stored[Row]] | Behind:
        """The rows of these keys, as far as there are any, none of them older than the wanted position."""
        if not keys:
            return {}
        if isinstance(left := await self._once_built(view, wanted), Behind):
            return left
        wanted = left
        position = wanted.position or 0
        look = partial(self._look_at_many, view, keys, position)
        checkpoint, found, suspect = await self._look_until(view, wanted, look, lambda seen: reaches(seen[0], position))
        parked = suspect and await self._lacks(view, wanted)
        if reaches(checkpoint, position) and not parked:
            return found
        return Behind(wanted, None, checkpoint, await self.freshness(view, wanted), parked)

    async def top(
        self, view: View[Any], unions: Sequence[Collection[str]], most: int, wanted: Wanted, kept_ms: int = 0
    ) -> tuple[int, list[Top]] | Behind | None:
        """The highest of a view's rankings (see `RedisView.top`); None where only the flat table can tell."""
        if isinstance(left := await self._once_built(view, wanted), Behind):
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
        if isinstance(left := await self._once_built(view, wanted), Behind):
            return left
        wanted = left
        position, look = wanted.position or 0, partial(self.freshness, view, wanted)
        freshness = await self._look_until(view, wanted, look, lambda seen: seen.position >= position)
        parked = freshness.parked > 0 and await self._lacks(view, wanted)
        if freshness.position >= position and not parked:
            return freshness
        return Behind(wanted, None, freshness.position, freshness, parked)

    async def _once_built(self, view: View[Any], wanted: Wanted) -> Wanted | Behind:
        """What is still wanted of the view when it has something to show."""
        if view.name not in self._building:
            return wanted
        return await self._serving.once_built(view, wanted, self.hints)

    async def _lacks(self, view: View[Any], wanted: Wanted) -> bool:
        """Whether the event of the wanted token is parked."""
        if wanted.position is None or not await self._parked.concerns(view.name, None, wanted.position):
            return False
        self.waiting.count(view, PARKED)
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
                self.waiting.count(view, AT_ONCE)
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
