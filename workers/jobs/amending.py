"""Folding events in that were parked while those of other aggregates went on, as if they had never been."""

from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from app.infra.folding import Subject, amended, changes, evolved, touching
from app.infra.tables import Stored
from app.kernel.messages import Event, Recorded
from app.kernel.view import Key, View
from workers.jobs.shard_rows import Folded, ShardRows

Row = TypeVar("Row")

History = Callable[[], AsyncIterable[list[Recorded[Event]]]]
"""All events of a view's types that its shard has been given so far, but those that stay parked."""


class NotNow(Exception):
    """What is parked could be applied, and will be a little later."""


class Amending(Generic[Row]):
    """What parked events make of a shard's rows, given in the order of the log, while the shard stands at `position`.

    A row that later events have changed meanwhile is folded anew from its beginning, unless its view commutes. Such a
    row gets the shard's position, since at one position a row is always the same: it must not have that one already.
    """

    def __init__(self, view: View[Row], shard: int, rows: ShardRows[Row], position: int) -> None:
        self._view, self._shard, self._rows, self._position = view, shard, rows, position
        self._changed: dict[Key, Stored[Row]] = {}
        self._entities: dict[Key, Stored[Any]] = {}
        self._passed: set[Key] = set()

    async def apply(self, event: Recorded[Event]) -> None:
        """Folds in one more. Raises what the view does, and then nothing of it is folded in, and NotNow."""
        subjects, entities = await self._seen(event)
        touches = touching(self._view, self._shard, subjects)
        present = await self._present({key for _, key in touches})
        passed = {key for key, stored in present.items() if self._has_passed(key, stored, event)}
        changed = evolved(self._view, [each for each in touches if each[1] not in passed], present)
        if self._view.commutes:
            again = [each for each in touches if each[1] in passed]
            changed |= amended(self._view, again, {key: present[key] for key in passed}, self._position)
        else:
            self._passed |= passed
        self._changed |= changed
        self._entities |= entities

    async def folded(self, history: History) -> Folded[Row]:
        """What came of all. Raises what the view does."""
        if self._passed:
            self._changed |= await self._refolded(history)
        return Folded(self._changed, self._entities)

    def _has_passed(self, key: Key, stored: Stored[Row], event: Recorded[Event]) -> bool:
        if key in self._passed:
            return True
        if stored.position > event.position and stored.position >= self._position and key not in self._changed:
            raise NotNow("a row was changed by the shard's last event")
        return stored.position > event.position

    async def _seen(self, event: Recorded[Event]) -> tuple[Sequence[Subject], Mapping[Key, Stored[Any]]]:
        entity = self._view.entity
        if entity is None:
            return [event], {}
        handled = type(event.event) in entity.handles
        present = await self._rows.entities({entity.of(event)}) if handled else {}
        return changes(entity, [event], {**present, **self._entities})

    async def _present(self, keys: set[Key]) -> Mapping[Key, Stored[Row]]:
        known = {key: self._changed[key] for key in keys & self._changed.keys()}
        return {**await self._rows.present(keys - known.keys()), **known}

    async def _refolded(self, history: History) -> Mapping[Key, Stored[Row]]:
        rows: dict[Key, Stored[Row]] = {}
        entities: dict[Key, Stored[Any]] = {}
        async for events in history():
            subjects, changed = changes(self._view.entity, events, entities) if self._view.entity else (events, {})
            entities.update(changed)
            touches = [each for each in touching(self._view, self._shard, subjects) if each[1] in self._passed]
            rows |= evolved(self._view, touches, rows)
        return {key: Stored(each.row, each.version, self._position) for key, each in rows.items()}
