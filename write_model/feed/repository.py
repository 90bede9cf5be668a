"""Profiles, posts, likes and comments in their normalized tables."""

from collections.abc import Mapping, Sequence
from typing import assert_never
from uuid import UUID

from app.infra.unit_of_work import Work
from write_model.feed.aggregate import Liking, Post, Profile, evolve_like, evolve_post, evolve_profile
from write_model.feed.commands import follow_id
from write_model.feed.errors import HandleTaken
from write_model.feed.events import (
    AuthorFollowed,
    AuthorUnfollowed,
    FollowerGained,
    FollowerLost,
    LikeEvent,
    PostCommented,
    PostDeleted,
    PostEdited,
    PostEvent,
    PostPublished,
    ProfileChanged,
    ProfileCreated,
    ProfileEvent,
)

_LOCK_PROFILES = """
select profile_id from write.profiles where profile_id = any($1::uuid[])
order by profile_id for no key update {waiting}
"""
_PROFILES = """
select profile_id, handle, display_name, bio, following, followers, version
from write.profiles where profile_id = any($1::uuid[])
"""
_CREATE = """
insert into write.profiles (profile_id, handle, display_name, bio, following, followers, version)
values ($1, $2, $3, $4, 0, 0, 1)
"""
_CHANGE = "update write.profiles set handle = $2, display_name = $3, bio = $4, version = $5 where profile_id = $1"
_COUNT = "update write.profiles set following = $2, followers = $3, version = $4 where profile_id = $1"
_FOLLOW = "insert into write.follows (follow_id, person_id, author_id, followed_at) values ($1, $2, $3, $4)"
_UNFOLLOW = "delete from write.follows where follow_id = $1"
_FOLLOWS = "select follow_id from write.follows where follow_id = any($1::uuid[])"

_LOCK_POSTS = """
select post_id from write.posts where post_id = any($1::uuid[]) order by post_id for no key update {waiting}
"""
_POSTS = "select post_id, author_id, text, deleted, version from write.posts where post_id = any($1::uuid[])"
_PUBLISH = """
insert into write.posts (post_id, author_id, text, published_at, deleted, version) values ($1, $2, $3, $4, false, 1)
"""
_EDIT = "update write.posts set text = $2, edited_at = $3, version = $4 where post_id = $1"
_DELETE = "update write.posts set deleted = true, version = $2 where post_id = $1"
_STANDING = "select from write.posts where post_id = $1 and not deleted for share"

_LOCK_LIKES = """
select like_id from write.likes where like_id = any($1::uuid[]) order by like_id for no key update {waiting}
"""
_LIKES = "select like_id, liked, version from write.likes where like_id = any($1::uuid[])"
_LIKE = """
insert into write.likes (like_id, post_id, person_id, liked, version) values ($1, $2, $3, $4, $5)
on conflict (like_id) do update set liked = excluded.liked, version = excluded.version
"""
_COMMENT = """
insert into write.comments (comment_id, post_id, person_id, text, commented_at) values ($1, $2, $3, $4, $5)
"""


class Profiles:
    """Loads and saves profiles within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def load(self, profile_id: UUID) -> Profile | None:
        """The profile, at the version that the client expects."""
        profile = (await self.load_all([profile_id])).get(profile_id)
        self._work.expect(profile_id, profile.version if profile else 0)
        return profile

    async def load_all(self, ids: Sequence[UUID]) -> Mapping[UUID, Profile]:
        """Those of these profiles that there are, to be changed."""
        await self._work.lock(_LOCK_PROFILES, ids)
        return await self.find(ids)

    async def find(self, ids: Sequence[UUID]) -> Mapping[UUID, Profile]:
        """The same, to be looked at only."""
        return {key: Profile(**dict(row)) for key, row in (await self._work.rows(_PROFILES, ids)).items()}

    async def follows(self, person_id: UUID, author_id: UUID) -> bool:
        """Whether the person follows the author."""
        return await self._work.row(_FOLLOWS, follow_id(author_id, person_id)) is not None

    def save(self, profile_id: UUID, profile: Profile | None, events: Sequence[ProfileEvent]) -> None:
        """Queues what the events say for the tables, and hands them to the log."""
        version = profile.version if profile else 0
        for event in events:
            profile = evolve_profile(profile, event)
            self._write(profile, event)
        self._work.record("profile", profile_id, version, events)

    def _write(self, profile: Profile, event: ProfileEvent) -> None:
        match event:
            case ProfileCreated():
                self._work.write(_CREATE, profile.profile_id, profile.handle, profile.display_name, profile.bio)
                self._work.refuse_if_taken("profiles_handle_key", HandleTaken(event.handle))
            case ProfileChanged():
                said = (profile.handle, profile.display_name, profile.bio)
                self._work.write(_CHANGE, profile.profile_id, *said, profile.version)
                self._work.refuse_if_taken("profiles_handle_key", HandleTaken(event.handle))
            case AuthorFollowed() | AuthorUnfollowed():
                self._count(profile)
                self._connect(event)
            case FollowerGained() | FollowerLost():
                self._count(profile)
            case _:
                assert_never(event)

    def _count(self, profile: Profile) -> None:
        self._work.write(_COUNT, profile.profile_id, profile.following, profile.followers, profile.version)

    def _connect(self, event: AuthorFollowed | AuthorUnfollowed) -> None:
        follow = follow_id(event.author_id, event.person_id)
        match event:
            case AuthorFollowed():
                self._work.write(_FOLLOW, follow, event.person_id, event.author_id, event.followed_at)
            case AuthorUnfollowed():
                self._work.write(_UNFOLLOW, follow)
            case _:
                assert_never(event)


class Posts:
    """Loads and saves posts within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def fresh(self, post_id: UUID) -> Post | None:
        """None, as for an id that was just made; if the tables knew better when it was written, the post."""
        return await self.load(post_id) if self._work.locking else None

    async def load(self, post_id: UUID) -> Post | None:
        """The post, to be changed; also one that is deleted, whose version is nobody's to expect."""
        await self._work.lock(_LOCK_POSTS, [post_id])
        return await self.find(post_id)

    async def find(self, post_id: UUID) -> Post | None:
        """The post, to be looked at only."""
        row = await self._work.row(_POSTS, post_id)
        return Post(**dict(row)) if row else None

    async def standing(self, post_id: UUID) -> Post | None:
        """The post, which must be there when it is written that somebody says something about it.

        Whoever likes it holds nobody up who does, too; only that it is edited or deleted has to wait, or is waited for.
        """
        post = await self.find(post_id)
        self._work.assume(_STANDING, post_id, rows=1)
        return post

    def expect(self, post: Post) -> None:
        """Raises VersionConflict when the client expected another version."""
        self._work.expect(post.post_id, post.version)

    def save(self, post_id: UUID, post: Post | None, events: Sequence[PostEvent]) -> None:
        """Queues what the events say for the table, and hands them to the log."""
        version = post.version if post else 0
        for event in events:
            post = evolve_post(post, event)
            self._write(post, event)
        self._work.record("post", post_id, version, events)

    def _write(self, post: Post, event: PostEvent) -> None:
        match event:
            case PostPublished():
                self._work.write(_PUBLISH, post.post_id, post.author_id, post.text, event.published_at)
            case PostEdited():
                self._work.write(_EDIT, post.post_id, post.text, event.edited_at, post.version)
            case PostDeleted():
                self._work.write(_DELETE, post.post_id, post.version)
            case _:
                assert_never(event)


class Likes:
    """Loads and saves who likes what within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def load(self, like: UUID) -> Liking | None:
        """The like; None where nobody ever liked."""
        await self._work.lock(_LOCK_LIKES, [like])
        row = await self._work.row(_LIKES, like)
        return Liking(liked=row["liked"], version=row["version"]) if row else None

    def save(self, liking: Liking | None, event: LikeEvent) -> None:
        """Queues the row, and hands the event to the log."""
        after = evolve_like(liking, event)
        self._work.write(_LIKE, event.like_id, event.post_id, event.person_id, after.liked, after.version)
        self._work.record("like", event.like_id, after.version - 1, [event])


def save_comment(work: Work, event: PostCommented) -> None:
    """Queues the comment's row, and hands the event to the log."""
    work.write(_COMMENT, event.comment_id, event.post_id, event.person_id, event.text, event.commented_at)
    work.record("comment", event.comment_id, 0, [event])
