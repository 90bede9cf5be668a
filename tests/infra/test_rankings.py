"""Rankings: sorted sets written as they are now, never by increments; and the highest of any union of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.infra.embedded import Servers
from app.infra.redis_rankings import Top
from app.infra.redis_views import Lost
from app.infra.table_views import Fenced
from tests.infra.stand import Stand, opened
from tests.infra.tally import RANKED, Workshop, places, progress, workshops
from tests.support.installation import installation

LONG = 60_000


@pytest.fixture(scope="module")
async def built(servers: Servers) -> AsyncIterator[Workshop]:
    async with installation(servers) as made, workshops(made, RANKED) as shop_floors:
        yield shop_floors[RANKED.name]


@pytest.fixture
async def stand(built: Workshop) -> Stand:
    return await opened(built)


class TestWriting:
    async def test_scores_are_written_as_they_are_and_zero_takes_a_member_out(self, stand: Stand) -> None:
        await stand.write(0, 5, places("tea", 3, day=2, week=7), places("cup", 4, day=1))
        assert await stand.made.ranked() == {"day": {"tea": 2, "cup": 1}, "week": {"tea": 7}}
        await stand.write(5, 9, places("tea", 9, day=5, week=0))
        assert await stand.made.ranked() == {"day": {"tea": 5, "cup": 1}}

    async def test_restoring_over_what_is_there_changes_nothing(self, stand: Stand) -> None:
        await stand.write(0, 5, places("tea", 3, day=2.5, week=7), places("cup", 4, day=0))
        before = await stand.made.ranked()
        for since in (None, 5, 3, 0):
            await stand.restore(5, since)
            assert await stand.made.ranked() == before

    async def test_what_redis_missed_is_brought_after_it_and_taken_out(self, stand: Stand) -> None:
        await stand.write(0, 5, places("tea", 3, day=2), places("cup", 4, day=1))
        await stand.write(5, 9, places("tea", 9, day=0, week=3), redis=False)
        assert await stand.restore(9, 5) == 1
        assert await stand.made.ranked() == {"day": {"cup": 1}, "week": {"tea": 3}}

    async def test_a_flushed_redis_says_so_and_is_restored_to_the_same_sets(self, stand: Stand) -> None:
        await stand.write(0, 5, places("tea", 3, day=2, week=7), places("cup", 4, day=1, week=0))
        before = await stand.made.ranked()
        await stand.made.redis.flushall()
        assert await stand.top(["day"]) is None
        with pytest.raises(Lost):
            await stand.made.documents.apply(progress(stand.lease, 5, 9), places("tea", 9, day=9))
        assert await stand.made.ranked() == {}
        assert await stand.restore(5, None) == 2
        assert await stand.made.ranked() == before
        assert await stand.top(["day"]) == (5, [Top("tea", (2,)), Top("cup", (1,))])

    async def test_while_it_is_restored_nothing_is_answered_from_it(self, stand: Stand) -> None:
        await stand.write(0, 5, places("tea", 3, day=2, week=7))
        assert await stand.top(["day", "week"], kept_ms=LONG) is not None
        await stand.made.documents._restore_chunk(0, stand.lease.epoch, places("cup", 4, day=1))
        assert await stand.top(["day", "week"], kept_ms=LONG) is None
        assert await stand.top(["day"]) is None

    async def test_a_dead_owner_can_neither_write_nor_restore(self, stand: Stand) -> None:
        await stand.write(0, 5, places("tea", 3, day=2))
        before = await stand.made.ranked()
        await stand.made.documents.claim(0, (await stand.made.hire("b")).epoch)
        with pytest.raises(Fenced):
            await stand.made.documents.apply(progress(stand.lease, 5, 9), places("tea", 9, day=9))
        for since in (None, 5, 0):
            with pytest.raises(Fenced):
                await stand.restore(5, since)
        assert await stand.made.ranked() == before
        assert await stand.top(["day"]) == (5, [Top("tea", (2,))])


class TestTop:
    @pytest.fixture
    async def filled(self, stand: Stand) -> Stand:
        await stand.write(
            0,
            5,
            places("tea", 1, mon=3, tue=4, wed=10),
            places("cup", 2, mon=5),
            places("pot", 3, tue=5, wed=1),
            places("jug", 4, wed=100),
        )
        return stand

    async def test_the_scores_of_a_union_are_summed(self, filled: Stand) -> None:
        best = [Top("tea", (7,)), Top("pot", (5,)), Top("cup", (5,))]
        assert await filled.top(["mon", "tue"]) == (5, best)

    async def test_of_equal_scores_the_last_name_comes_first(self, filled: Stand) -> None:
        await filled.write(5, 9, *(places(name, 9, fri=1) for name in ("b", "a", "d", "c")))
        assert await filled.top(["fri"]) == (9, [Top(name, (1,)) for name in "dcba"])
        assert await filled.top(["fri", "sat"], most=2) == (9, [Top(name, (1,)) for name in "dc"])

    async def test_the_other_unions_tell_of_the_members_of_the_first(self, filled: Stand) -> None:
        best = [Top("tea", (7, 14, 10)), Top("pot", (5, 6, 1)), Top("cup", (5, 0, 0))]
        assert await filled.top(["mon", "tue"], ["tue", "wed"], ["wed"]) == (5, best)

    async def test_there_are_no_more_than_asked_for(self, filled: Stand) -> None:
        assert await filled.top(["mon", "tue"], ["wed"], most=1) == (5, [Top("tea", (7, 10))])

    async def test_sets_that_are_not_there_are_empty(self, filled: Stand) -> None:
        assert await filled.top(["sun"]) == (5, [])
        assert await filled.top(["sun", "sat"], ["mon"]) == (5, [])
        assert await filled.top([], ["mon"]) == (5, [])
        assert await filled.top(["mon"], [], most=1) == (5, [Top("cup", (5, 0))])

    async def test_a_set_alone_is_not_copied(self, filled: Stand) -> None:
        await filled.top(["mon"], ["tue"], kept_ms=LONG)
        assert all(":union:" in key and not key.endswith(":0") for key in await filled.unions())
        await filled.write(5, 9, places("cup", 9, mon=6) | places("new", 9, mon=9, tue=2))
        shown = [Top("new", (9, 2)), Top("cup", (6, 0)), Top("tea", (3, 4))]
        assert await filled.top(["mon"], ["tue"], kept_ms=LONG) == (9, shown)

    async def test_other_unions_follow_the_depth_that_is_asked_for(self, filled: Stand) -> None:
        many = {key: row for n in range(150) for key, row in places(f"p{n:03}", 9, mon=1, wed=n).items()}
        await filled.write(5, 9, many)
        await filled.top(["mon", "tue"], ["wed"], most=3, kept_ms=LONG)
        deep = await filled.top(["mon", "tue"], ["wed"], most=500, kept_ms=LONG)
        assert deep is not None
        assert {top.member: top.scores[1] for top in deep[1] if top.member[1:].isdigit()} == {
            f"p{n:03}": n for n in range(150)
        }

    async def test_what_is_kept_goes_in_time(self, filled: Stand) -> None:
        await filled.top(["mon", "tue"], ["tue", "wed"], kept_ms=LONG)
        kept = await filled.unions()
        assert len(kept) == 3
        assert all(0 < left <= LONG + 1_000 for left in kept.values())


class TestKeptUnions:
    @pytest.fixture
    async def kept(self, stand: Stand) -> Stand:
        """A union made at position 5, and the sets changed at 9."""
        await stand.write(0, 5, places("tea", 3, mon=2, tue=1))
        assert await stand.top(["mon", "tue"], kept_ms=LONG) == (5, [Top("tea", (3,))])
        await stand.write(5, 9, places("tea", 9, mon=7, tue=1))
        return stand

    async def test_who_asks_for_nothing_in_particular_is_given_it_with_its_position(self, kept: Stand) -> None:
        for position in (0, 5):
            answer = await kept.top(["mon", "tue"], kept_ms=LONG, position=position)
            assert answer == (5, [Top("tea", (3,))])

    @pytest.mark.parametrize("position", [6, 9])
    async def test_for_who_asks_for_more_it_is_made_anew_and_kept(self, kept: Stand, position: int) -> None:
        assert await kept.top(["mon", "tue"], kept_ms=LONG, position=position) == (9, [Top("tea", (8,))])
        assert await kept.top(["mon", "tue"], kept_ms=LONG) == (9, [Top("tea", (8,))])

    async def test_another_union_is_made_for_itself(self, kept: Stand) -> None:
        assert await kept.top(["mon", "wed"], kept_ms=LONG) == (9, [Top("tea", (7,))])
        assert await kept.top(["mon"], ["tue"], kept_ms=LONG) == (9, [Top("tea", (7, 1))])

    async def test_one_that_is_newer_than_the_checkpoint_is_not_trusted(self, kept: Stand) -> None:
        assert await kept.top(["mon", "tue"], kept_ms=LONG, position=9) == (9, [Top("tea", (8,))])
        await kept.made.redis.zadd(f"{kept.made.prefix}:places:1:rank:mon", {"tea": 4})
        await kept.made.redis.set(f"{kept.made.prefix}:places:1:0:checkpoint", 7)
        assert await kept.top(["mon", "tue"], kept_ms=LONG) == (7, [Top("tea", (5,))])

    async def test_after_its_time_it_is_made_anew(self, stand: Stand) -> None:
        await stand.write(0, 5, places("tea", 3, mon=2, tue=1))
        assert await stand.top(["mon", "tue"]) == (5, [Top("tea", (3,))])
        await stand.write(5, 9, places("tea", 9, mon=7, tue=1))
        await asyncio.sleep(0.01)
        assert await stand.top(["mon", "tue"]) == (9, [Top("tea", (8,))])
