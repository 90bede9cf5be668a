"""What was asked of views and policies. `consumer` is the name of one of them."""

from datetime import datetime
from uuid import UUID

from app.kernel.messages import Event, Upcasters


class ViewRebuildRequested(Event, frozen=True, kw_only=True):
    """A view's next generation is to be filled and switched to, or only compared with what is live."""

    consumer: str
    only_check: bool = False
    requested_at: datetime


class ViewRollbackRequested(Event, frozen=True, kw_only=True):
    """The generation before is to be switched back to."""

    consumer: str
    requested_at: datetime


class ViewPruneRequested(Event, frozen=True, kw_only=True):
    """The generations that are kept for going back are to be dropped."""

    consumer: str
    requested_at: datetime


class DeadLettersRetryRequested(Event, frozen=True, kw_only=True):
    """What is parked is to be applied: all, or what belongs to one aggregate."""

    consumer: str
    sequence: UUID | None
    sequence_type: str | None
    requested_at: datetime


class DeadLetterDiscarded(Event, frozen=True, kw_only=True):
    """The consumer is to do without one event, which it could not apply."""

    consumer: str
    position: int
    reason: str
    requested_at: datetime


OperationEvent = (
    ViewRebuildRequested | ViewRollbackRequested | ViewPruneRequested | DeadLettersRetryRequested | DeadLetterDiscarded
)

UPCASTERS: Upcasters = {}
