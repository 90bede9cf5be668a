"""Whatever is asked, in whatever order and at once: the feed's tables equal what a plain model says, and the log."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel.clock import new_id, now
from app.kernel.errors import Refusal, VersionConflict
from app.kernel.messages import Command, Principal, Receipt, Role
from tests.support.replay import whole_log
from tests.write_model.floor import Floor
from write_model.feed.commands import (
    ChangeProfile,
    Comment,
    DeletePost,
    EditPost,
    Follow,
    Like,
    PublishPost,
    Unfollow,
    Unlike,
    profile_of,
)
from write_model.feed.errors import AlreadyLiked, HandleTaken, NotYourPost, NotYourProfile, PostNotFound

KINDS = ["publish", "edit", "delete", "like", "unlike", "comment", "follow", "unfollow", "rename"]
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 5)), max_size=30)


def subject(name: str) -> Principal:
    return Principal(name, frozenset({Role.CUSTOMER}))


async def joined(floor: Floor, name: str) -> UUID:
    """A person with a handle of their own."""
    handle = f"{name}_{new_id().hex[-20:]}"
    command = ChangeProfile(at=now(), profile_id=profile_of(handle), handle=handle, display_name=name)
    return (await floor.send(command, actor=subject(handle))).aggregate_id


def publishing(author: UUID, text: str = "Tea") -> PublishPost:
    return PublishPost(at=now(), post_id=new_id(), author_id=author, text=text)


@dataclass
class Model:
    """The feed as sets."""

    people: list[UUID]
    names: dict[UUID, str] = field(default_factory=dict)
    posts: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)
    gone: set[UUID] = field(default_factory=set)
    likes: set[tuple[UUID, UUID]] = field(default_factory=set)
    follows: set[tuple[UUID, UUID]] = field(default_factory=set)
    comments: list[tuple[UUID, UUID]] = field(default_factory=list)

    def asks(self, kind: str, who: int, which: int) -> tuple[Command, bool, Callable[[], object]]:
        """A command, whether it must be accepted, and what it changes then."""
        me, other = self.people[who], self.people[which % 3]
        posts = [*self.posts, new_id()]
        post = posts[which % len(posts)]
        there, both = post in self.posts and post not in self.gone, (me, post)
        text = f"#tag{which}"
        match kind:
            case "publish":
                made = publishing(me, text)
                return made, True, lambda: self.posts.update({made.post_id: (me, text)})
            case "edit":
                differs = there and self.posts[post][1] != text
                change = lambda: self.posts.update({post: (self.posts[post][0], text)})  # noqa: E731
                return EditPost(at=now(), post_id=post, text=text), differs, change
            case "delete":
                return DeletePost(at=now(), post_id=post), there, lambda: self.gone.add(post)
            case "like":
                command: Command = Like(at=now(), post_id=post, person_id=me)
                return command, there and both not in self.likes, lambda: self.likes.add(both)
            case "unlike":
                command = Unlike(at=now(), post_id=post, person_id=me)
                return command, there and both in self.likes, lambda: self.likes.discard(both)
            case "comment":
                command = Comment(at=now(), comment_id=new_id(), post_id=post, person_id=me, text=text)
                return command, there, lambda: self.comments.append(both)
            case _:
                return self._of_people(kind, me, other, text)

    def _of_people(self, kind: str, me: UUID, other: UUID, text: str) -> tuple[Command, bool, Callable[[], object]]:
        pair = (me, other)
        match kind:
            case "follow":
                command: Command = Follow(at=now(), person_id=me, author_id=other)
                return command, me != other and pair not in self.follows, lambda: self.follows.add(pair)
            case "unfollow":
                command = Unfollow(at=now(), person_id=me, author_id=other)
                return command, pair in self.follows, lambda: self.follows.discard(pair)
            case _:
                handle = me.hex[-20:]
                command = ChangeProfile(at=now(), profile_id=me, handle=handle, display_name=text)
                return command, self.names.get(me) != text, lambda: self.names.update({me: text})


async def written(floor: Floor, people: list[UUID]) -> dict[str, Any]:
    async def rows(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await floor.db.fetch(query, people)]

    profiles = await rows(
        "select profile_id, display_name, following, followers from write.profiles where profile_id = any($1)"
    )
    posts = await rows("select post_id, author_id, text from write.posts where author_id = any($1)")
    return {
        "profiles": {row[0]: row[1:] for row in profiles},
        "posts": {row[0]: row[1:] for row in posts},
        "gone": {row[0] for row in await rows("select post_id from write.posts where deleted and author_id = any($1)")},
        "likes": set(await rows("select person_id, post_id from write.likes where liked and person_id = any($1)")),
        "follows": set(await rows("select person_id, author_id from write.follows where person_id = any($1)")),
        "comments": sorted(await rows("select person_id, post_id from write.comments where person_id = any($1)")),
    }


def expected(model: Model) -> dict[str, Any]:
    profiles = {
        each: (
            model.names[each],
            sum(one == each for one, _ in model.follows),
            sum(other == each for _, other in model.follows),
        )
        for each in model.people
    }
    sets = {"gone": model.gone, "likes": model.likes, "follows": model.follows}
    return {"profiles": profiles, "posts": model.posts, "comments": sorted(model.comments)} | sets


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_sequence_of_commands_leaves_what_a_plain_model_says(
    floor: Floor, steps: list[tuple[str, int, int]]
) -> None:
    names = ("ada", "grace", "alan")
    model = Model([await joined(floor, name) for name in names])
    model.names = dict(zip(model.people, names, strict=True))
    for step in steps:
        command, accepted, change = model.asks(*step)
        came = await floor.try_to(command)
        assert isinstance(came, Receipt) == accepted, (step, came)
        if accepted:
            change()
    assert await written(floor, model.people) == expected(model)


async def test_every_event_of_the_log_follows_the_one_before(floor: Floor) -> None:
    log = await whole_log(floor.made.database_url)
    versions: dict[UUID, int] = {}
    for each in log:
        assert each.version == versions.get(each.aggregate_id, 0) + 1
        versions[each.aggregate_id] = each.version
    assert len(log) > 20


async def test_a_follow_is_recorded_on_both_sides_at_once_and_the_receipt_is_the_persons(floor: Floor) -> None:
    ada, grace = await joined(floor, "ada"), await joined(floor, "grace")
    receipt = await floor.send(Follow(at=now(), person_id=ada, author_id=grace))
    (mine,), (theirs,) = [(await floor.events_of(each))[1:] for each in (ada, grace)]
    assert (mine["type"], theirs["type"]) == ("AuthorFollowed", "FollowerGained")
    assert (receipt.aggregate_id, receipt.version, receipt.position) == (ada, 2, theirs["position"])
    assert mine["metadata"] == theirs["metadata"]


async def test_people_act_for_themselves_and_operators_for_all(floor: Floor) -> None:
    ada, grace = (f"{name}_{new_id().hex[-20:]}" for name in ("ada", "grace"))
    for name in (ada, grace):
        await floor.send(ChangeProfile(at=now(), profile_id=profile_of(name), handle=name, display_name=name))
    hers, other = profile_of(ada), profile_of(grace)
    post = publishing(hers)
    await floor.send(post, actor=subject(ada))
    before = await floor.contents()
    for command, refusal in [
        (ChangeProfile(at=now(), profile_id=hers, handle="mine_now", display_name="Grace"), NotYourProfile),
        (publishing(hers), NotYourProfile),
        (Like(at=now(), post_id=post.post_id, person_id=hers), NotYourProfile),
        (Comment(at=now(), comment_id=new_id(), post_id=post.post_id, person_id=hers, text="Me"), NotYourProfile),
        (Follow(at=now(), person_id=hers, author_id=other), NotYourProfile),
        (EditPost(at=now(), post_id=post.post_id, text="Mine"), NotYourPost),
        (DeletePost(at=now(), post_id=post.post_id), NotYourPost),
    ]:
        assert type(await floor.try_to(command, actor=subject(grace))) is refusal, command
    assert await floor.contents() == before
    assert isinstance(await floor.try_to(DeletePost(at=now(), post_id=post.post_id)), Receipt)


async def test_a_handle_is_one_persons(floor: Floor) -> None:
    ada, grace = await joined(floor, "ada"), await joined(floor, "grace")
    handle = await floor.db.fetchval("select handle from write.profiles where profile_id = $1", ada)
    for profile_id in (grace, new_id()):
        command = ChangeProfile(at=now(), profile_id=profile_id, handle=handle, display_name="X")
        assert type(await floor.try_to(command)) is HandleTaken


async def test_an_edit_at_another_version_is_a_conflict(floor: Floor) -> None:
    post = publishing(await joined(floor, "ada"))
    await floor.send(post)
    edit = EditPost(at=now(), post_id=post.post_id, text="Cake")
    assert isinstance(await floor.try_to(edit, expected_version=2), VersionConflict)
    assert (await floor.send(edit, expected_version=1)).version == 2


async def at_once(*asked: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*asked))


async def test_of_many_likes_of_a_person_at_once_one_counts(floor: Floor) -> None:
    ada, post = await joined(floor, "ada"), publishing(await joined(floor, "grace"))
    await floor.send(post)
    like = Like(at=now(), post_id=post.post_id, person_id=ada)
    came = await at_once(*(floor.try_to(like) for _ in range(10)))
    assert Counter(map(type, came)) == {Receipt: 1, AlreadyLiked: 9}


@pytest.mark.parametrize("holding", ["write.posts", "write.profiles"])
async def test_nobody_who_likes_waits_for_the_post_or_its_author(floor: Floor, holding: str) -> None:
    """Ten people like and comment while somebody else holds the author's row, and a share of the post's."""
    author = await joined(floor, "grace")
    post = publishing(author)
    await floor.send(post)
    crowd = [await joined(floor, "fan") for _ in range(5)]
    lock = {
        "write.posts": ("select from write.posts where post_id = $1 for share", post.post_id),
        "write.profiles": ("select from write.profiles where profile_id = $1 for no key update", author),
    }[holding]
    async with floor.db.acquire() as other, other.transaction():
        await other.execute(*lock)
        async with asyncio.timeout(5):
            likes = (floor.send(Like(at=now(), post_id=post.post_id, person_id=each)) for each in crowd)
            said = (
                floor.send(Comment(at=now(), comment_id=new_id(), post_id=post.post_id, person_id=each, text="!"))
                for each in crowd
            )
            await at_once(*likes, *said)


async def test_a_like_that_waited_for_a_deletion_is_refused(floor: Floor) -> None:
    ada, post = await joined(floor, "ada"), publishing(await joined(floor, "grace"))
    await floor.send(post)
    async with floor.db.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("update write.posts set deleted = true where post_id = $1", post.post_id)
        liking = asyncio.create_task(floor.try_to(Like(at=now(), post_id=post.post_id, person_id=ada)))
        await floor.until_someone_waits()
        await transaction.commit()
    assert type(await liking) is PostNotFound
    assert await floor.db.fetchval("select count(*) from write.likes where post_id = $1", post.post_id) == 0


async def test_crowds_that_follow_each_other_neither_deadlock_nor_lose_count(floor: Floor) -> None:
    people = [await joined(floor, "one") for _ in range(6)]
    pairs = [(one, other) for one in people for other in people if one != other]
    came = await at_once(*(floor.try_to(Follow(at=now(), person_id=a, author_id=b)) for a, b in pairs))
    assert [each for each in came if isinstance(each, Refusal)] == []
    counts = await floor.db.fetch("select following, followers from write.profiles where profile_id = any($1)", people)
    assert [tuple(row) for row in counts] == [(5, 5)] * 6
