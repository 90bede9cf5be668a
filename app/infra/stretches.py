"""Pieces of the log on their way to the views."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from app.infra.event_log import EventCatalog, recorded
from app.kernel.messages import Event, Recorded

PART_CHARACTERS = 400_000
"""How much JSON of events is folded and written at once: hundreds of a shop's orders, a hundred of a wholesaler's."""


class Logged:
    """An event of the log, decoded when somebody first asks for it, and once for all who do."""

    __slots__ = ("_catalog", "_recorded", "_row", "position", "recorded_at", "size", "type")

    def __init__(self, catalog: EventCatalog, row: asyncpg.Record) -> None:
        self._catalog = catalog
        self._row: asyncpg.Record | None = row
        self._recorded: Recorded[Event] | None = None
        self.position: int = row["position"]
        self.type: str = row["type"]
        self.recorded_at: datetime = row["recorded_at"]
        self.size = len(row["data"] or "") + len(row["metadata"] or "")

    @property
    def aggregate_id(self) -> UUID:
        """Whose event it is, which an event that cannot be decoded tells as well."""
        known = self._recorded.aggregate_id if self._recorded else self._row and self._row["aggregate_id"]
        assert isinstance(known, UUID)
        return known

    def sequence(self, by: str | None) -> UUID:
        """In whose order it is applied: its aggregate's, or that of the entity which its field `by` names."""
        if by is None:
            return self.aggregate_id
        if self._recorded is not None:
            named: UUID = getattr(self._recorded.event, by)
            return named
        assert self._row is not None
        return sequence_of(self._row, by)

    @property
    def correlation_id(self) -> str | None:
        """What the event belongs to, also where it cannot be decoded."""
        if self._recorded is not None:
            metadata = self._recorded.metadata
        else:
            assert self._row is not None
            metadata = msgspec.json.decode(self._row["metadata"] or "{}")
        found: str | None = metadata.get("correlation_id")
        return found

    def recorded(self) -> Recorded[Event]:
        """The event. Raises what EventCatalog.decode does, to everybody who asks."""
        if self._recorded is None:
            assert self._row is not None
            self._recorded, self._row = recorded(self._catalog, self._row), None
        return self._recorded


def sequence_of(row: asyncpg.Record, by: str | None) -> UUID:
    """The same of a row of the log, which need not be such that it can be decoded. Without the field, its aggregate."""
    found = msgspec.json.decode(row["data"]).get(by) if by is not None else None
    return UUID(found) if found is not None else row["aggregate_id"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events after position `since`, and how far they lead; `head` is the highest position seen.

    `more` says that they are as many as are read at once, so that others are likely to follow.
    """

    events: Sequence[Logged]
    upto: int
    head: int
    since: int = 0
    more: bool = False

    def parts(self) -> Iterator["Stretch"]:
        """The same in pieces that are folded and written well within a lease, however large the events are."""
        begin, size, since = 0, 0, self.since
        for number, event in enumerate(self.events, 1):
            size += event.size
            if size > PART_CHARACTERS and number < len(self.events):
                yield Stretch(self.events[begin:number], event.position, self.head, since)
                begin, size, since = number, 0, event.position
        yield Stretch(self.events[begin:], self.upto, self.head, since)

    def singles(self, concerns: Callable[[Logged], bool]) -> Iterator["Stretch"]:
        """The same in pieces with one event each that concerns somebody; the last piece may have none."""
        since = self.since
        for event in filter(concerns, self.events):
            yield Stretch([event], event.position, self.head, since)
            since = event.position
        if since < self.upto:
            yield Stretch((), self.upto, self.head, since)
