"""`comments`: for everyone who is signed in."""

from datetime import datetime
from functools import partial

import strawberry

from app.infra.keyset import PageArguments
from app.kernel import typeid
from app.plans import shown
from read_model.feed import comments as view
from read_model.feed import post
from schema.context import Info
from schema.feed.profile import People, Profile, people
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, decode_id, listed


@strawberry.type(description="What somebody said about a post.")
class PostComment:
    row: strawberry.Private[view.Comment | post.FirstComment]
    people: strawberry.Private[People]
    id: strawberry.ID = shown("row.comment_id", by=partial(typeid.encode, "comment"))
    author_id: strawberry.ID = shown("row.person_id", by=partial(typeid.encode, "profile"))
    text: str = shown("row.text")
    commented_at: datetime = shown("row.commented_at")

    @strawberry.field(description="Null while the view of profiles has not seen them.")
    async def author(self) -> Profile | None:
        return await self.people.load(self.row.person_id)


@strawberry.type
class PostCommentEdge:
    cursor: str
    node: PostComment


@strawberry.type(description="A page of what was said about a post, the oldest first.")
class PostCommentConnection(ListPage):
    edges: list[PostCommentEdge]


@strawberry.type
class CommentsQuery:
    @strawberry.field(description="What was said about a post; null if there is no such one, or not any more.")
    async def comments(
        self,
        info: Info,
        post_id: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> PostCommentConnection | None:
        info.context.asker()
        key = decode_id("post", post_id, "postId")
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        find = partial(view.of_post, info.context.reads, key, arguments)
        found = await listed(info, (post.VIEW, view.VIEW), token, wait_ms, find)
        page = found.found
        if page is None:
            return None
        loader = people(info, info.context.wanted(token=token, wait_ms=wait_ms))
        edges = [
            PostCommentEdge(cursor=view.cursor(row), node=PostComment(row=row, people=loader)) for row in page.nodes
        ]
        page_info = PageInfo.of(page, [edge.cursor for edge in edges])
        return PostCommentConnection(edges=edges, page_info=page_info, seen=found.freshness)
