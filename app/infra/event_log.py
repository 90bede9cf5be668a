"""The event log: reading it without ever losing an event.

Positions are handed out before commit, so a higher one can be visible while a lower one is not yet. The reader hands
out events in the order of positions and waits at a gap, but only for the writers that were alive when it first saw
the gap: whoever drew the missing position holds ROW EXCLUSIVE on the log until its transaction ends, and PostgreSQL
makes a transaction visible before it releases its locks. Once all those writers are gone and the next read still
shows no row, none will come.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec

from app.infra.db import Pool
from app.kernel.messages import Event, Recorded, Upcasters

COLUMNS = "position, aggregate_type, aggregate_id, version, type, schema_version, data, metadata, recorded_at"
"""What is selected of the log, in this order, which `recorded` reads by."""

_READ = """
select position, aggregate_type, aggregate_id, version, type, schema_version,
       case when type = any($3) then data end as data,
       case when type = any($3) then metadata end as metadata, recorded_at
from write.events where position > $1 order by position limit $2
"""

_HISTORY = f"""
select {COLUMNS}
from write.events where position > $1 and position <= $2 and type = any($3) order by position limit $4
"""
_HISTORY_BATCH = 2_000

_AT = f"""
select {COLUMNS}
from write.events where position = $1
"""

_WRITERS = """
select coalesce(array_agg(distinct virtualtransaction), '{}') from pg_locks
where locktype = 'relation' and relation = 'write.events'::regclass and mode = 'RowExclusiveLock'
  and database = (select oid from pg_database where datname = current_database())
"""

encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder().decode


def as_json(value: Any) -> str:
    """The value as the log would hold it: amounts are texts, so that none loses a digit."""
    return encode(value).decode()


class UnknownEventType(Exception):
    """The log holds an event that no registered context declares."""


class UnknownSchemaVersion(Exception):
    """The log holds an event of a newer shape than this version of the code knows."""


class BrokenUpcasting(Exception):
    """The upcasters do not lead from every older schema version to today's, or lead from one that never was."""


class EventCatalog:
    """Every event type that the contexts declare, and the way from older stored shapes to today's.

    Raises BrokenUpcasting when that way has a missing or a stray step.
    """

    def __init__(self, types: Collection[type[Event]], upcasters: Upcasters) -> None:
        self._types = {each.__name__: each for each in types}
        self._upcasters = upcasters
        _require_every_step(self._types, upcasters)
        self._decoders: dict[str, Callable[[str | msgspec.Raw], Event]] = {
            name: msgspec.json.Decoder(each).decode for name, each in self._types.items()
        }

    @property
    def types(self) -> Mapping[str, type[Event]]:
        """The declared types by name."""
        return self._types

    def decode(self, name: str, schema_version: int, data: str | msgspec.Raw) -> Event:
        """The event of today's shape.

        Raises UnknownEventType, UnknownSchemaVersion, or msgspec.ValidationError where data does not fit.
        """
        current = self._types.get(name)
        if current is None:
            raise UnknownEventType(name)
        if schema_version == current.SCHEMA_VERSION:
            return self._decoders[name](data)
        if schema_version > current.SCHEMA_VERSION:
            raise UnknownSchemaVersion(f"{name} {schema_version}, known up to {current.SCHEMA_VERSION}")
        return msgspec.convert(self._upcast(name, schema_version, data), current, strict=False)

    def _upcast(self, name: str, schema_version: int, data: str | msgspec.Raw) -> dict[str, Any]:
        stored: dict[str, Any] = msgspec.json.decode(data)
        for version in range(schema_version, self._types[name].SCHEMA_VERSION):
            stored = self._upcasters[name, version](stored)
        return stored


def _require_every_step(types: Mapping[str, type[Event]], upcasters: Upcasters) -> None:
    steps = {(name, version) for name, each in types.items() for version in range(1, each.SCHEMA_VERSION)}
    if wrong := steps ^ upcasters.keys():
        raise BrokenUpcasting(f"missing or stray upcasters: {sorted(wrong)}")


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, and how far the log was read; `head` is the highest position seen, `gap` says one holds us."""

    rows: Sequence[asyncpg.Record]
    upto: int
    head: int
    gap: bool


@dataclass
class GapTracker:
    """Which missing positions can still come: each with the writers that were alive when it was first missed."""

    waiting: dict[int, set[str]] = field(default_factory=dict)

    def settled(self, after: int, positions: Sequence[int]) -> int:
        """How far a read that followed the last `sighted` may be believed: up to the first gap that is still open."""
        upto, visible = after, iter(positions)
        for position in visible:
            while upto + 1 < position:
                if self.waiting.get(upto + 1, _UNSEEN):
                    return upto
                self.waiting.pop(upto + 1, None)
                upto += 1
            upto = position
            self.waiting.pop(upto, None)
        return upto

    def sighted(self, after: int, positions: Sequence[int], alive: set[str]) -> None:
        """Notes the gaps below the highest visible position, and who of those waited for is still alive."""
        visible = set(positions)
        for position in range(after + 1, positions[-1]):
            if position not in visible:
                self.waiting[position] = self.waiting.get(position, alive) & alive


_UNSEEN = frozenset({"not looked for yet"})


class LogReader:
    """Reads the log in the order of positions, for one consumer; keep one for as long as its gaps matter.

    Needs the primary: a replica does not show the primary's locks.
    """

    def __init__(self, pool: Pool, types: Collection[str]) -> None:
        self._pool = pool
        self._types = list(types)
        self._gaps = GapTracker()

    async def read(self, after: int, limit: int) -> Batch:
        """At most `limit` events after a position, of every type; data is there for the consumer's own types alone."""
        rows = await self._pool.fetch(_READ, after, limit, self._types)
        positions = [row["position"] for row in rows]
        if not positions:
            return Batch((), after, after, gap=False)
        upto = self._gaps.settled(after, positions)
        if upto < positions[-1]:
            alive = await alive_writers(self._pool)
            self._gaps.sighted(upto, [p for p in positions if p > upto], alive)
            rows = [row for row in rows if row["position"] <= upto]
        return Batch(rows, upto, positions[-1], gap=upto < positions[-1])


async def alive_writers(pool: Pool) -> set[str]:
    """Who may have drawn a position that is not visible yet, or may draw one: virtual transactions."""
    return set(await pool.fetchval(_WRITERS))


async def event_at(pool: Pool, catalog: EventCatalog, position: int) -> Recorded[Event]:
    """The event at a position that there is. Raises what EventCatalog.decode does."""
    row = await pool.fetchrow(_AT, position)
    assert row is not None, f"the log has no position {position}"
    return recorded(catalog, row)


async def history(
    pool: Pool, catalog: EventCatalog, types: Collection[str], upto: int, without: Collection[int]
) -> AsyncIterator[list[Recorded[Event]]]:
    """All events of these types up to a position that a reader was handed before, but those at some positions.

    Raises what EventCatalog.decode does.
    """
    after = 0
    while rows := await pool.fetch(_HISTORY, after, upto, list(types), _HISTORY_BATCH):
        yield [recorded(catalog, row) for row in rows if row["position"] not in without]
        after = rows[-1]["position"]


def recorded(catalog: EventCatalog, row: asyncpg.Record) -> Recorded[Event]:
    """A row of the log, of its COLUMNS, decoded and brought to today's shape."""
    position, aggregate_type, aggregate_id, version, name, schema_version, data, metadata, recorded_at = row
    event = catalog.decode(name, schema_version, data)
    return Recorded(position, aggregate_type, aggregate_id, version, event, _decode(metadata), recorded_at)
