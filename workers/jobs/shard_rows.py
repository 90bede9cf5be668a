"""What events make of one shard's rows: those written last are remembered, all others are loaded."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from app.infra.db import Pool
from app.infra.folding import Subject, changes, evolved, newborn, touching
from app.infra.table_views import TableView
from app.infra.tables import Stored, Table
from app.kernel.messages import Event, Recorded
from app.kernel.view import Change, Key, own_key

Row = TypeVar("Row")

_REMEMBERED_ROWS = 4_096


@dataclass(frozen=True)
class Folded(Generic[Row]):
    """The rows and entities that events have changed, as they are after them; `subjects` touched them."""

    rows: Mapping[Key, Stored[Row]] = field(default_factory=dict)
    entities: Mapping[Key, Stored[Any]] = field(default_factory=dict)
    subjects: Sequence[Subject] = ()

    def said_of(self, name: str) -> list[str]:
        """What the metadata of the events says under a name, each once, as far as it says anything."""
        recorded = (each.recorded if isinstance(each, Change) else each for each in self.subjects)
        return list(dict.fromkeys(said for event in recorded if (said := event.metadata.get(name)) is not None))

    def documents(self, table: TableView[Row]) -> tuple[list[bytes], list[bytes]]:
        """Both, as the view's tables are given them."""
        beneath = [*map(table.entities.document, self.entities.values())] if table.entities else []
        return [*map(table.document, self.rows.values())], beneath


class Kept(Protocol[Row]):
    """Rows that are in memory."""

    def of(self, keys: AbstractSet[Key]) -> dict[Key, Stored[Row]]:
        """Those of these keys, as far as they are known."""

    def update(self, rows: Mapping[Key, Stored[Row]]) -> None:
        """Takes rows as they are now."""

    def forget(self) -> None:
        """Nothing is known any more: what was to be written has not been."""


async def _at_once() -> None:
    """What is loaded is not being written meanwhile."""


class ShardRows(Generic[Row]):
    """Folds events into a shard's rows, and keeps these and their entities where it is told.

    `written` is awaited before rows are loaded, which may be being written.
    """

    def __init__(
        self,
        pool: Pool,
        table: TableView[Row],
        shard: int,
        rows: Kept[Row],
        entities: Kept[Any],
        written: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self._pool, self._table, self._shard, self._written = pool, table, shard, written
        self._view, self._rows, self._entities = table.view, rows, entities

    @classmethod
    def recent(
        cls, pool: Pool, table: TableView[Row], shard: int, written: Callable[[], Awaitable[None]]
    ) -> "ShardRows[Row]":
        """Those of a shard that remembers the last few thousand, and of a view whose rows never change none."""
        rows = _RecentRows[Row](0 if table.view.appends else _REMEMBERED_ROWS)
        return cls(pool, table, shard, rows, _RecentRows[Any](_REMEMBERED_ROWS), written)

    async def after(self, events: Sequence[Recorded[Event]]) -> Folded[Row]:
        """What the events make of the rows. Raises what the view does."""
        subjects, entities = await self._seen(events)
        touches = touching(self._view, self._shard, subjects)
        present = await self._before(events, {key for _, key in touches})
        touching_some = {id(subject): subject for subject, _ in touches}.values()
        return Folded(evolved(self._view, touches, present), entities, [*touching_some])

    async def _before(self, events: Sequence[Recorded[Event]], keys: AbstractSet[Key]) -> Mapping[Key, Stored[Row]]:
        """The rows of these keys as they are before the events."""
        if self._view.appends:
            return {}
        return await self.present(keys, newborn(events) if self._view.keys is own_key else frozenset())

    async def shown_again(self, aggregates: Collection[UUID]) -> Mapping[Key, Stored[Row]]:
        """The rows of aggregates of which nothing is parked any more, as far as the view has such rows."""
        if not aggregates or self._table.columns[0].hint is not UUID:
            return {}
        rows = await self._table.load(self._pool, aggregates)
        return {key: stored for key, stored in rows.items() if self._view.shard_of(key) == self._shard}

    def remember(self, folded: Folded[Row]) -> None:
        """Nobody else writes these rows while the lease holds, so they need not be read again."""
        self._rows.update(folded.rows)
        self._entities.update(folded.entities)

    def forget(self) -> None:
        """Nothing is known any more: what was to be written has not been."""
        self._rows.forget()
        self._entities.forget()

    async def present(self, keys: AbstractSet[Key], born: AbstractSet[Key] = frozenset()) -> Mapping[Key, Stored[Row]]:
        """The rows of these keys, as far as there are any. Of those that are just born, there are none."""
        return await self._known(self._rows, keys, born, self._table)

    async def entities(self, keys: AbstractSet[Key], born: AbstractSet[Key] = frozenset()) -> Mapping[Key, Stored[Any]]:
        """The same of what the view remembers beneath its rows."""
        assert self._table.entities is not None
        return await self._known(self._entities, keys, born, self._table.entities)

    async def _known(
        self, kept: Kept[Any], keys: AbstractSet[Key], born: AbstractSet[Key], table: Table[Any]
    ) -> Mapping[Key, Stored[Any]]:
        known = kept.of(keys)
        missing = keys - known.keys() - born
        if not missing:
            return known
        await self._written()  # which may be of rows that are forgotten already
        return known | await table.load(self._pool, missing)

    async def _seen(self, events: Sequence[Recorded[Event]]) -> tuple[Sequence[Subject], Mapping[Key, Stored[Any]]]:
        """What the view folds: the events, or the changes that they make to its entities, which come with them."""
        entity = self._view.entity
        if entity is None:
            return events, {}
        keys = {entity.of(event) for event in events if type(event.event) in entity.handles}
        born = newborn(events) if entity.by is None else frozenset[Key]()
        return changes(entity, events, await self.entities(keys, born))


class _RecentRows(Generic[Row]):
    """The rows written last, so many of them."""

    def __init__(self, at_most: int) -> None:
        self._rows: OrderedDict[Key, Stored[Row]] = OrderedDict()
        self._at_most = at_most

    def forget(self) -> None:
        self._rows.clear()

    def of(self, keys: AbstractSet[Key]) -> dict[Key, Stored[Row]]:
        return {key: self._rows[key] for key in keys if key in self._rows}

    def update(self, rows: Mapping[Key, Stored[Row]]) -> None:
        known = self._rows
        for key, stored in rows.items():
            if key in known:
                known.move_to_end(key)
            known[key] = stored
        while len(known) > self._at_most:
            known.popitem(last=False)
