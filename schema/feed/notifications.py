"""`notifications`: one's own, or for operators anyone's."""

from datetime import datetime
from functools import partial
from typing import Final

import strawberry

from app.infra.checkpoints import Freshness
from app.infra.keyset import DEFAULT_PAGE, Page, PageArguments
from app.infra.wanted import Listed
from app.kernel import typeid
from app.plans import shown
from read_model.feed import notifications as view
from schema.context import Info
from schema.feed.enums import NotificationKind
from schema.feed.profile import People, Profile, people
from schema.feed.whose import is_theirs, whose
from schema.lists import ListFreshness, PageInfo
from schema.reading import Token, WaitMs, listed

_NOTHING: Final[Page[view.Notification]] = Page((), has_next=False, has_previous=False)


@strawberry.type(description="What somebody did that concerns somebody else.")
class Notification:
    row: strawberry.Private[view.Notification]
    people: strawberry.Private[People]
    kind: NotificationKind = shown("row.kind")
    person_id: strawberry.ID = shown("row.person_id", by=partial(typeid.encode, "profile"), description="Who did it.")
    post_id: strawberry.ID | None = shown("row.post_id", by=partial(typeid.encode, "post"))
    text: str | None = shown("row.text", description="What a comment says.")
    at: datetime = shown("row.at")

    @strawberry.field(description="Null while the view of profiles has not seen them.")
    async def person(self) -> Profile | None:
        return await self.people.load(self.row.person_id)


@strawberry.type
class NotificationEdge:
    cursor: str
    node: Notification


@strawberry.type(description="A page of what others did, the newest first; what they took back is left out.")
class NotificationConnection:
    edges: list[NotificationEdge]
    page_info: PageInfo
    seen: strawberry.Private[Freshness | None]

    @strawberry.field
    async def freshness(self, info: Info) -> ListFreshness:
        return ListFreshness.of(self.seen or await info.context.reads.freshness(view.VIEW))


@strawberry.type
class NotificationsQuery:
    @strawberry.field(description="Who liked, commented and followed: you, or for operators anyone.")
    async def notifications(
        self,
        info: Info,
        profile_id: strawberry.ID | None = None,
        first: int | None = DEFAULT_PAGE,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> NotificationConnection | None:
        asker, owner, arguments = info.context.asker(), whose(info, profile_id), PageArguments(first, after)
        loader = people(info, info.context.wanted(token=token, wait_ms=wait_ms))
        if not is_theirs(asker, owner):
            return _connection(Listed(_NOTHING, None), loader)
        find = partial(view.find, info.context.reads, owner, arguments)
        return _connection(await listed(info, (view.VIEW,), token, wait_ms, find), loader)


def _connection(found: Listed[Page[view.Notification]], loader: People) -> NotificationConnection:
    edges = [
        NotificationEdge(cursor=view.cursor(row), node=Notification(row=row, people=loader))
        for row in found.found.nodes
    ]
    page_info = PageInfo.of(found.found, [edge.cursor for edge in edges])
    return NotificationConnection(edges=edges, page_info=page_info, seen=found.freshness)
