"""How a log may come about and be delivered: aggregates interleave, batches are cut anywhere and come again."""

import itertools
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from app.infra.folding import fold, touched
from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.view import Key, View
from tests.read_model.world.commands import histories
from tests.read_model.world.draws import numbers
from tests.read_model.world.facts import ZONES
from tests.read_model.world.records import Shop
from tests.read_model.world.shop import Happened, opened
from tests.support.replay import seen

Log = list[Recorded[Any]]


class Delivery:
    """What is written, the log of it, and the parts of the log in the order in which a view is given them.

    No dataclass, since of those Hypothesis shows every field of every field.
    """

    def __init__(self, shop: Shop, log: Log, parts: list[Log]) -> None:
        self.shop, self.log, self.parts = shop, log, parts

    def __repr__(self) -> str:
        log = (textwrap.shorten(f"{each.position}: {each.event}", 600) for each in self.log)
        parts = (f"{part[0].position} to {part[-1].position}" for part in self.parts if part)
        return "\n".join((f"in {self.shop.zone}", *log, f"delivered: {', '.join(parts)}"))


@dataclass
class Projection:
    """A view's stores in memory, brought on by parts of a log as a worker does it."""

    view: View[Any]
    rows: dict[Key, Stored[Any]] = field(default_factory=dict)
    entities: dict[Key, Stored[Any]] = field(default_factory=dict)
    rankings: dict[tuple[str, str], float] = field(default_factory=dict)

    def deliver(self, part: Log) -> None:
        """Folds a part over what there is; sorted sets are written as Redis is told to."""
        subjects, entities = seen(self.view, part, self.entities)
        self.entities |= entities
        for shard in range(self.view.shards):
            keys = touched(self.view, shard, subjects)
            changed = fold(self.view, shard, subjects, {key: self.rows[key] for key in keys if key in self.rows})
            self.rows |= changed
            for stored in changed.values():
                self._rank(stored.row)

    def _rank(self, row: Any) -> None:
        for place in self.view.rankings(row) if self.view.rankings else ():
            self.rankings[place.ranking, place.member] = place.score
            if not place.score:
                del self.rankings[place.ranking, place.member]


def numbered(happened: Sequence[Happened], delays: Sequence[int]) -> Log:
    """The log in which each event comes later by its delay, though never before what it needs, nor the earlier events
    of its aggregate and of its command."""
    latest: dict[object, int] = defaultdict(int)
    born: dict[UUID, int] = {}
    order: list[tuple[int, int]] = []
    for number, (each, delay) in enumerate(zip(happened, delays, strict=True)):
        command = each.metadata["command_id"]
        known = [latest[key] for key in (each.aggregate_id, command, *each.follows)]
        after = max([*known, *(born[need] for need in each.needs)])
        place = max(number + delay, after)
        latest[each.aggregate_id] = latest[command] = place
        born.setdefault(each.aggregate_id, place)
        order.append((place, number))
    return [_recorded(position, happened[number]) for position, (_, number) in enumerate(sorted(order), 1)]


def _recorded(position: int, each: Happened) -> Recorded[Any]:
    return Recorded(
        position=position,
        aggregate_type=each.aggregate_type,
        aggregate_id=each.aggregate_id,
        version=each.version,
        event=each.event,
        metadata=each.metadata,
        recorded_at=each.recorded_at,
    )


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    """A shop after some history, with a log of it and a way of delivering that."""
    shop, happened = opened(draw(histories()), draw(st.sampled_from(ZONES)))
    log = numbered(happened, numbers(draw, len(happened), 30))
    shop.positions = {(each.aggregate_id, each.version): each.position for each in log}
    return Delivery(shop, log, draw(_parts(log)))


@st.composite
def _parts(draw: st.DrawFn, log: Log) -> list[Log]:
    """Batches cut anywhere, each begun again some events earlier, some of them given twice; at last older ones."""
    places = st.integers(0, len(log))
    edges = [0, *sorted(draw(st.lists(places, max_size=6))), len(log)]
    parts = []
    for start, end in itertools.pairwise(edges):
        again = max(0, start - draw(st.integers(0, 5)))
        parts += [log[again:end]] * draw(st.integers(1, 2))
    late = draw(st.lists(st.tuples(places, places), max_size=3))
    return [*parts, *(log[min(ends) : max(ends)] for ends in late)]
