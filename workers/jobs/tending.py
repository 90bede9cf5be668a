"""What becomes of generations that are filled: they are compared with what is live, and switched to.

Every worker tends those of its own code's definitions. It does not matter how many do: each step is one transaction
that finds what it expects, or does nothing.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec
import redis.asyncio as aioredis
import structlog
from redis.exceptions import RedisError

from app.infra import generations
from app.infra.comparing import Compared, Comparison
from app.infra.db import TRANSIENT, Pool
from app.infra.event_log import as_json
from app.infra.generations import BUILDING, LIVE, READY, Generation
from app.infra.hints import GENERATIONS, HintListener, HintSender, wait
from app.infra.pruning import prune, undone
from app.infra.switching import Documents, NotThereYet, switch
from app.infra.table_views import TableView
from app.kernel.view import View

_log = structlog.get_logger()

_POLL_S = 1.0
_SOON_S = 0.1
"""How long to wait for a word, where nothing is to be done, and where something is."""

_HEAD = "select coalesce(max(position), 0) from write.events"

_CAUGHT_UP = """
update read.generations set state = 'READY', caught_up_at = coalesce(caught_up_at, clock_timestamp()), comparison = $3
where view = $1 and generation = $2 and state = 'BUILDING'
"""

_ALONE = "select pg_try_advisory_xact_lock(hashtext('read.generations.tended'), hashtext($1))"


class Tending:
    """Looks after the generations of these views until it is cancelled."""

    def __init__(
        self, pool: Pool, redis: aioredis.Redis, prefix: str, views: Mapping[str, View[Any]], documents: Documents
    ) -> None:
        self._pool, self._redis, self._prefix = pool, redis, prefix
        self._views, self._documents = views, documents
        self._hints = HintSender(redis, prefix)
        self._heads: dict[tuple[str, int], int] = {}

    async def follow(self, hints: HintListener) -> None:
        """Does what is to be done, when it is told of it or finds it, for ever."""
        with hints.subscribed(GENERATIONS) as woken:
            while True:
                busy = False
                try:
                    busy = await self.look()
                except TRANSIENT as error:
                    _log.warning("generations wait for the database", error=str(error) or type(error).__name__)
                except Exception:  # noqa: BLE001 - the next look may do better, and nobody else looks
                    _log.exception("generations could not be tended")
                await wait(woken, _SOON_S if busy else _POLL_S)

    async def look(self) -> bool:
        """Takes every generation as far as it can be taken now. Returns whether something is left to be done."""
        there = await generations.known(self._pool)
        mine = [each for each in there if self._is_mine(each) and each.state in (BUILDING, READY)]
        self._heads = {place: head for place, head in self._heads.items() if place in {_place(g) for g in mine}}
        for each in mine:
            if await self._has_caught_up(each):
                live = next((g for g in there if g.view == each.view and g.state == LIVE), None)
                await self._advance(each, live)
        await self._finish_pruning()
        return any(each.state == BUILDING or not each.only_checked for each in mine)

    def _is_mine(self, generation: Generation) -> bool:
        view = self._views.get(generation.view)
        return view is not None and generation.fingerprint == generations.fingerprint(view)

    async def _has_caught_up(self, generation: Generation) -> bool:
        """Whether it has its indexes, and every shard is where the end of the log was at the last look."""
        before, place = self._heads.get(_place(generation)), _place(generation)
        self._heads[place] = await self._pool.fetchval(_HEAD)
        if generation.indexed:
            self._hints.wanted(generation.view)
        return generation.indexed and before is not None and generation.position >= before

    async def _advance(self, generation: Generation, live: Generation | None) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(_ALONE, generation.view):
                return
            if generation.state == BUILDING:
                await connection.execute("set local idle_in_transaction_session_timeout = 0")
                await self._compare(connection, generation, live)
        if not generation.only_checked:
            await self._switch(self._table(generation))

    async def _compare(
        self, connection: asyncpg.pool.PoolConnectionProxy, generation: Generation, live: Generation | None
    ) -> None:
        """Notes that it has caught up, and how it compares to what is live, where both have one definition."""
        comparable = live is not None and live.fingerprint == generation.fingerprint
        found = await self._compared(generation, live) if live is not None and comparable else None
        await connection.execute(_CAUGHT_UP, *_place(generation), None if found is None else as_json(found))
        if found is not None and found.different:
            _log.warning("generations differ", view=generation.view, **msgspec.structs.asdict(found))
        self._hints.generations_moved()

    async def _compared(self, generation: Generation, live: Generation) -> Comparison | None:
        next_, present = self._table(generation), self._table(live)
        compared = Compared(self._pool, next_, present)
        if not await compared.are_together():
            _log.warning("not compared with what nobody projects", view=generation.view, live=live.number)
            return None
        found = await compared.tables()
        one, other = self._documents(next_), self._documents(present)
        if one is None or other is None or not one.view.documents:
            return found
        try:
            return found + await compared.documents(one, other)
        except (RedisError, OSError) as error:
            _log.warning("documents not compared", view=generation.view, error=str(error))
            return found

    async def _switch(self, table: TableView[Any]) -> None:
        try:
            if await switch(self._pool, self._documents, table):
                _log.info("switched", view=table.view.name, generation=table.generation)
                self._hints.generations_moved()
        except NotThereYet:
            self._hints.wanted(table.view.name)

    async def _finish_pruning(self) -> None:
        for view in await undone(self._pool):
            if view in self._views:
                await prune(self._pool, self._redis, self._prefix, view)

    def _table(self, generation: Generation) -> TableView[Any]:
        return TableView(self._views[generation.view], generation.number)


def _place(generation: Generation) -> tuple[str, int]:
    return generation.view, generation.number
