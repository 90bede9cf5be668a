"""Folding events into a view's rows: pure, and the same for every store."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeVar

from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.view import Change, Entity, Key, View, own_key

Row = TypeVar("Row")
State = TypeVar("State")

Subject = Recorded[Any] | Change[Any]
"""What a view folds: an event, or for a view with an entity the change that it made."""


def changes(
    entity: Entity[State], events: Iterable[Recorded[Any]], present: Mapping[Key, Stored[State]]
) -> tuple[list[Change[State]], dict[Key, Stored[State]]]:
    """What the events make of their aggregates, event by event, and the aggregates as they are after all of them.

    An event that was folded before makes no change.
    """
    made: list[Change[State]] = []
    changed: dict[Key, Stored[State]] = {}
    for event in events:
        if type(event.event) not in entity.handles:
            made.append(Change(event, None, None))
            continue
        key = entity.of(event)
        before = changed.get(key) or present.get(key)
        if before is not None and before.position >= event.position:
            continue
        after = entity.evolve(before.row, event) if before else _FIRST.of(entity, event)
        assert after is not None or before is None, f"{entity.name} forgets {key}"
        made.append(Change(event, before.row if before else None, after))
        if after is not None:
            changed[key] = Stored(after, event.version, event.position)
    return made, changed


class _First:
    """What their first events made of aggregates, lately: several views remember the same entity."""

    def __init__(self, kept: int) -> None:
        self._made: dict[tuple[Any, int], tuple[Recorded[Any], Any]] = {}
        self._kept = kept

    def of(self, entity: Entity[State], event: Recorded[Any]) -> State | None:
        """The aggregate after its first event; the same object again, if the event is the same."""
        place = entity.evolve, event.position
        seen, made = self._made.get(place, (None, None))
        if seen is not event:
            made = entity.evolve(None, event)
            self._made[place] = event, made
            if len(self._made) > self._kept:
                del self._made[next(iter(self._made))]
        return made


_FIRST: Final = _First(kept=1_024)


def newborn(events: Iterable[Recorded[Any]]) -> AbstractSet[Key]:
    """Aggregates whose first event is among these: nothing was written of them yet."""
    return {event.aggregate_id for event in events if event.version == 1}


def touching(view: View[Row], shard: int, subjects: Iterable[Subject]) -> list[tuple[Subject, Key]]:
    """The subjects, each with the keys of this shard that it touches."""
    if view.keys is own_key:
        own: list[tuple[Subject, Key]] = [(subject, _event(subject).aggregate_id) for subject in subjects]
        return own if view.shards == 1 else [touch for touch in own if view.shard_of(touch[1]) == shard]
    return [(subject, key) for subject in subjects for key in view.keys(subject) if view.shard_of(key) == shard]


def touched(view: View[Row], shard: int, subjects: Iterable[Subject]) -> set[Key]:
    """The keys of this shard that the subjects touch."""
    return {key for _, key in touching(view, shard, subjects)}


def fold(
    view: View[Row], shard: int, subjects: Sequence[Subject], present: Mapping[Key, Stored[Row]]
) -> dict[Key, Stored[Row]]:
    """The rows that the subjects change, as they are after them. Events at or below a row's position change nothing."""
    return evolved(view, touching(view, shard, subjects), present)


def evolved(
    view: View[Row], touches: Iterable[tuple[Subject, Key]], present: Mapping[Key, Stored[Row]]
) -> dict[Key, Stored[Row]]:
    """The same, where it is known already what touches which keys."""
    changed: dict[Key, Stored[Row]] = {}
    evolve = view.evolve
    for subject, key in touches:
        event = subject.recorded if isinstance(subject, Change) else subject
        before = changed.get(key) or present.get(key)
        if before is not None and before.position >= event.position:
            continue
        row = evolve(before.row if before is not None else None, subject, key)
        if row is not None:
            changed[key] = Stored(row, _version(before, event, key), event.position)
    return changed


def amended(
    view: View[Row], touches: Iterable[tuple[Subject, Key]], present: Mapping[Key, Stored[Row]], position: int
) -> dict[Key, Stored[Row]]:
    """The rows, at a new position, with events folded in that later ones were folded in before: of views that commute.

    An amended row is another one than before, so its position must be one at which it has never been.
    """
    changed = dict(present)
    for subject, key in touches:
        before = changed[key]
        if (row := view.evolve(before.row, subject, key)) is not None:
            changed[key] = Stored(row, _version(before, _event(subject), key), position)
    return changed


def _event(subject: Subject) -> Recorded[Any]:
    return subject.recorded if isinstance(subject, Change) else subject


def _version(before: Stored[Any] | None, event: Recorded[Any], key: Key) -> int:
    """The entity's own version; events of other aggregates that touch the row leave it."""
    if event.aggregate_id == key:
        return event.version
    return before.version if before else 0
