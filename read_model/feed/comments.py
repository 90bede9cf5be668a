"""All that was said about posts, as it was said. Of a post that is deleted nothing is shown."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import View
from read_model.feed import post
from write_model.feed.events import PostCommented

OLDEST_FIRST: Final = Ordering("commented_at+", "commented_at", "comment_id", datetime, descending=False)


class Comment(Struct, frozen=True, kw_only=True):
    """What somebody said about a post."""

    comment_id: UUID
    post_id: UUID
    person_id: UUID
    text: str
    commented_at: datetime


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """The comment."""
    return (recorded.event.comment_id,)


def evolve(_: Comment | None, recorded: Recorded[Any], comment_id: UUID) -> Comment:
    """The comment as it was made; nothing happens to it afterwards."""
    event: PostCommented = recorded.event
    return Comment(
        comment_id=comment_id,
        post_id=event.post_id,
        person_id=event.person_id,
        text=event.text,
        commented_at=event.commented_at,
    )


VIEW: Final = View(
    name="comments",
    row=Comment,
    handles=(PostCommented,),
    keys=keys,
    evolve=evolve,
    indexes=("post_id, commented_at, comment_id",),
)


_OF_POST: Final = """
select {selected} from {posts} about left join lateral (select * from {comments} present {tail}) present on true
where about.post_id = $1 and not about.deleted
order by present.commented_at {direction}, present.comment_id {direction}
"""


async def of_post(reads: ReadModels, post_id: UUID, arguments: PageArguments) -> Page[Comment] | None:
    """A page of what was said about a post, the oldest first; None if there is no such post, or not any more.

    Raises MalformedCursor.
    """
    table, query = reads.table(VIEW), KeysetQuery(OLDEST_FIRST, arguments)
    parameters: list[Any] = [post_id]
    statement = _OF_POST.format(
        selected=table.selected,
        posts=reads.table(post.VIEW).table,
        comments=table.table,
        tail=query.tail(["post_id = $1"], parameters),
        direction=query.direction,
    )
    rows = await reads.fetch(statement, *parameters)
    if not rows:
        return None
    return query.page([row for row in rows if row["comment_id"] is not None], lambda row: table.stored(row).row)


def cursor(comment: Comment) -> str:
    """Where it stands beneath its post, opaque to clients."""
    return OLDEST_FIRST.cursor(comment.commented_at, comment.comment_id)
