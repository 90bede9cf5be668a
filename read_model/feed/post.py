"""A post with its counts and the first that was said about it, ready-made; and an author's posts, the newest first."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from write_model.feed.events import (
    LikeEvent,
    PostCommented,
    PostDeleted,
    PostEdited,
    PostEvent,
    PostLiked,
    PostPublished,
    PostUnliked,
)

FIRST_COMMENTS: Final = 3
"""How many comments stand ready."""

NEWEST_FIRST: Final = Ordering("published_at-", "published_at", "post_id", datetime, descending=True)


class FirstComment(Struct, frozen=True, kw_only=True):
    """What somebody said about a post."""

    comment_id: UUID
    person_id: UUID
    text: str
    commented_at: datetime


class Post(Struct, frozen=True, kw_only=True):
    """One post; of one that is deleted, nothing is kept of what was said."""

    post_id: UUID
    author_id: UUID
    text: str
    hashtags: tuple[str, ...]
    published_at: datetime
    edited_at: datetime | None = None
    deleted: bool = False
    likes: int = 0
    comments: int = 0
    first_comments: tuple[FirstComment, ...] = ()


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """The post that it is about."""
    return (recorded.event.post_id,)


def evolve(post: Post | None, recorded: Recorded[Any], _: UUID) -> Post:
    """The post after the event."""
    event: PostEvent | LikeEvent | PostCommented = recorded.event
    if isinstance(event, PostPublished):
        return Post(
            post_id=event.post_id,
            author_id=event.author_id,
            text=event.text,
            hashtags=event.hashtags,
            published_at=event.published_at,
        )
    assert post is not None, "nothing is said about a post before it is published"
    match event:
        case PostEdited():
            return replace(post, text=event.text, hashtags=event.hashtags, edited_at=event.edited_at)
        case PostDeleted():
            return replace(post, text="", hashtags=(), first_comments=(), deleted=True)
        case PostLiked():
            return replace(post, likes=post.likes + 1)
        case PostUnliked():
            return replace(post, likes=post.likes - 1)
        case PostCommented():
            return _with_comment(post, event)
        case _:
            assert_never(event)


def _with_comment(post: Post, event: PostCommented) -> Post:
    said = FirstComment(
        comment_id=event.comment_id,
        person_id=event.person_id,
        text=event.text,
        commented_at=event.commented_at,
    )
    first = (*post.first_comments, said)[:FIRST_COMMENTS]
    return replace(post, comments=post.comments + 1, first_comments=first)


VIEW: Final = View(
    name="post",
    row=Post,
    handles=(*get_args(PostEvent), *get_args(LikeEvent), PostCommented),
    keys=keys,
    evolve=evolve,
    shards=2,
    documents=True,
    indexes=("author_id, published_at, post_id",),
)


async def of_author(reads: ReadModels, author_id: UUID, arguments: PageArguments) -> Page[Stored[Post]]:
    """A page of what an author has posted and not deleted. Raises MalformedCursor."""
    table, query = reads.table(VIEW), KeysetQuery(NEWEST_FIRST, arguments)
    parameters: list[Any] = [author_id]
    tail = query.tail(["author_id = $1", "not deleted"], parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, table.stored)


def cursor(post: Post) -> str:
    """Where a post stands among its author's, opaque to clients."""
    return NEWEST_FIRST.cursor(post.published_at, post.post_id)
