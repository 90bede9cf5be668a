"""Which generation of each view a process reads, and where that is. It may be another one from now on at any moment.

A read that is under way ends in the generation in which it began, and so do what it takes for how far that has come
and what is remembered of its rows: whoever changes the generation gives the readers another life (see `Checkpoints`).
"""

import time
from typing import Any

from app.infra.checkpoints import Checkpoints
from app.infra.hints import GENERATIONS, HintListener, wait
from app.infra.redis_views import RedisView
from app.infra.sessions import Sessions
from app.infra.table_reads import TableReads
from app.infra.table_views import TableView
from app.infra.wanted import Behind, Wanted
from app.kernel.view import View

POLL_S = 0.05
"""How long a waiting read goes without looking itself, should every hint be lost."""


class Serving:
    """The stores of the generations that are read now. Views in `building` have nothing to show yet."""

    def __init__(self, sessions: Sessions, checkpoints: Checkpoints, tables: dict[str, TableView[Any]]) -> None:
        self._sessions, self._checkpoints, self.tables = sessions, checkpoints, tables
        self.rows: dict[str, TableReads[Any]] = {}
        self.rankings: dict[str, RedisView[Any]] = {}
        self.documents: dict[str, RedisView[Any]] = {}
        self.building: set[str] = set()

    def serve(self, table: TableView[Any], documents: RedisView[Any] | None, *, answers: bool) -> None:
        """Reads this generation of its view from now on."""
        name, view = table.view.name, table.view
        self.tables[name], self.rows[name] = table, TableReads(self._sessions, table)
        if documents is not None:
            self.rankings[name] = documents
            self.documents |= {name: documents} if view.documents else {}
        (self.building.discard if answers else self.building.add)(name)
        self._checkpoints.swapped()

    async def once_built(self, view: View[Any], wanted: Wanted, hints: HintListener) -> Wanted | Behind:
        """What is still wanted of the view once it has something to show, or that it has not in time."""
        deadline = time.monotonic() + wanted.wait_s
        with hints.subscribed(GENERATIONS) as woken:
            while view.name in self.building:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    position = wanted.position or 0
                    return Behind(wanted, None, None, await self._checkpoints.freshness(view.name, position))
                await wait(woken, min(left_s, POLL_S))
        return wanted.until(deadline)
