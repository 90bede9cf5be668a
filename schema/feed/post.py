"""`post` and `posts`: for everyone who is signed in."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry

from app.infra.keyset import DEFAULT_PAGE, PageArguments
from app.infra.tables import Stored
from app.kernel import typeid
from app.plans import shown
from read_model.feed import post as view
from schema.context import Info
from schema.feed.comments import PostComment
from schema.feed.profile import People, Profile, people
from schema.feed.whose import whose
from schema.lists import ListPage, PageInfo
from schema.reading import MinVersion, Token, WaitMs, decode_id, listed, read
from schema.values import Node, Processing


@strawberry.type(description="A post, with what others made of it.")
class Post(Node):
    stored: strawberry.Private[Stored[view.Post]]
    people: strawberry.Private[People]
    id: strawberry.ID = shown("stored.row.post_id", by=partial(typeid.encode, "post"))

    version: int = shown("stored.version", description="Grows with edits; likes and comments leave it.")
    author_id: strawberry.ID = shown("stored.row.author_id", by=partial(typeid.encode, "profile"))
    text: str = shown("stored.row.text")
    hashtags: list[str] = shown("stored.row.hashtags", description="In lower case, without the #.")
    published_at: datetime = shown("stored.row.published_at")
    edited_at: datetime | None = shown("stored.row.edited_at")
    like_count: int = shown("stored.row.likes")
    comment_count: int = shown("stored.row.comments")

    @strawberry.field(description="As they are called now; null while the view of profiles has not seen them.")
    async def author(self) -> Profile | None:
        return await self.people.load(self.stored.row.author_id)

    @strawberry.field(description=f"The first {view.FIRST_COMMENTS}; `comments` has all of them.")
    def first_comments(self) -> list[PostComment]:
        return [PostComment(row=each, people=self.people) for each in self.stored.row.first_comments]


PostResult = Annotated[Post | Processing, strawberry.union("PostResult")]


@strawberry.type
class PostEdge:
    cursor: str
    node: Post


@strawberry.type(description="A page of an author's posts, the newest first.")
class PostConnection(ListPage):
    edges: list[PostEdge]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: MinVersion = None,
    token: Token = None,
    wait_ms: WaitMs = None,
) -> PostResult | None:
    """The post; None where there is none, or not any more."""
    info.context.asker()
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    found = await read(info, view.VIEW, decode_id("post", id, "id"), wanted)
    if not isinstance(found, Stored):
        return found
    return None if found.row.deleted else Post(stored=found, people=people(info, wanted))


@strawberry.type
class PostQuery:
    post: PostResult | None = strawberry.field(
        resolver=get, description="One post; null if there is no such one, or not any more."
    )

    @strawberry.field(description="What somebody has posted, you unless an author is given.")
    async def posts(
        self,
        info: Info,
        profile_id: strawberry.ID | None = None,
        first: int | None = DEFAULT_PAGE,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> PostConnection | None:
        info.context.asker()
        author, arguments = whose(info, profile_id), PageArguments(first, after)
        find = partial(view.of_author, info.context.reads, author, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        loader = people(info, info.context.wanted(token=token, wait_ms=wait_ms))
        edges = [
            PostEdge(cursor=view.cursor(stored.row), node=Post(stored=stored, people=loader))
            for stored in found.found.nodes
        ]
        page_info = PageInfo.of(found.found, [edge.cursor for edge in edges])
        return PostConnection(edges=edges, page_info=page_info, seen=found.freshness)
