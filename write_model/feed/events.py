"""What happened in the feed."""

from datetime import datetime
from uuid import UUID

from app.kernel.messages import Event, Upcasters


class ProfileCreated(Event, frozen=True, kw_only=True):
    """Somebody said who they are."""

    profile_id: UUID
    handle: str
    display_name: str
    bio: str
    created_at: datetime


class ProfileChanged(Event, frozen=True, kw_only=True):
    """Somebody said it differently: all of it, as it is now."""

    profile_id: UUID
    handle: str
    display_name: str
    bio: str
    changed_at: datetime


class AuthorFollowed(Event, frozen=True, kw_only=True):
    """A person follows an author: the person's side of it."""

    person_id: UUID
    author_id: UUID
    followed_at: datetime


class AuthorUnfollowed(Event, frozen=True, kw_only=True):
    """A person follows an author no longer: the person's side of it."""

    person_id: UUID
    author_id: UUID
    unfollowed_at: datetime


class FollowerGained(Event, frozen=True, kw_only=True):
    """A person follows an author: the author's side. `follow_id` is of the two, however often they part."""

    author_id: UUID
    person_id: UUID
    follow_id: UUID
    gained_at: datetime


class FollowerLost(Event, frozen=True, kw_only=True):
    """A person follows an author no longer: the author's side."""

    author_id: UUID
    person_id: UUID
    follow_id: UUID
    lost_at: datetime


ProfileEvent = ProfileCreated | ProfileChanged | AuthorFollowed | AuthorUnfollowed | FollowerGained | FollowerLost


class PostPublished(Event, frozen=True, kw_only=True):
    """An author told everyone something. Hashtags are in lower case, each once, in the order of the text."""

    post_id: UUID
    author_id: UUID
    text: str
    hashtags: tuple[str, ...]
    published_at: datetime


class PostEdited(Event, frozen=True, kw_only=True):
    """The author said it better."""

    post_id: UUID
    author_id: UUID
    text: str
    hashtags: tuple[str, ...]
    edited_at: datetime


class PostDeleted(Event, frozen=True, kw_only=True):
    """The author took it back; nothing happens to a post after that."""

    post_id: UUID
    author_id: UUID
    deleted_at: datetime


PostEvent = PostPublished | PostEdited | PostDeleted


class PostLiked(Event, frozen=True, kw_only=True):
    """A person likes an author's post."""

    like_id: UUID
    post_id: UUID
    author_id: UUID
    person_id: UUID
    liked_at: datetime


class PostUnliked(Event, frozen=True, kw_only=True):
    """A person likes a post no longer."""

    like_id: UUID
    post_id: UUID
    author_id: UUID
    person_id: UUID
    unliked_at: datetime


LikeEvent = PostLiked | PostUnliked


class PostCommented(Event, frozen=True, kw_only=True):
    """A person said something beneath an author's post."""

    comment_id: UUID
    post_id: UUID
    author_id: UUID
    person_id: UUID
    text: str
    commented_at: datetime


FeedEvent = ProfileEvent | PostEvent | LikeEvent | PostCommented

UPCASTERS: Upcasters = {}
