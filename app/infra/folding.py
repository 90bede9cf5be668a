"""Folding events into a view's rows: pure, and the same for every store."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from app.infra.table_views import Stored
from app.kernel.messages import Recorded
from app.kernel.view import Key, View

Row = TypeVar("Row")


def touched(view: View[Row], shard: int, events: Iterable[Recorded[Any]]) -> set[Key]:
    """The keys of this shard that the events touch."""
    return {key for event in events for key in view.keys(event) if view.shard_of(key) == shard}


def fold(
    view: View[Row], shard: int, events: Sequence[Recorded[Any]], present: Mapping[Key, Stored[Row]]
) -> dict[Key, Stored[Row]]:
    """The rows that the events change, as they are after them. Events at or below a row's position change nothing."""
    changed: dict[Key, Stored[Row]] = {}
    for event in events:
        for key in view.keys(event):
            if view.shard_of(key) == shard:
                after = _evolve(view, changed.get(key) or present.get(key), event, key)
                if after is not None:
                    changed[key] = after
    return changed


def _evolve(view: View[Row], before: Stored[Row] | None, event: Recorded[Any], key: Key) -> Stored[Row] | None:
    if before is not None and before.position >= event.position:
        return None
    row = view.evolve(before.row if before else None, event, key)
    if row is None:
        return None
    return Stored(row, _version(before, event, key), event.position)


def _version(before: Stored[Any] | None, event: Recorded[Any], key: Key) -> int:
    """The entity's own version; events of other aggregates that touch the row leave it."""
    if event.aggregate_id == key:
        return event.version
    return before.version if before else 0
