"""Following the switches between generations in a process that reads."""

from collections.abc import Collection, Sequence
from math import inf
from typing import Any

import asyncpg
import structlog

from app.infra import generations
from app.infra.db import TRANSIENT, Pool
from app.infra.freshness import ReadModels
from app.infra.generations import Generation, Served
from app.infra.hints import GENERATIONS, HintListener, wait
from app.infra.switching import Documents, held_by
from app.infra.table_views import TableView
from app.kernel.view import View

_log = structlog.get_logger()

_POLL_S = 1.0
"""How long a switch goes unnoticed, should every hint be lost."""

_AGAIN_S = 0.02
"""How soon to look again where another generation is live, but does not stand where the present one does yet."""

_AHEAD = """
select coalesce(min(position) filter (where generation = $3), -1)
    >= coalesce(max(position) filter (where generation = $2), -1)
from read.checkpoints where view = $1
"""


class GenerationWatch:
    """Has a process read what is live, and never less than what it has shown before."""

    def __init__(self, pool: Pool, views: Collection[View[Any]], reads: ReadModels, documents: Documents) -> None:
        self._pool, self._views, self._reads, self._documents = pool, views, reads, documents

    async def follow(self, hints: HintListener) -> None:
        """Looks whenever there is word of a switch, and each second, for ever."""
        with hints.subscribed(GENERATIONS) as woken:
            while True:
                try:
                    settled = await self.look()
                except (TimeoutError, asyncpg.PostgresError, *TRANSIENT) as error:
                    _log.warning("generations cannot be looked at", error=str(error) or type(error).__name__)
                    settled = True
                await wait(woken, _POLL_S if settled else _AGAIN_S)

    async def look(self) -> bool:
        """Swaps what is to be swapped. Returns whether nothing is left to do."""
        there = await generations.known(self._pool)
        return all([await self._follow_one(view, there) for view in self._views])

    async def _follow_one(self, view: View[Any], there: Sequence[Generation]) -> bool:
        chosen, present = generations.served(view, there), self._reads.table(view)
        if chosen is None:
            return True
        building = view.name in self._reads.building
        if chosen.number == present.generation:
            if building and chosen.answers:
                self._serve(view, chosen)
            return True
        if not building and not (chosen.answers and await self._is_ahead(present, TableView(view, chosen.number))):
            return False
        self._serve(view, chosen)
        return True

    def _serve(self, view: View[Any], chosen: Served) -> None:
        table = TableView(view, chosen.number)
        self._reads.serve(table, self._documents(table), answers=chosen.answers)

    async def _is_ahead(self, present: TableView[Any], chosen: TableView[Any]) -> bool:
        """Whether nothing that this process has shown is missing there, neither in the tables nor in Redis."""
        if not await self._pool.fetchval(_AHEAD, present.view.name, present.generation, chosen.generation):
            return False
        shown, other = self._documents(present), self._documents(chosen)
        if shown is None or other is None:
            return True
        return max(await held_by(shown), default=0) <= min(await held_by(other), default=inf)
