"""Profiles, posts and likes: pure rules over their states.

A like is an aggregate of its own, and so is a comment: a post that everybody likes is one that nobody waits for. To
follow is decided on two profiles, since neither side may count the other without being counted.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, assert_never
from uuid import UUID

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
    follow_id,
)
from write_model.feed.errors import (
    AlreadyFollowing,
    AlreadyLiked,
    CannotFollowYourself,
    NotFollowing,
    NotLiked,
    PostAlreadyPublished,
    PostNotFound,
    PostUnchanged,
    ProfileNotFound,
    ProfileUnchanged,
    TooManyFollowed,
)
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
    PostLiked,
    PostPublished,
    PostUnliked,
    ProfileChanged,
    ProfileCreated,
    ProfileEvent,
)

FOLLOWED_AT_MOST: Final = 5_000
"""Authors that one person can follow."""

_HASHTAG = re.compile(r"(?<!\w)#(\w{1,50})(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the rules need to know of a person; `following` and `followers` are how many."""

    profile_id: UUID
    handle: str
    display_name: str
    bio: str
    following: int = 0
    followers: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What the rules need to know of a post."""

    post_id: UUID
    author_id: UUID
    text: str
    deleted: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Liking:
    """What the rules need to know of a person's like of a post."""

    liked: bool
    version: int


def hashtags(text: str) -> tuple[str, ...]:
    """The words behind a #, of letters, digits and _, in lower case, each once."""
    return tuple(dict.fromkeys(tag.lower() for tag in _HASHTAG.findall(text)))


def change_profile(profile: Profile | None, command: ChangeProfile) -> list[ProfileEvent]:
    """Makes the profile, or changes it. Raises ProfileUnchanged."""
    facts = {"handle": command.handle, "display_name": command.display_name, "bio": command.bio}
    if profile is None:
        return [ProfileCreated(profile_id=command.profile_id, created_at=command.at, **facts)]
    if all(getattr(profile, name) == said for name, said in facts.items()):
        raise ProfileUnchanged
    return [ProfileChanged(profile_id=command.profile_id, changed_at=command.at, **facts)]


def follow(
    person: Profile | None, author: Profile | None, following: bool, command: Follow | Unfollow
) -> tuple[list[ProfileEvent], list[ProfileEvent]]:
    """What happens to the person, and what to the author. Raises a Refusal."""
    person = _able_to_follow(person, author, command)
    both = {"person_id": command.person_id, "author_id": command.author_id}
    theirs = both | {"follow_id": follow_id(command.author_id, command.person_id)}
    match command:
        case Follow():
            if following:
                raise AlreadyFollowing(command.author_id)
            if person.following >= FOLLOWED_AT_MOST:
                raise TooManyFollowed(FOLLOWED_AT_MOST)
            return [AuthorFollowed(**both, followed_at=command.at)], [FollowerGained(**theirs, gained_at=command.at)]
        case Unfollow():
            if not following:
                raise NotFollowing(command.author_id)
            return [AuthorUnfollowed(**both, unfollowed_at=command.at)], [FollowerLost(**theirs, lost_at=command.at)]
        case _:
            assert_never(command)


def _able_to_follow(person: Profile | None, author: Profile | None, command: Follow | Unfollow) -> Profile:
    """The person, if the two are two, and there are both."""
    if command.person_id == command.author_id:
        raise CannotFollowYourself
    if person is None:
        raise ProfileNotFound(command.person_id, "profileId")
    if author is None:
        raise ProfileNotFound(command.author_id, "authorId")
    return person


def evolve_profile(profile: Profile | None, event: ProfileEvent) -> Profile:
    """The profile after the event."""
    if isinstance(event, ProfileCreated):
        return Profile(
            profile_id=event.profile_id,
            handle=event.handle,
            display_name=event.display_name,
            bio=event.bio,
            version=1,
        )
    assert profile is not None
    profile = replace(profile, version=profile.version + 1)
    match event:
        case ProfileChanged():
            return replace(profile, handle=event.handle, display_name=event.display_name, bio=event.bio)
        case AuthorFollowed():
            return replace(profile, following=profile.following + 1)
        case AuthorUnfollowed():
            return replace(profile, following=profile.following - 1)
        case FollowerGained():
            return replace(profile, followers=profile.followers + 1)
        case FollowerLost():
            return replace(profile, followers=profile.followers - 1)
        case _:
            assert_never(event)


def decide_post(post: Post | None, command: PublishPost | EditPost | DeletePost) -> list[PostEvent]:
    """The events that a command to a post leads to. Raises a Refusal."""
    if isinstance(command, PublishPost):
        return [_published(post, command)]
    if post is None or post.deleted:
        raise PostNotFound(command.post_id)
    facts = {"post_id": post.post_id, "author_id": post.author_id}
    match command:
        case EditPost():
            if command.text == post.text:
                raise PostUnchanged
            return [PostEdited(**facts, text=command.text, hashtags=hashtags(command.text), edited_at=command.at)]
        case DeletePost():
            return [PostDeleted(**facts, deleted_at=command.at)]
        case _:
            assert_never(command)


def _published(post: Post | None, command: PublishPost) -> PostPublished:
    if post is not None:
        raise PostAlreadyPublished(command.post_id)
    return PostPublished(
        post_id=command.post_id,
        author_id=command.author_id,
        text=command.text,
        hashtags=hashtags(command.text),
        published_at=command.at,
    )


def evolve_post(post: Post | None, event: PostEvent) -> Post:
    """The post after the event."""
    match event:
        case PostPublished():
            return Post(post_id=event.post_id, author_id=event.author_id, text=event.text, version=1)
        case PostEdited():
            assert post is not None
            return replace(post, text=event.text, version=post.version + 1)
        case PostDeleted():
            assert post is not None
            return replace(post, deleted=True, version=post.version + 1)
        case _:
            assert_never(event)


def decide_like(liking: Liking | None, post: Post | None, command: Like | Unlike) -> list[LikeEvent]:
    """The events that liking leads to. Raises AlreadyLiked, NotLiked or PostNotFound.

    Liking twice is refused rather than accepted: an accepted command is an event, and there is none. Nothing is lost
    with it, as whoever repeats a command after a lost connection does so under its id, and gets the first receipt.
    """
    post = _standing(post, command.post_id)
    facts = {"like_id": command.aggregate_id, "post_id": post.post_id, "person_id": command.person_id}
    match command:
        case Like():
            if liking is not None and liking.liked:
                raise AlreadyLiked(post.post_id)
            return [PostLiked(**facts, author_id=post.author_id, liked_at=command.at)]
        case Unlike():
            if liking is None or not liking.liked:
                raise NotLiked(post.post_id)
            return [PostUnliked(**facts, author_id=post.author_id, unliked_at=command.at)]
        case _:
            assert_never(command)


def evolve_like(liking: Liking | None, event: LikeEvent) -> Liking:
    """The like after the event."""
    return Liking(liked=isinstance(event, PostLiked), version=liking.version + 1 if liking else 1)


def comment(post: Post | None, command: Comment) -> PostCommented:
    """What a comment is. Raises PostNotFound."""
    post = _standing(post, command.post_id)
    return PostCommented(
        comment_id=command.comment_id,
        post_id=post.post_id,
        author_id=post.author_id,
        person_id=command.person_id,
        text=command.text,
        commented_at=command.at,
    )


def _standing(post: Post | None, post_id: UUID) -> Post:
    """The post, if there is one and it is not deleted."""
    if post is None or post.deleted:
        raise PostNotFound(post_id)
    return post
