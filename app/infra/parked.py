"""Whether what a reader asks for is parked: found out only where something of a view is."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.infra.sessions import Sessions
from app.infra.table_views import TableView
from app.kernel.view import Key

_CONCERNED = """
select exists (
    select from read.dead_letters where consumer = $1 and generation = $2 and (sequence = $3 or position = $4)
)
"""


class Parked:
    """Looks among the dead letters of the generations that a process reads."""

    def __init__(self, sessions: Sessions, tables: Mapping[str, TableView[Any]]) -> None:
        self._sessions, self._tables = sessions, tables

    async def concerns(self, view: str, key: Key | None, position: int | None) -> bool:
        """Whether anything of the aggregate of this id is parked, or the event at this position of the log.

        What a view shows besides may lack what is parked, too: a product's stock an order's pieces. It is shown, since
        one event must not stop all; but to who holds a token of that event it is never shown as if it were there.
        """
        aggregate = key if isinstance(key, UUID) else None
        found: bool = await self._sessions.fetchval(
            _CONCERNED, view, self._tables[view].generation, aggregate, position
        )
        return found
