"""The feed as anybody would write it down: lists and sets, brought on by what was done, without an event or a fold."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from read_model.feed import entries
from read_model.feed.comments import Comment
from read_model.feed.home_timeline import Timeline, author_key, reader_key
from read_model.feed.notifications import Notification, NotificationKind
from read_model.feed.post import FirstComment, Post
from read_model.feed.profile import Profile
from write_model.feed.commands import follow_id, like_id

Listed = tuple[datetime, UUID, UUID]
"""When, which post, whose."""


@dataclass
class Said:
    """A post as it stands."""

    author: UUID
    text: str
    tags: tuple[str, ...]
    at: datetime
    edited_at: datetime | None = None
    deleted: bool = False
    likers: set[UUID] = field(default_factory=set)
    comments: list[tuple[UUID, UUID, str, datetime]] = field(default_factory=list)


@dataclass
class Feed:
    """Everything that is known; `limits` are the most followers who are written to, posts kept, posts shown at once."""

    limits: tuple[int, int, int]
    people: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    posts: dict[UUID, Said] = field(default_factory=dict)
    follows: set[tuple[UUID, UUID]] = field(default_factory=set)
    popular: set[UUID] = field(default_factory=set)
    lists: dict[UUID, list[Listed]] = field(default_factory=dict)
    recent: dict[UUID, list[Listed]] = field(default_factory=dict)
    told: dict[UUID, Notification] = field(default_factory=dict)

    def followers(self, author: UUID) -> list[UUID]:
        return [person for person, whom in self.follows if whom == author]

    def publish(self, post_id: UUID, said: Said) -> None:
        _, kept, shown = self.limits
        self.posts[post_id] = said
        listed = (said.at, post_id, said.author)
        self.recent[said.author] = sorted([*self.recent.get(said.author, []), listed], reverse=True)[:shown]
        for reader in self.followers(said.author) if said.author not in self.popular else ():
            self.lists[reader] = sorted([*self.lists[reader], listed], reverse=True)[:kept]

    def delete(self, post_id: UUID) -> None:
        said = self.posts[post_id]
        said.deleted, said.text, said.tags = True, "", ()
        for lists in (self.lists, self.recent):
            for key, listed in lists.items():
                lists[key] = [each for each in listed if each[1] != post_id]

    def follow(self, person: UUID, author: UUID, at: datetime) -> None:
        most, kept, _ = self.limits
        self.follows.add((person, author))
        self.lists.setdefault(person, [])
        if author not in self.popular and len(self.followers(author)) > most:
            self.popular.add(author)
            for reader in self.followers(author):
                self.lists[reader] = [each for each in self.lists[reader] if each[2] != author]
        if author not in self.popular:
            merged = {*self.lists[person], *self.recent.get(author, [])}
            self.lists[person] = sorted(merged, reverse=True)[:kept]
        self._tell(follow_id(author, person), author, NotificationKind.FOLLOWED, person, at)

    def unfollow(self, person: UUID, author: UUID) -> None:
        self.follows.discard((person, author))
        self.lists[person] = [each for each in self.lists[person] if each[2] != author]
        self._withdraw(follow_id(author, person))

    def like(self, post_id: UUID, person: UUID, at: datetime) -> None:
        self.posts[post_id].likers.add(person)
        author = self.posts[post_id].author
        if person != author:
            self._tell(like_id(post_id, person), author, NotificationKind.LIKED, person, at, post_id)

    def unlike(self, post_id: UUID, person: UUID) -> None:
        self.posts[post_id].likers.discard(person)
        self._withdraw(like_id(post_id, person))

    def comment(self, post_id: UUID, comment: tuple[UUID, UUID, str, datetime]) -> None:
        said, (id_, person, text, at) = self.posts[post_id], comment
        said.comments.append(comment)
        if person != said.author:
            self._tell(id_, said.author, NotificationKind.COMMENTED, person, at, post_id, text)

    def _tell(
        self,
        entry: UUID,
        owner: UUID,
        kind: NotificationKind,
        person: UUID,
        at: datetime,
        post_id: UUID | None = None,
        text: str | None = None,
    ) -> None:
        self.told[entry] = Notification(
            entry=entry, owner_id=owner, kind=kind, person_id=person, at=at, post_id=post_id, text=text
        )

    def _withdraw(self, entry: UUID) -> None:
        if told := self.told.get(entry):
            said = {name: getattr(told, name) for name in ("entry", "owner_id", "kind", "person_id", "at")}
            self.told[entry] = Notification(**said, post_id=told.post_id, text=told.text, withdrawn=True)

    def expected(self) -> dict[str, dict[Any, Any]]:
        """The rows of every view."""
        return {
            "profile": {key: self._profile(key) for key in self.people},
            "post": {key: self._post(key) for key in self.posts},
            "comments": dict(self._comments()),
            "home_timeline": {row.key: row for row in [*self._timelines(), *self._popular()]},
            "notifications": self.told,
            "trending_hashtags": self._trending(),
        }

    def _profile(self, key: UUID) -> Profile:
        name, at = self.people[key]
        return Profile(
            profile_id=key,
            handle=f"h_{name}",
            display_name=name,
            bio="",
            created_at=at,
            following=sum(person == key for person, _ in self.follows),
            followers=len(self.followers(key)),
            posts=sum(said.author == key and not said.deleted for said in self.posts.values()),
        )

    def _post(self, key: UUID) -> Post:
        said = self.posts[key]
        first = () if said.deleted else said.comments[:3]
        return Post(
            post_id=key,
            author_id=said.author,
            text=said.text,
            hashtags=said.tags,
            published_at=said.at,
            edited_at=said.edited_at,
            deleted=said.deleted,
            likes=len(said.likers),
            comments=len(said.comments),
            first_comments=tuple(
                FirstComment(comment_id=id_, person_id=person, text=text, commented_at=at)
                for id_, person, text, at in first
            ),
        )

    def _comments(self) -> Iterator[tuple[UUID, Comment]]:
        for key, said in self.posts.items():
            for id_, person, text, at in said.comments:
                yield id_, Comment(comment_id=id_, post_id=key, person_id=person, text=text, commented_at=at)

    def _timelines(self) -> list[Timeline]:
        return [Timeline(key=reader_key(key), newest=_packed(listed)) for key, listed in self.lists.items()]

    def _popular(self) -> list[Timeline]:
        return [Timeline(key=author_key(key), newest=_packed(self.recent.get(key, []))) for key in self.popular]

    def _trending(self) -> dict[str, int]:
        counts = Counter(f"{said.at:%Y-%m-%dT%H}|{tag}" for said in self.posts.values() for tag in said.tags)
        return dict(counts)


def _packed(listed: list[Listed]) -> bytes:
    return b"".join(entries.packed(*each) for each in listed)
