"""`trendingHashtags`: for everyone who is signed in."""

from typing import Final

import strawberry

from app.infra.keyset import Ordering, Page, PageArguments, cut
from app.infra.wanted import Behind
from app.kernel.clock import now
from app.kernel.errors import InvalidValue
from read_model.feed import trending_hashtags as view
from schema.context import Info
from schema.lists import PageAtCheckpoint, PageInfo
from schema.reading import Token, WaitMs, not_reached

_MOST_FIRST: Final = Ordering("posts-", "posts", "hashtag", int, descending=True, key_kind=str)


@strawberry.type(description="A hashtag, and how many posts have it.")
class TrendingHashtag:
    hashtag: str
    posts: int


@strawberry.type
class TrendingHashtagEdge:
    cursor: str
    node: TrendingHashtag


@strawberry.type(description="A page of hashtags, those of most posts first.")
class TrendingHashtagConnection(PageAtCheckpoint):
    edges: list[TrendingHashtagEdge]


@strawberry.type
class TrendingHashtagsQuery:
    @strawberry.field(
        description=f"What is posted about, by posts of the last hours, this one included; at most {view.MOST}."
    )
    async def trending_hashtags(
        self,
        info: Info,
        hours: int = 24,
        first: int | None = 10,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> TrendingHashtagConnection | None:
        info.context.asker()
        if not 1 <= hours <= view.LONGEST_HOURS:
            raise InvalidValue(f"hours must be between 1 and {view.LONGEST_HOURS}.", field="hours")
        arguments, wanted = PageArguments(first, after), info.context.wanted(token=token, wait_ms=wait_ms)
        found = await view.top(info.context.reads, now(), hours, view.MOST, wanted)
        if isinstance(found, Behind):
            raise not_reached(found)
        return _connection(cut(found.hashtags, _place, _MOST_FIRST, arguments), found.checkpoint)


def _place(trend: view.Trend) -> tuple[int, str]:
    return trend.posts, trend.hashtag


def _connection(page: Page[view.Trend], checkpoint: int) -> TrendingHashtagConnection:
    edges = [
        TrendingHashtagEdge(
            cursor=_MOST_FIRST.cursor(*_place(each)),
            node=TrendingHashtag(hashtag=each.hashtag, posts=each.posts),
        )
        for each in page.nodes
    ]
    page_info = PageInfo.of(page, [edge.cursor for edge in edges])
    return TrendingHashtagConnection(edges=edges, page_info=page_info, view=view.VIEW, checkpoint=checkpoint)
