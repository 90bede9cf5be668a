"""A view whose entities are named by events: what it cannot apply holds back what is about the same entity, no more."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra import folding, rebuilding
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.leases import ShardId
from app.infra.wanted import Found, Wanted
from app.kernel.clock import new_id, now
from app.kernel.messages import Receipt
from read_model.feed import entries
from read_model.feed.home_timeline import VIEW, reader_key
from tests.support.installation import Installation, installation
from tests.support.projecting import acquired, project, worker, working
from tests.support.replay import assert_views_equal_a_replay
from tests.write_model.floor import Floor, until
from workers.jobs import amending, filling, parking, shard_rows
from write_model.feed.commands import ChangeProfile, DeletePost, Follow, PublishPost

TIMELINES = ShardId(VIEW.name, 1, 0)


@dataclass
class Ward:
    """A feed whose timelines cannot be given some posts: those of `sick`, by id."""

    made: Installation
    floor: Floor
    reads: ReadModels
    sick: set[UUID] = field(default_factory=set)

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def seen(entity: Any, events: Any, present: Any) -> Any:
            for event in events:
                if getattr(event.event, "post_id", None) in self.sick:
                    raise ArithmeticError("this makes no sense")
            return real(entity, events, present)

        return seen

    async def person(self) -> UUID:
        command = ChangeProfile(at=now(), profile_id=new_id(), handle=f"p_{new_id().hex[-20:]}", display_name="P")
        return (await self.floor.send(command)).aggregate_id

    async def follow(self, person: UUID, author: UUID) -> Receipt:
        return await self.floor.send(Follow(at=now(), person_id=person, author_id=author))

    async def publish(self, author: UUID, *, sick: bool = False) -> UUID:
        post_id = new_id()
        if sick:
            self.sick.add(post_id)
        await self.floor.send(PublishPost(at=now(), post_id=post_id, author_id=author, text="Tea"))
        return post_id

    async def timeline(self, person: UUID) -> list[UUID]:
        found = await self.reads.get(VIEW, reader_key(person), Wanted())
        assert isinstance(found, Found)
        newest = found.stored.row.newest if found.stored else b""
        return [entries.unpacked(each).post_id for each in entries.each(newest)]

    async def letters(self) -> list[tuple[Any, ...]]:
        said = "select sequence, type, exception from read.dead_letters where consumer = $1 order by position"
        return [tuple(row) for row in await self.floor.db.fetch(said, VIEW.name)]

    async def reached(self, letters: int) -> bool:
        head = await self.floor.db.fetchval("select max(position) from write.events")
        at = await self.floor.db.fetchval("select position from read.checkpoints where view = $1", VIEW.name)
        return at >= head and len(await self.letters()) == letters


@pytest.fixture
async def ward(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ward]:
    monkeypatch.setattr(parking, "LOOK_S", 0.02)
    monkeypatch.setattr(parking, "_PAUSES_S", (0.0, 0.01, 0.02))
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=3) as db,
        bootstrap.commands(made.settings) as side,
        bootstrap.read_models(made.settings) as (reads, _),
    ):
        ward = Ward(made, Floor(made, side, db), reads)
        for module in (shard_rows, amending):
            monkeypatch.setattr(module, "changes", ward.around(folding.changes))
        yield ward


@asynccontextmanager
async def projecting(ward: Ward) -> AsyncIterator[None]:
    async with worker(ward.made) as context:
        context.start(await acquired(context, TIMELINES), _nobody)
        yield


async def _nobody(_: ShardId) -> None:
    return None


async def test_what_cannot_be_applied_holds_back_its_author_and_nobody_else(ward: Ward) -> None:
    """Follower, later posts and a deletion of other aggregates wait; once mended all is as if nothing had been."""
    ada, grace, reader, late = [await ward.person() for _ in range(4)]
    for author in (ada, grace):
        await ward.follow(reader, author)
    first, other = await ward.publish(ada), await ward.publish(grace)
    sick = await ward.publish(ada, sick=True)
    behind = await ward.publish(ada)
    await ward.follow(late, ada)
    await ward.floor.send(DeletePost(at=now(), post_id=first))
    going_on = await ward.publish(grace)
    async with projecting(ward):
        await until(lambda: ward.reached(letters=4))
        assert await ward.letters() == [
            (ada, "PostPublished", "ArithmeticError"),
            (ada, "PostPublished", None),
            (ada, "FollowerGained", None),
            (ada, "PostDeleted", None),
        ]
        assert await ward.timeline(reader) == [going_on, other, first]
        assert await ward.timeline(late) == []
        ward.sick.clear()
        await ward.person()  # a row that the last event changed is amended at a later position
        await ward.floor.db.execute("update read.dead_letters set retry = true")
        await until(lambda: ward.reached(letters=0))
        assert await ward.timeline(reader) == [going_on, behind, sick, other]
        assert await ward.timeline(late) == [behind, sick]
    await project(ward.made)
    await assert_views_equal_a_replay(ward.made, amended=True)


async def test_a_new_worker_remembers_whose_events_wait(ward: Ward) -> None:
    ada, reader = await ward.person(), await ward.person()
    await ward.follow(reader, ada)
    await ward.publish(ada, sick=True)
    async with projecting(ward):
        await until(lambda: ward.reached(letters=1))
    await ward.publish(ada)
    async with projecting(ward):
        await until(lambda: ward.reached(letters=2))
    assert {each[0] for each in await ward.letters()} == {ada}
    assert await ward.timeline(reader) == []


async def test_filling_holds_back_the_same_also_where_an_event_cannot_be_decoded(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entity is read from what is stored, which says whose the post is and nothing else that could be read."""
    monkeypatch.setattr(filling, "NEAR", 0)
    ada, grace, reader = [await ward.person() for _ in range(3)]
    for author in (ada, grace):
        await ward.follow(reader, author)
    spoilt, behind, other = [await ward.publish(author) for author in (ada, ada, grace)]
    await ward.floor.db.execute(
        "update write.events set data = data - 'text' || '{\"hashtags\": 7}' where aggregate_id = $1", spoilt
    )
    async with working(ward.made):
        generation = await rebuilding.begin(ward.floor.db, VIEW)
        live = "select state = 'LIVE' from read.generations where view = $1 and generation = $2"
        await until(lambda: ward.floor.db.fetchval(live, VIEW.name, generation))
        parked = await ward.floor.db.fetch(
            "select sequence, aggregate_id, exception from read.dead_letters join write.events using (position) "
            "where consumer = $1 and generation = $2 order by position",
            VIEW.name,
            generation,
        )
        assert [tuple(row) for row in parked] == [(ada, spoilt, "ValidationError"), (ada, behind, None)]
        assert await ward.timeline(reader) == [other]
