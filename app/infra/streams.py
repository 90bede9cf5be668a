"""Event-sourced aggregates: their events are all that is written of them, and what they are is folded from these.

A row of `write.streams` says how many events an aggregate has, stands for it where it is locked, and holds a snapshot:
what was folded up to some version, so that only what follows has to be. A snapshot is never needed. It is made with a
command every so many events, and left alone where the fold has changed since, which a higher `revision` says.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from app.infra.event_log import EventCatalog, as_json
from app.infra.unit_of_work import Work
from app.kernel.messages import Event
from app.kernel.structs import Struct

State = TypeVar("State")

_LOCK = """
select aggregate_id from write.streams where aggregate_id = any($1::uuid[])
order by aggregate_id for no key update {waiting}
"""
_FIND = """
select s.aggregate_id, s.aggregate_type, s.version, s.snapshot,
    (select json_agg(json_build_array(e.type, e.schema_version, e.data) order by e.version)
     from write.events e where e.aggregate_id = s.aggregate_id and e.version > s.since and e.version <= s.version)
    as events
from (
    select aggregate_id, aggregate_type, version,
        case when snapshot_revision = REVISION then snapshot end as snapshot,
        case when snapshot_revision = REVISION then snapshot_version else 0 end as since
    from write.streams where aggregate_id = any($1::uuid[])
) as s
"""
_BEGIN = "insert into write.streams (aggregate_id, aggregate_type, version) values ($1, $2, $3)"
_COUNT = "update write.streams set version = $2 where aggregate_id = $1"
_SNAPSHOT = """
update write.streams set version = $2, snapshot = $3::jsonb, snapshot_version = $2, snapshot_revision = $4
where aggregate_id = $1
"""

_decode_events = msgspec.json.Decoder(list[tuple[str, int, msgspec.Raw]]).decode


@dataclass(frozen=True)
class Sourced(Generic[State]):
    """A kind of aggregate. `state` is a struct, `evolve` the aggregate after one more event; both pure.

    `revision` grows whenever `state` or `evolve` changes, so that no snapshot of before is read.
    """

    aggregate_type: str
    state: type[State]
    evolve: Callable[[State | None, Any], State]
    events: EventCatalog
    revision: int = 1
    snapshot_every: int = 100

    @cached_property
    def find(self) -> str:
        """The query for the streams of ids $1."""
        return _FIND.replace("REVISION", str(self.revision))

    @cached_property
    def decode(self) -> Callable[[str], State]:
        """A snapshot, read."""
        return msgspec.json.Decoder(self.state).decode


class Loaded(Struct, Generic[State], frozen=True):
    """An aggregate as its events have made it."""

    state: State
    version: int


@dataclass(frozen=True)
class Saved(Generic[State]):
    """What was decided on one aggregate: events to follow what was loaded of it, None where there was nothing."""

    aggregate_id: UUID
    loaded: Loaded[State] | None
    events: Sequence[Event]

    @property
    def before(self) -> int:
        """The aggregate's version before the events."""
        return self.loaded.version if self.loaded else 0


class Streams(Generic[State]):
    """Loads and saves aggregates of one kind within one command's work."""

    def __init__(self, work: Work, kind: Sourced[State]) -> None:
        self._work, self._kind = work, kind

    async def fresh(self, aggregate_id: UUID) -> Loaded[State] | None:
        """None, as for an id that was just made; if the log knew better when it was written, the aggregate."""
        return (await self.load([aggregate_id])).get(aggregate_id) if self._work.locking else None

    async def own(self, aggregate_id: UUID) -> Loaded[State] | None:
        """The command's own aggregate, locked as below, at the version that the client expects.

        Raises VersionConflict.
        """
        found = (await self.load([aggregate_id])).get(aggregate_id)
        self._work.expect(aggregate_id, found.version if found else 0)
        return found

    async def load(self, ids: Collection[UUID]) -> Mapping[UUID, Loaded[State]]:
        """Those of these aggregates that there are, all of one moment, and locked if this work locks.

        Raises what EventCatalog.decode does.
        """
        await self._work.lock(_LOCK, [*ids])
        return await self.find(ids)

    async def find(self, ids: Collection[UUID]) -> Mapping[UUID, Loaded[State]]:
        """The same, to be looked at only."""
        rows = await self._work.rows(self._kind.find, [*ids])
        kind = self._kind.aggregate_type
        return {key: self._loaded(row) for key, row in rows.items() if row["aggregate_type"] == kind}

    def save(self, aggregate_id: UUID, loaded: Loaded[State] | None, events: Sequence[Event]) -> State:
        """Hands the events to the log, after those that were loaded. Returns the aggregate after them."""
        (state,) = self.save_all(Saved(aggregate_id, loaded, events))
        return state

    def save_all(self, *saved: Saved[State]) -> Sequence[State]:
        """The same for several aggregates, of which the first is the command's own.

        Their rows are locked in the order of their ids: two commands that meet on the same aggregates, each of which is
        the own one of another, do not wait for each other in turn.
        """
        states = {each.aggregate_id: self._after(each) for each in saved}
        for each in sorted(saved, key=lambda each: each.aggregate_id):
            self._write(each.aggregate_id, each.before, each.before + len(each.events), states[each.aggregate_id])
        for each in saved:
            self._work.record(self._kind.aggregate_type, each.aggregate_id, each.before, each.events)
        return list(states.values())

    def _after(self, saved: Saved[State]) -> State:
        state = saved.loaded.state if saved.loaded else None
        for event in saved.events:
            state = self._kind.evolve(state, event)
        assert state is not None, "no aggregate without an event"
        return state

    def _write(self, aggregate_id: UUID, before: int, version: int, state: State) -> None:
        kind = self._kind
        if before == 0:
            self._work.write(_BEGIN, aggregate_id, kind.aggregate_type, version)
        elif before // kind.snapshot_every == version // kind.snapshot_every:
            self._work.write(_COUNT, aggregate_id, version)
        else:
            self._work.write(_SNAPSHOT, aggregate_id, version, as_json(state), kind.revision)

    def _loaded(self, row: asyncpg.Record) -> Loaded[State]:
        kind, snapshot = self._kind, row["snapshot"]
        state = kind.decode(snapshot) if snapshot is not None else None
        for name, schema_version, data in _decode_events(row["events"] or "[]"):
            state = kind.evolve(state, kind.events.decode(name, schema_version, data))
        assert state is not None, f"a stream without events: {row['aggregate_id']}"
        return Loaded(state, row["version"])
