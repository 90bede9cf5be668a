"""One command's work inside its transaction: what handlers and repositories are given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.infra.db import Connection
from app.kernel.errors import VersionConflict
from app.kernel.messages import Envelope, Event, Principal


@dataclass(frozen=True, slots=True)
class Decision:
    """The events of one aggregate, to follow its present version."""

    aggregate_type: str
    aggregate_id: UUID
    version: int
    events: Sequence[Event]


@dataclass
class Work:
    """The open transaction, who asked, and what was decided. Commits and appends are the bus's alone."""

    connection: Connection
    envelope: Envelope
    decision: Decision | None = field(default=None, init=False)

    @property
    def actor(self) -> Principal:
        """Who asked."""
        return self.envelope.actor

    def expect(self, aggregate_id: UUID, version: int) -> None:
        """Raises VersionConflict when the client expected another version of the aggregate just loaded.

        Version 0 is an aggregate that does not exist: the handler says so, as it does of one that is not the asker's.
        """
        expected = self.envelope.expected_version
        if version > 0 and expected not in (None, version):
            raise VersionConflict(aggregate_id=aggregate_id, expected=expected, actual=version)

    def record(self, aggregate_type: str, aggregate_id: UUID, version: int, events: Sequence[Event]) -> None:
        """Hands over the events to append after `version`: once a command, and at least one event."""
        assert self.decision is None, "a command decides once, on one aggregate"
        assert events
        self.decision = Decision(aggregate_type, aggregate_id, version, events)
