"""Reading rows of a flat table by key: what many ask for in one turn of the event loop is one statement."""

from collections.abc import Collection, Sequence
from typing import Any, Generic, TypeVar

import asyncpg

from app.infra.sessions import Sessions
from app.infra.table_views import TableView
from app.infra.tables import Stored
from app.infra.together import Together
from app.kernel.view import Key

Row = TypeVar("Row")

Rows = tuple[int | None, dict[Key, Stored[Row]], bool]
"""The least checkpoint of some keys' shards, None where one has none, the rows that there are of them, and whether
anything of these shards is parked."""


class TableReads(Generic[Row]):
    """Reads one view's rows, each with the checkpoint of its shard out of the same snapshot."""

    def __init__(self, sessions: Sessions, table: TableView[Row]) -> None:
        self._sessions, self._table = sessions, table
        self._together: Together[Collection[Key], Rows[Row]] = Together(self._read)

    async def read(self, keys: Collection[Key]) -> Rows[Row]:
        """The rows of these keys."""
        return await self._together.ask(keys)

    async def _read(self, asked: Sequence[Collection[Key]]) -> Sequence[Rows[Row]]:
        keys = {key for each in asked for key in each}
        shards = {self._shard(key) for key in keys}
        records = await self._sessions.fetch(self._table.select_with_checkpoints, list(keys), list(shards))
        checkpoints = {record["checkpoint_shard"]: record["checkpoint"] for record in records}
        parked = any(record["checkpoint_parked"] for record in records)
        rows = {record[self._table.key]: self._table.stored(record) for record in records if _holds_a_row(record)}
        return [(*self._part(each, checkpoints, rows), parked) for each in asked]

    def _part(
        self, keys: Collection[Key], checkpoints: dict[int, int], rows: dict[Key, Stored[Row]]
    ) -> tuple[int | None, dict[Key, Stored[Row]]]:
        reached = [checkpoints.get(shard) for shard in {self._shard(key) for key in keys}]
        known = [each for each in reached if each is not None]
        return min(known) if len(known) == len(reached) else None, {key: rows[key] for key in keys if key in rows}

    def _shard(self, key: Key) -> int:
        return self._table.view.shard_of(key)


def _holds_a_row(record: asyncpg.Record) -> bool:
    """Whether it is more than the checkpoint of a shard in which none of the keys is."""
    version: Any = record["version"]
    return version is not None
