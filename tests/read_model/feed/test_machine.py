"""A machine that does anything anybody may do, checked after each step: rules against sets, views against lists.

The views are given each event as it comes, and some of it again. The log may deliver what was done at one moment in
any order of moments, so clocks go back here. Limits are small, so that authors become popular and timelines overflow.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.kernel.errors import Refusal
from app.kernel.messages import Event, Recorded
from app.kernel.structs import replace
from read_model.feed import comments, entries, home_timeline, notifications, post, profile, trending_hashtags
from tests.read_model.feed.plain import Feed, Said
from tests.read_model.world.delivery import Projection
from write_model.feed import aggregate as rules
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
    like_id,
)

LIMITS = (2, 5, 3)
VIEWS = (profile.VIEW, post.VIEW, comments.VIEW, home_timeline.VIEW, notifications.VIEW, trending_hashtags.VIEW)
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = [UUID(int=n) for n in range(1, 6)]

WHO = st.sampled_from(PEOPLE)
WHICH = st.integers(0, 30)
TEXTS = st.sampled_from(["tea", "#tea", "#Tea and #cake", "#cake", "more #tea"])
MOMENTS = st.integers(0, 400).map(lambda minutes: BEGAN + timedelta(minutes=minutes))


@pytest.fixture(autouse=True, scope="module")
def _small_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in zip(("FAN_OUT_MAX", "KEPT", "RECENT"), LIMITS, strict=True):
            patch.setattr(home_timeline, name, limit)
        yield


class Machine(RuleBasedStateMachine):
    """Five people and what they do to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = Feed(LIMITS)
        self.log: list[Recorded[Any]] = []
        self.shown = [Projection(view) for view in VIEWS]
        self.profiles: dict[UUID, rules.Profile] = {}
        self.posts: dict[UUID, rules.Post] = {}
        self.likes: dict[UUID, rules.Liking] = {}
        self.versions: dict[UUID, int] = {}
        self.number = 1_000

    def happens(self, aggregate_id: UUID, events: Sequence[Event]) -> None:
        for event in events:
            version = self.versions[aggregate_id] = self.versions.get(aggregate_id, 0) + 1
            position = len(self.log) + 1
            self.log.append(Recorded(position, "any", aggregate_id, version, event, {}, BEGAN))
        for view in self.shown:
            view.deliver([each for each in self.log[-3:] if type(each.event) in view.view.handles])

    def fresh(self) -> UUID:
        self.number += 1
        return UUID(int=self.number)

    def of_posts(self, which: int) -> UUID:
        return list(self.posts)[which % len(self.posts)]

    @initialize()
    def people_join(self) -> None:
        for key in PEOPLE:
            command = ChangeProfile(at=BEGAN, profile_id=key, handle=f"h_{key.int}", display_name=str(key.int))
            self.profile_changes(key, rules.change_profile(None, command))
            self.plain.people[key] = (str(key.int), BEGAN)

    def profile_changes(self, key: UUID, events: Sequence[Any]) -> None:
        for event in events:
            self.profiles[key] = rules.evolve_profile(self.profiles.get(key), event)
        self.happens(key, events)

    @rule(who=WHO, text=TEXTS, at=MOMENTS)
    def publish(self, who: UUID, text: str, at: datetime) -> None:
        command = PublishPost(at=at, post_id=self.fresh(), author_id=who, text=text)
        self.post_changes(command)
        self.plain.publish(command.post_id, Said(who, text, rules.hashtags(text), at))

    def post_changes(self, command: Any) -> None:
        events = rules.decide_post(self.posts.get(command.post_id), command)
        for event in events:
            self.posts[command.post_id] = rules.evolve_post(self.posts.get(command.post_id), event)
        self.happens(command.post_id, events)

    @precondition(lambda self: self.posts)
    @rule(which=WHICH, text=TEXTS, at=MOMENTS)
    def edit(self, which: int, text: str, at: datetime) -> None:
        key = self.of_posts(which)
        said = self.plain.posts[key]
        may = not said.deleted and said.text != text
        if self.accepted(may, lambda: self.post_changes(EditPost(at=at, post_id=key, text=text))):
            said.text, said.tags, said.edited_at = text, rules.hashtags(text), at

    @precondition(lambda self: self.posts)
    @rule(which=WHICH)
    def delete(self, which: int) -> None:
        key = self.of_posts(which)
        may = not self.plain.posts[key].deleted
        if self.accepted(may, lambda: self.post_changes(DeletePost(at=BEGAN, post_id=key))):
            self.plain.delete(key)

    @precondition(lambda self: self.posts)
    @rule(which=WHICH, who=WHO, at=MOMENTS, on=st.booleans())
    def like(self, which: int, who: UUID, at: datetime, on: bool) -> None:
        key = self.of_posts(which)
        said, like = self.plain.posts[key], like_id(key, who)

        def change() -> None:
            command = (Like if on else Unlike)(at=at, post_id=key, person_id=who)
            events = rules.decide_like(self.likes.get(like), self.posts[key], command)
            for event in events:
                self.likes[like] = rules.evolve_like(self.likes.get(like), event)
            self.happens(like, events)

        if self.accepted(not said.deleted and (who in said.likers) != on, change):
            if on:
                self.plain.like(key, who, at)
            else:
                self.plain.unlike(key, who)

    @precondition(lambda self: self.posts)
    @rule(which=WHICH, who=WHO, at=MOMENTS)
    def comment(self, which: int, who: UUID, at: datetime) -> None:
        key, id_ = self.of_posts(which), self.fresh()
        command = Comment(at=at, comment_id=id_, post_id=key, person_id=who, text="yes")
        may = not self.plain.posts[key].deleted
        if self.accepted(may, lambda: self.happens(id_, [rules.comment(self.posts[key], command)])):
            self.plain.comment(key, (id_, who, "yes", at))

    @rule(who=WHO, whom=WHO, at=MOMENTS, on=st.booleans())
    def follow(self, who: UUID, whom: UUID, at: datetime, on: bool) -> None:
        self.to_follow(who, whom, at, on=on)

    def to_follow(self, who: UUID, whom: UUID, at: datetime, *, on: bool) -> None:
        following = (who, whom) in self.plain.follows

        def change() -> None:
            command = (Follow if on else Unfollow)(at=at, person_id=who, author_id=whom)
            theirs, authors = rules.follow(self.profiles[who], self.profiles[whom], following, command)
            self.profile_changes(who, theirs)
            self.profile_changes(whom, authors)

        if self.accepted(who != whom and following != on, change):
            if on:
                self.plain.follow(who, whom, at)
            else:
                self.plain.unfollow(who, whom)

    @rule(who=WHO)
    def everyone_follows(self, who: UUID) -> None:
        """So that authors become popular oftener than by chance."""
        for each in PEOPLE:
            if each != who and (each, who) not in self.plain.follows:
                self.to_follow(each, who, BEGAN, on=True)

    def accepted(self, may: bool, change: Any) -> bool:
        """Whether the rules accept what the sets say that they must."""
        try:
            change()
        except Refusal:
            assert not may
            return False
        assert may
        return True

    @invariant()
    def every_view_shows_what_was_done(self) -> None:
        expected = self.plain.expected()
        for projection in self.shown:
            rows = {key: stored.row for key, stored in projection.rows.items()}
            name = projection.view.name
            assert self.comparable(name, rows) == expected[name], name
            if name == "trending_hashtags":
                assert projection.rankings == {
                    (f"posts:{key.partition('|')[0]}", key.partition("|")[2]): posts
                    for key, posts in expected[name].items()
                }

    def comparable(self, name: str, rows: dict[Any, Any]) -> dict[Any, Any]:
        """A rollup keeps what sums to nothing; who follows a popular author is looked at by itself."""
        if name == "trending_hashtags":
            return {key: row.posts for key, row in rows.items() if row.posts}
        if name == "home_timeline":
            popular = {row.key: set(entries.ids(row.popular)) for row in rows.values() if row.popular}
            wanted: dict[str, set[UUID]] = {}
            for person, author in self.plain.follows:
                if author in self.plain.popular:
                    wanted.setdefault(home_timeline.reader_key(person), set()).add(author)
            assert popular == wanted
            return {key: replace(row, popular=b"") for key, row in rows.items()}
        return rows


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_anything_that_anybody_does = Machine.TestCase
