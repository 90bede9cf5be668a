"""`homeTimeline` and `homeTimelinePosted`: one's own, or for operators anyone's."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from app.infra.hints import wait
from app.infra.keyset import DEFAULT_PAGE, PageArguments
from app.infra.wanted import Behind, Wanted
from app.kernel.clock import now
from app.kernel.errors import Forbidden
from read_model.feed import home_timeline as view
from read_model.feed import post
from schema.context import Info
from schema.feed.post import Post, PostEdge
from schema.feed.profile import People, Profile, people
from schema.feed.whose import is_theirs, whose
from schema.lists import PageAtCheckpoint, PageInfo
from schema.reading import Token, WaitMs, not_reached

_POLL_S = 1.0
_NEWS = 50
"""How far from the front a subscription looks for what is new."""


@strawberry.type(description="A page of what the authors whom somebody follows have posted, the newest first.")
class HomeTimelineConnection(PageAtCheckpoint):
    edges: list[PostEdge]


@strawberry.type
class HomeTimelineQuery:
    @strawberry.field(
        description="What the authors whom somebody follows have posted: whom you follow, or for operators anyone. "
        "What is deleted meanwhile is left out, so a page may have fewer."
    )
    async def home_timeline(
        self,
        info: Info,
        profile_id: strawberry.ID | None = None,
        first: int | None = DEFAULT_PAGE,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> HomeTimelineConnection | None:
        asker, person = info.context.asker(), whose(info, profile_id)
        arguments, wanted = PageArguments(first, after), info.context.wanted(token=token, wait_ms=wait_ms)
        loader = people(info, wanted)
        if not is_theirs(asker, person):
            return _connection(view.nothing(arguments), loader)
        found = await view.read(info.context.reads, person, arguments, wanted)
        if isinstance(found, Behind):
            raise not_reached(found)
        return _connection(found, loader)


def _connection(found: view.Shown, loader: People) -> HomeTimelineConnection:
    for author in found.authors.values():
        loader.prime(author.row.profile_id, Profile(stored=author))
    edges = [
        PostEdge(cursor=view.cursor(entry), node=Post(stored=stored, people=loader))
        for entry in found.page.nodes
        if (stored := found.posts.get(entry.post_id)) and not stored.row.deleted
    ]
    page_info = PageInfo.of(found.page, [view.cursor(entry) for entry in found.page.nodes])
    return HomeTimelineConnection(edges=edges, page_info=page_info, view=view.VIEW, checkpoint=found.checkpoint)


@strawberry.type
class HomeTimelineSubscription:
    @strawberry.subscription(
        description="The newest post of a home timeline, and every one that comes from now on: of yours, or for "
        "operators of anyone's."
    )
    async def home_timeline_posted(
        self, info: Info, profile_id: strawberry.ID | None = None
    ) -> AsyncGenerator[Post, None]:
        person = whose(info, profile_id)
        async for each in _posted(info, person):
            yield each


async def _posted(info: Info, person: UUID) -> AsyncGenerator[Post, None]:
    """Posts are told once, when the view of posts has them; those of before, which following brings, are no news."""
    reads, since, told = info.context.reads, None, set[UUID]()
    with reads.hints.subscribed(view.VIEW.name, post.VIEW.name) as woken:
        while True:
            if not is_theirs(info.context.asker(), person):
                raise Forbidden("This is somebody else's home timeline.")
            listing = await view.listed(reads, person, PageArguments(first=_NEWS), Wanted())
            nodes = [] if isinstance(listing, Behind) else listing.page.nodes
            since = since or min([now(), *(each.published_at for each in nodes[:1])])
            told &= {each.post_id for each in nodes}
            news = [each.post_id for each in nodes if each.published_at >= since and each.post_id not in told]
            found = await reads.get_many(post.VIEW, news, Wanted())
            for stored in [] if isinstance(found, Behind) else [found[key] for key in reversed(news) if key in found]:
                told.add(stored.row.post_id)
                if not stored.row.deleted:
                    yield Post(stored=stored, people=people(info, Wanted()))
            await wait(woken, _POLL_S)
