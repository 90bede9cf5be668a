"""What the authors whom a person follows have posted, the newest first.

A post is written into the timelines of its author's followers (fan-out on write), so that reading is a look at one row.
That is as much work as there are followers, so an author who once has more than FAN_OUT_MAX is popular, for good: their
followers are not remembered any more, and their posts are written into a row of their own, which whoever follows them
reads beside the timeline (fan-out on read). A post costs at most FAN_OUT_MAX rows, and one where there are more.

A timeline keeps the newest KEPT posts of authors who are not popular; who follows an author is given the RECENT
newest of theirs. What was beyond the end does not come back when posts before it are deleted, or their author left.
Popular authors show RECENT posts. Names are not in here: they are read with the page, so a new one shows at once.
"""

import asyncio
import heapq
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, assert_never
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import Ordering, Page, PageArguments
from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import Change, Entity, Key, View
from read_model.feed import entries, post, profile
from read_model.feed.entries import Entry
from read_model.feed.post import Post
from read_model.feed.profile import Profile
from write_model.feed.events import FollowerGained, FollowerLost, PostDeleted, PostPublished

FAN_OUT_MAX: Final = 1_000
KEPT: Final = 500
RECENT: Final = 100

NEWEST_FIRST: Final = Ordering("published_at-", "published_at", "post_id", datetime, descending=True)

AuthorEvent = FollowerGained | FollowerLost | PostPublished | PostDeleted


class Author(Struct, frozen=True, kw_only=True):
    """What is remembered of an author: the ids of their followers, 16 bytes each, unless popular; their last posts."""

    author_id: UUID
    followers: bytes = b""
    popular: bool = False
    recent: bytes = b""


class Timeline(Struct, frozen=True, kw_only=True):
    """A person's timeline, with the ids of popular authors whom they follow; or the posts of a popular author."""

    key: str
    newest: bytes = b""
    popular: bytes = b""


def reader_key(person_id: UUID) -> str:
    """The key of a person's timeline."""
    return f"reader/{person_id}"


def author_key(author_id: UUID) -> str:
    """The key of a popular author's posts."""
    return f"author/{author_id}"


def author_after(author: Author | None, recorded: Recorded[Any]) -> Author:
    """The author after an event that is about them."""
    event: AuthorEvent = recorded.event
    author = author or Author(author_id=event.author_id)
    match event:
        case FollowerGained():
            return author if author.popular else _with_follower(author, event.person_id)
        case FollowerLost():
            return replace(author, followers=entries.without_id(author.followers, event.person_id))
        case PostPublished():
            return replace(author, recent=entries.with_entry(author.recent, _entry(event), RECENT))
        case PostDeleted():
            return replace(author, recent=entries.without_post(author.recent, event.post_id))
        case _:
            assert_never(event)


def _with_follower(author: Author, person_id: UUID) -> Author:
    followers = author.followers + person_id.bytes
    if entries.count_of(followers) > FAN_OUT_MAX:
        return replace(author, followers=b"", popular=True)
    return replace(author, followers=followers)


def _entry(event: PostPublished) -> bytes:
    return entries.packed(event.published_at, event.post_id, event.author_id)


def keys(change: Change[Author]) -> Iterable[str]:
    """Whose timelines an event changes: all followers' only where it is a post, or their author becomes popular."""
    event: AuthorEvent = change.recorded.event
    assert change.after is not None
    match event:
        case FollowerGained() if _becomes_popular(change):
            return [author_key(event.author_id), *_readers(change.before), reader_key(event.person_id)]
        case FollowerGained() | FollowerLost():
            return (reader_key(event.person_id),)
        case PostPublished() | PostDeleted():
            return (author_key(event.author_id),) if change.after.popular else _readers(change.after)
        case _:
            assert_never(event)


def _readers(author: Author | None) -> list[str]:
    return [reader_key(each) for each in entries.ids(author.followers)] if author else []


def _becomes_popular(change: Change[Author]) -> bool:
    assert change.after is not None
    return change.after.popular and not (change.before and change.before.popular)


def evolve(timeline: Timeline | None, change: Change[Author], key: str) -> Timeline:
    """The timeline after the change of an author."""
    event: AuthorEvent = change.recorded.event
    author, timeline = change.after, timeline or Timeline(key=key)
    assert author is not None
    match event:
        case FollowerGained():
            return _following(timeline, author)
        case FollowerLost():
            popular = entries.without_id(timeline.popular, author.author_id)
            newest = entries.without_author(timeline.newest, author.author_id)
            return replace(timeline, newest=newest, popular=popular)
        case PostPublished():
            at_most = RECENT if author.popular else KEPT
            return replace(timeline, newest=entries.with_entry(timeline.newest, _entry(event), at_most))
        case PostDeleted():
            return replace(timeline, newest=entries.without_post(timeline.newest, event.post_id))
        case _:
            assert_never(event)


def _following(timeline: Timeline, author: Author) -> Timeline:
    """What becomes of a timeline, or of the author's own row, when somebody follows the author."""
    if timeline.key == author_key(author.author_id):
        return replace(timeline, newest=author.recent)
    if author.popular:
        newest = entries.without_author(timeline.newest, author.author_id)
        return replace(timeline, newest=newest, popular=timeline.popular + author.author_id.bytes)
    return replace(timeline, newest=entries.with_entries(timeline.newest, author.recent, KEPT))


AUTHORS: Final = Entity(
    name="authors",
    row=Author,
    handles=(FollowerGained, FollowerLost, PostPublished, PostDeleted),
    evolve=author_after,
    by="author_id",
)

VIEW: Final = View(
    name="home_timeline",
    row=Timeline,
    handles=AUTHORS.handles,
    keys=keys,
    evolve=evolve,
    entity=AUTHORS,
    documents=True,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a timeline of when the view stood at `checkpoint`, with posts and authors as they are now."""

    page: Page[Entry]
    posts: Mapping[Key, Stored[Post]]
    authors: Mapping[Key, Stored[Profile]]
    checkpoint: int | None


def nothing(arguments: PageArguments) -> Shown:
    """What there is to see of a stranger's timeline, which nothing is read for. Raises MalformedCursor."""
    return Shown(_cut([], arguments), {}, {}, None)


async def read(reads: ReadModels, person_id: UUID, arguments: PageArguments, wanted: Wanted) -> Shown | Behind:
    """The timeline, as below, and all that is shown of a page of it in one read more.

    They wait no longer together than wanted. Raises MalformedCursor.
    """
    deadline = time.monotonic() + wanted.wait_s
    listing = await listed(reads, person_id, arguments, wanted)
    if isinstance(listing, Behind):
        return listing
    return await _shown(reads, listing.page, listing.checkpoint, wanted.until(deadline))


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a timeline of when the view stood at `checkpoint`."""

    page: Page[Entry]
    checkpoint: int


async def listed(reads: ReadModels, person_id: UUID, arguments: PageArguments, wanted: Wanted) -> Listing | Behind:
    """Which posts there are: one read of Redis, and another for whoever follows popular authors, however many.

    Raises MalformedCursor.
    """
    deadline = time.monotonic() + wanted.wait_s
    found = await reads.get(VIEW, reader_key(person_id), wanted)
    if isinstance(found, Behind):
        return found
    timeline = found.stored.row if found.stored else Timeline(key="")
    followed = [author_key(each) for each in entries.ids(timeline.popular)]
    popular = await reads.get_many(VIEW, followed, wanted.until(deadline))
    if isinstance(popular, Behind):
        return popular
    page = _cut([timeline.newest, *(stored.row.newest for stored in popular.values())], arguments)
    return Listing(page, found.checkpoint)


async def _shown(reads: ReadModels, page: Page[Entry], checkpoint: int, wanted: Wanted) -> Shown | Behind:
    """Posts and authors are asked for in one turn, so Redis is asked once for all of them."""
    posts, authors = await asyncio.gather(
        reads.get_many(post.VIEW, [each.post_id for each in page.nodes], wanted),
        reads.get_many(profile.VIEW, {each.author_id for each in page.nodes}, wanted),
    )
    if isinstance(posts, Behind):
        return posts
    return authors if isinstance(authors, Behind) else Shown(page, posts, authors, checkpoint)


def _cut(lists: Iterable[bytes], arguments: PageArguments) -> Page[Entry]:
    """A page of several lists that are one, forwards. Of each, no more is looked at than the page can have of it."""
    here = entries.place(*_parsed(arguments.after)) if arguments.after is not None else None
    wanted = arguments.size + 1
    parts = []
    for newest in lists:
        start = entries.after(newest, here) if here is not None else 0
        parts.append(list(entries.each(newest[start : start + wanted * entries.SIZE])))
    found = heapq.nlargest(wanted, (entry for part in parts for entry in part))
    nodes = [entries.unpacked(entry) for entry in found[: arguments.size]]
    return Page(nodes, len(found) > arguments.size, arguments.after is not None)


def _parsed(cursor: str) -> tuple[datetime, UUID]:
    published_at, post_id = NEWEST_FIRST.parse(cursor, "after")
    assert isinstance(post_id, UUID)
    return published_at, post_id


def cursor(entry: Entry) -> str:
    """Where a post stands, opaque to clients."""
    return NEWEST_FIRST.cursor(entry.published_at, entry.post_id)
