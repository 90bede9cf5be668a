"""What others did that a person may want to know: they liked or commented their post, or follow them.

What is taken back is withdrawn; who likes or follows again is told of again, at the new moment. Nobody is told what
they did themselves.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, assert_never
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from write_model.feed.events import FollowerGained, FollowerLost, PostCommented, PostLiked, PostUnliked

NEWEST_FIRST: Final = Ordering("at-", "at", "entry", datetime, descending=True)

Telling = PostLiked | PostUnliked | PostCommented | FollowerGained | FollowerLost


class NotificationKind(StrEnum):
    """What somebody did."""

    LIKED = "LIKED"
    COMMENTED = "COMMENTED"
    FOLLOWED = "FOLLOWED"


class Notification(Struct, frozen=True, kw_only=True):
    """What `person_id` did, for `owner_id`; `entry` is the id of the like, the comment or the following."""

    entry: UUID
    owner_id: UUID
    kind: NotificationKind
    person_id: UUID
    at: datetime
    post_id: UUID | None = None
    text: str | None = None
    withdrawn: bool = False


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """What was done, whenever it is done again; nothing for what people do to themselves."""
    event: Telling = recorded.event
    return () if event.author_id == event.person_id else (_entry(event),)


def _entry(event: Telling) -> UUID:
    match event:
        case PostLiked() | PostUnliked():
            return event.like_id
        case PostCommented():
            return event.comment_id
        case FollowerGained() | FollowerLost():
            return event.follow_id
        case _:
            assert_never(event)


def evolve(before: Notification | None, recorded: Recorded[Any], entry: UUID) -> Notification | None:
    """The notification after the event."""
    event: Telling = recorded.event
    match event:
        case PostLiked():
            return _told(entry, event, NotificationKind.LIKED, event.liked_at, post_id=event.post_id)
        case PostCommented():
            said = {"post_id": event.post_id, "text": event.text}
            return _told(entry, event, NotificationKind.COMMENTED, event.commented_at, **said)
        case FollowerGained():
            return _told(entry, event, NotificationKind.FOLLOWED, event.gained_at)
        case PostUnliked() | FollowerLost():
            return replace(before, withdrawn=True) if before else None
        case _:
            assert_never(event)


def _told(entry: UUID, event: Telling, kind: NotificationKind, at: datetime, **said: Any) -> Notification:
    return Notification(entry=entry, owner_id=event.author_id, kind=kind, person_id=event.person_id, at=at, **said)


VIEW: Final = View(
    name="notifications",
    row=Notification,
    handles=(PostLiked, PostUnliked, PostCommented, FollowerGained, FollowerLost),
    keys=keys,
    evolve=evolve,
    indexes=("owner_id, at, entry",),
)


async def find(reads: ReadModels, owner_id: UUID, arguments: PageArguments) -> Page[Notification]:
    """A page of what there is to tell somebody, the newest first. Raises MalformedCursor."""
    table, query = reads.table(VIEW), KeysetQuery(NEWEST_FIRST, arguments)
    parameters: list[Any] = [owner_id]
    tail = query.tail(["owner_id = $1", "not withdrawn"], parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, lambda row: table.stored(row).row)


def cursor(notification: Notification) -> str:
    """Where it stands in the list, opaque to clients."""
    return NEWEST_FIRST.cursor(notification.at, notification.entry)
