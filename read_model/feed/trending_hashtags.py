"""Which hashtags are used most over the last hours.

A post counts once for each of its hashtags, as it is now, in the hour in UTC in which it was published; one that is
deleted counts nowhere. In Redis there is a sorted set for each hour, and a question sums over its hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.wanted import Behind, Wanted
from app.kernel.messages import Recorded
from app.kernel.rollup import rollup
from app.kernel.structs import Struct, replace
from app.kernel.view import Entity, Ranked
from write_model.feed.events import PostDeleted, PostEvent, PostPublished

LONGEST_HOURS: Final = 168
MOST: Final = 100
_KEPT_MS = 2_000


class Tagged(Struct, frozen=True, kw_only=True):
    """A post, as far as it is about hashtags."""

    post_id: UUID
    published_at: datetime
    hashtags: tuple[str, ...]


class TagHour(Struct, frozen=True, kw_only=True):
    """How many posts of an hour have a hashtag."""

    key: str
    hour: datetime
    hashtag: str
    posts: int


def tagged(post: Tagged | None, recorded: Recorded[Any]) -> Tagged:
    """The post after the event."""
    event: PostEvent = recorded.event
    if isinstance(event, PostPublished):
        return Tagged(post_id=event.post_id, published_at=event.published_at, hashtags=event.hashtags)
    assert post is not None
    return replace(post, hashtags=() if isinstance(event, PostDeleted) else event.hashtags)


def contributions(post: Tagged) -> Iterator[TagHour]:
    """What a post gives to its hashtags, in its hour."""
    hour = hour_of(post.published_at)
    for hashtag in post.hashtags:
        yield TagHour(key=f"{hour:%Y-%m-%dT%H}|{hashtag}", hour=hour, hashtag=hashtag, posts=1)


def hour_of(moment: datetime) -> datetime:
    """When the hour of a moment in UTC began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def rankings(row: TagHour) -> Iterator[Ranked]:
    """The hashtag's place in its hour's set."""
    yield Ranked(_ranking(row.hour), row.hashtag, row.posts)


def _ranking(hour: datetime) -> str:
    return f"posts:{hour:%Y-%m-%dT%H}"


POSTS: Final = Entity(name="posts", row=Tagged, handles=get_args(PostEvent), evolve=tagged)

VIEW: Final = rollup(
    name="trending_hashtags",
    row=TagHour,
    sums=("posts",),
    of=POSTS,
    contributions=contributions,
    rankings=rankings,
    indexes=("hour",),
)


@dataclass(frozen=True, slots=True)
class Trend:
    """A hashtag, and how many posts of the window have it."""

    hashtag: str
    posts: int


@dataclass(frozen=True, slots=True)
class Trends:
    """Most posts first, of equals the last by name; `checkpoint` is how far the view was at least."""

    hashtags: list[Trend]
    checkpoint: int


async def top(reads: ReadModels, until: datetime, hours: int, most: int, wanted: Wanted) -> Trends | Behind:
    """The most used over so many hours, the last of them that of `until`: of Redis, else of the flat table."""
    window = [hour_of(until) - timedelta(hours=n) for n in range(hours)]
    answer = await reads.top(VIEW, [[_ranking(hour) for hour in window]], most, wanted, kept_ms=_KEPT_MS)
    if isinstance(answer, Behind):
        return answer
    if answer is None:
        return await _top_of_table(reads, window, most, wanted)
    checkpoint, members = answer
    return Trends([Trend(each.member, int(each.scores[0])) for each in members if each.scores[0] > 0], checkpoint)


async def _top_of_table(reads: ReadModels, window: list[datetime], most: int, wanted: Wanted) -> Trends | Behind:
    found = await reads.listed((VIEW,), wanted, partial(_summed, reads, window, most), telling=True)
    if isinstance(found, Behind):
        return found
    assert found.freshness is not None
    return Trends(found.found, found.freshness.position)


async def _summed(reads: ReadModels, window: list[datetime], most: int) -> list[Trend]:
    rows = await reads.fetch(
        f"select hashtag, sum(posts)::bigint as posts from {reads.table(VIEW).table} where hour between $1 and $2 "
        'group by hashtag having sum(posts) > 0 order by posts desc, hashtag collate "C" desc limit $3',
        window[-1],
        window[0],
        most,
    )
    return [Trend(row["hashtag"], row["posts"]) for row in rows]
