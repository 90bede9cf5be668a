"""Reading home timelines from real servers: how often Redis is asked, what is merged, and what a post costs."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import redis.asyncio as aioredis

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.event_log import as_json
from app.infra.freshness import ReadModels
from app.infra.keyset import MalformedCursor, PageArguments
from app.infra.wanted import Behind, Wanted
from app.kernel.clock import new_id, now
from app.kernel.messages import Recorded
from app.kernel.view import Change, View
from read_model.feed import home_timeline, post
from read_model.feed.home_timeline import FAN_OUT_MAX, Author, cursor, keys, read
from tests.read_model.feed.seeding import BEGAN, created, gained, published, write
from tests.support.installation import Installation, installation
from tests.support.projecting import project, projecting
from tests.support.replay import until_caught_up
from tests.write_model.floor import envelope
from write_model.feed.commands import ChangeProfile, PublishPost

AUTHORS_FOLLOWED = 1_000
NOTHING = Wanted()


@dataclass(frozen=True)
class Town:
    """A reader of a thousand authors; one who follows two popular ones and one who is not; and fans who make these."""

    made: Installation
    reads: ReadModels
    db: asyncpg.Pool
    redis: aioredis.Redis
    reader: UUID
    fan: UUID
    popular: tuple[UUID, UUID]
    plain: UUID

    async def page(self, person: UUID, wanted: Wanted = NOTHING, **arguments: Any) -> home_timeline.Shown:
        shown = await read(self.reads, person, PageArguments(**arguments), wanted)
        assert not isinstance(shown, Behind)
        return shown

    async def asked(self) -> int:
        """How often Redis was asked for documents."""
        stats = await self.redis.info("commandstats")
        return int(stats.get("cmdstat_mget", {"calls": 0})["calls"])


@pytest.fixture(scope="module")
async def town(servers: Servers) -> AsyncIterator[Town]:
    reader, fan, plain, popular = new_id(), new_id(), new_id(), (new_id(), new_id())
    authors = [new_id() for _ in range(AUTHORS_FOLLOWED)]
    fans = [new_id() for _ in range(FAN_OUT_MAX)]
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        aioredis.Redis.from_url(made.redis_url) as redis,
    ):
        await write(db, map(created, [*authors, reader, fan, plain, *popular]))
        later = [gained(author, reader) for author in authors]
        later += [published(author, n) for n, author in enumerate(authors)]
        later += [published(popular[0], n) for n in (10, 20)]
        later += [gained(author, each) for author in popular for each in fans]
        later += [gained(author, fan) for author in (*popular, plain)]
        later += [published(author, n) for n, author in ((30, popular[0]), (25, popular[1]), (27, plain))]
        await write(db, later)
        await project(made)
        async with bootstrap.read_models(made.settings) as (reads, _):
            yield Town(made, reads, db, redis, reader, fan, popular, plain)


async def test_a_timeline_of_a_thousand_authors_is_two_round_trips(town: Town) -> None:
    await town.page(town.reader)
    before = await town.asked()
    shown = await town.page(town.reader, first=20)
    assert await town.asked() - before == 2
    assert [each.published_at for each in shown.page.nodes] == sorted(
        (each.published_at for each in shown.page.nodes), reverse=True
    )
    assert {shown.posts[each.post_id].row.text for each in shown.page.nodes} == {
        f"At {n}" for n in range(AUTHORS_FOLLOWED - 20, AUTHORS_FOLLOWED)
    }
    assert {each.author_id for each in shown.page.nodes} == shown.authors.keys()


async def test_popular_authors_are_merged_in_with_one_more_however_many_they_are(town: Town) -> None:
    await town.page(town.fan)
    before = await town.asked()
    shown = await town.page(town.fan)
    assert await town.asked() - before == 3
    assert [shown.posts[each.post_id].row.text for each in shown.page.nodes] == [
        "At 30",
        "At 27",
        "At 25",
        "At 20",
        "At 10",
    ]


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6])
async def test_pages_put_together_are_the_timeline(town: Town, size: int) -> None:
    whole = (await town.page(town.fan)).page.nodes
    pages: list[Any] = []
    after = None
    while True:
        page = (await town.page(town.fan, first=size, after=after)).page
        pages += page.nodes
        assert page.has_previous == (after is not None)
        if not page.has_next:
            break
        after = cursor(page.nodes[-1])
    assert pages == list(whole)


async def test_the_whole_timeline_is_the_newest_that_are_kept(town: Town) -> None:
    seen, after = 0, None
    while True:
        page = (await town.page(town.reader, first=100, after=after)).page
        seen += len(page.nodes)
        if not page.has_next:
            break
        after = cursor(page.nodes[-1])
    assert seen == home_timeline.KEPT


async def test_whoever_follows_nobody_has_an_empty_timeline(town: Town) -> None:
    assert (await town.page(new_id())).page.nodes == []


async def test_a_redis_that_lost_everything_is_done_without(town: Town) -> None:
    wanted = [each.post_id for each in (await town.page(town.fan)).page.nodes]
    await town.redis.flushall()
    assert [each.post_id for each in (await town.page(town.fan)).page.nodes] == wanted


async def test_a_text_that_is_no_cursor_is_refused(town: Town) -> None:
    with pytest.raises(MalformedCursor):
        await town.page(town.reader, after="?")


async def test_who_asks_beyond_the_log_is_told_that_it_is_behind(town: Town) -> None:
    answer = await read(town.reads, town.reader, PageArguments(), Wanted(position=10**9, wait_s=0.05))
    assert isinstance(answer, Behind)


def state_after(followers: int) -> Author:
    """An author who has posted, after so many have followed."""
    author = new_id()
    state: Author | None = None
    events = [published(author, 1), *(gained(author, UUID(int=n)) for n in range(followers))]
    for position, (key, event) in enumerate(events, 1):
        state = home_timeline.author_after(state, Recorded(position, "any", key, position, event, {}, BEGAN))
    assert state is not None
    return state


def rows_of_a_post(state: Author) -> int:
    key, event = published(state.author_id, 2)
    recorded = Recorded(10**6, "any", key, 1, event, {}, BEGAN)
    after = home_timeline.author_after(state, recorded)
    return len(list(keys(Change(recorded, state, after))))


@pytest.mark.parametrize(
    ("followers", "rows"), [(0, 0), (1, 1), (FAN_OUT_MAX, FAN_OUT_MAX), (FAN_OUT_MAX + 1, 1), (100_000, 1)]
)
def test_a_post_costs_a_row_a_follower_and_beyond_the_limit_one(followers: int, rows: int) -> None:
    assert rows_of_a_post(state_after(followers)) == rows


def test_what_is_remembered_of_an_author_does_not_grow_beyond_the_limit() -> None:
    few, many = (len(as_json(state_after(followers))) for followers in (FAN_OUT_MAX + 1, 100_000))
    assert few == many < 1_000
    assert len(as_json(state_after(FAN_OUT_MAX))) < 25_000


async def test_posts_of_the_popular_hold_nobody_up(town: Town, figure: Callable[[str], None]) -> None:
    """The worst that there is, an author with as many followers as are written to, beside one with more."""
    async with bootstrap.commands(town.made.settings) as side:
        for followers in (FAN_OUT_MAX, 100_000):
            author = new_id()
            joining = ChangeProfile(at=now(), profile_id=author, handle=f"h{author.hex[-20:]}", display_name="Star")
            await side.bus.dispatch(joining, envelope())
            await write(town.db, [gained(author, new_id()) for _ in range(followers)])
            async with projecting(town.made):
                await until_caught_up(town.made, seconds=280)
                took = [await shown_after(town, side, author) for _ in range(5)]
            elsewhere, timelines = (median(each) * 1e3 for each in zip(*took, strict=True))
            said = f"in another view after {elsewhere:.0f} ms, in timelines after {timelines:.0f} ms"
            figure(f"a post of an author with {followers:,} followers is {said}")
            assert elsewhere < 5_000, "readers of other views would notice"


async def shown_after(town: Town, side: bootstrap.Commands, author: UUID) -> tuple[float, float]:
    """Seconds from a post's receipt until it is in the view of posts, and in the timelines."""
    receipt = await side.bus.dispatch(PublishPost(at=now(), post_id=new_id(), author_id=author, text="Hi"), envelope())
    began, wanted = time.monotonic(), Wanted(position=receipt.position, wait_s=10)

    async def reached(view: View[Any]) -> float:
        assert not isinstance(await town.reads.reach(view, wanted), Behind)
        return time.monotonic() - began

    elsewhere, timelines = await asyncio.gather(reached(post.VIEW), reached(home_timeline.VIEW))
    return elsewhere, timelines
