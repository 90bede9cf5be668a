"""Looking for rows by key, once: in Redis first, and in the flat table for what Redis cannot tell."""

import contextlib
from collections.abc import Collection
from typing import Any, TypeVar

from redis.exceptions import RedisError

from app.infra.redis_views import RedisView
from app.infra.serving import Serving
from app.infra.table_reads import Rows
from app.infra.tables import Stored
from app.infra.wanted import Wanted
from app.kernel.view import Key, View

Row = TypeVar("Row")

Look = tuple[int | None, Stored[Row] | None, bool]
"""How far the key's shard was, the key's row (None where there is none), and whether either may be parked."""


class Looking:
    """Looks into the stores of the generations that are read now."""

    def __init__(self, serving: Serving) -> None:
        self._rows, self._documents = serving.rows, serving.documents

    async def at_many(self, view: View[Row], keys: Collection[Key], position: int) -> Rows[Row]:
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

    async def at(self, view: View[Row], key: Key, wanted: Wanted) -> Look[Row]:
        """Redis first; the flat table when Redis has nothing to say or is not as fresh as it must be.

        A document that is missing may have been evicted: only the table knows that there is no such row.
        """
        documents: RedisView[Row] | None = self._documents.get(view.name)
        if documents is not None:
            try:
                checkpoint, stored, parked = await documents.read(key)
            except (RedisError, OSError):
                return await self._in_table(view, key)
            if stored is not None and satisfies(checkpoint, stored, wanted):
                return checkpoint, stored, parked and wanted.position is not None
        return await self._in_table(view, key)

    async def glance(self, view: View[Row], key: Key, wanted: Wanted) -> Look[Row]:
        """As a look, but while Redis is not far enough, nobody asks whether the table is."""
        documents: RedisView[Row] | None = self._documents.get(view.name)
        with contextlib.suppress(RedisError, OSError):
            checkpoint, stored, parked = await documents.read(key) if documents is not None else (None, None, False)
            if checkpoint is not None and (stored is not None or not satisfies(checkpoint, None, wanted)):
                return checkpoint, stored, parked
        return await self._in_table(view, key)

    async def _in_table(self, view: View[Row], key: Key) -> Look[Row]:
        checkpoint, rows, parked = await self._rows[view.name].read((key,))
        return checkpoint, rows.get(key), parked


def satisfies(checkpoint: int | None, stored: Stored[Any] | None, wanted: Wanted) -> bool:
    """Whether a key's row is as fresh as wanted, out of a shard that had come so far."""
    if checkpoint is None or (wanted.position is not None and checkpoint < wanted.position):
        return False
    return wanted.version is None or (stored is not None and stored.version >= wanted.version)


def reaches(checkpoint: int | None, position: int) -> bool:
    """Whether a checkpoint is known, and as far as that."""
    return checkpoint is not None and checkpoint >= position
