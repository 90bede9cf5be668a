"""Places in sorted sets of Redis: those that rows give, and the members that lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.infra import redis_checkpoints
from app.infra.tables import Stored
from app.kernel.view import Key, View


@dataclass(frozen=True, slots=True)
class Top:
    """A member of sorted sets, with the sum of its scores in each of the unions that were asked for."""

    member: str
    scores: tuple[float, ...]


def leaders(answer: Sequence[Any]) -> tuple[int, list[Top], bool]:
    """The checkpoint, the leaders, and whether anything is parked, of what the script TOP answers."""
    at, first, *others = answer
    members, scores = first[::2], [first[1::2], *others]
    position, parked = redis_checkpoints.read(at)
    assert position is not None
    top = [
        Top(member.decode(), tuple(float(score or 0) for score in each))
        for member, *each in zip(members, *scores, strict=True)
    ]
    return position, top, parked


def places_of(view: View[Any], rows: Mapping[Key, Stored[Any]]) -> Mapping[str, list[Any]]:
    """By the name of the set, score and member in turn of each place that the rows give."""
    places: dict[str, list[Any]] = {}
    for stored in rows.values() if view.rankings else ():
        for place in view.rankings(stored.row) if view.rankings else ():
            places.setdefault(place.ranking, []).extend((place.score, place.member))
    return places
