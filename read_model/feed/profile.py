"""A person as others see them, with how many they follow, are followed by, and have posted."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from write_model.feed.events import (
    AuthorFollowed,
    AuthorUnfollowed,
    FollowerGained,
    FollowerLost,
    PostDeleted,
    PostPublished,
    ProfileChanged,
    ProfileCreated,
    ProfileEvent,
)


class Profile(Struct, frozen=True, kw_only=True):
    """One profile; `posts` counts those that are not deleted."""

    profile_id: UUID
    handle: str
    display_name: str
    bio: str
    created_at: datetime
    following: int = 0
    followers: int = 0
    posts: int = 0


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """Whose event it is, or who posted."""
    event = recorded.event
    return (event.author_id if isinstance(event, PostPublished | PostDeleted) else recorded.aggregate_id,)


def evolve(profile: Profile | None, recorded: Recorded[Any], _: UUID) -> Profile:
    """The profile after the event."""
    event: ProfileEvent | PostPublished | PostDeleted = recorded.event
    if isinstance(event, ProfileCreated):
        return Profile(
            profile_id=event.profile_id,
            handle=event.handle,
            display_name=event.display_name,
            bio=event.bio,
            created_at=event.created_at,
        )
    assert profile is not None, "nobody acts before they have a profile"
    return _changed(profile, event)


def _changed(
    profile: Profile,
    event: ProfileChanged
    | AuthorFollowed
    | AuthorUnfollowed
    | FollowerGained
    | FollowerLost
    | PostPublished
    | PostDeleted,
) -> Profile:
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
        case PostPublished():
            return replace(profile, posts=profile.posts + 1)
        case PostDeleted():
            return replace(profile, posts=profile.posts - 1)
        case _:
            assert_never(event)


VIEW: Final = View(
    name="profile",
    row=Profile,
    handles=(*get_args(ProfileEvent), PostPublished, PostDeleted),
    keys=keys,
    evolve=evolve,
    documents=True,
    indexes=("handle",),
)


async def of_handle(reads: ReadModels, handle: str) -> UUID | None:
    """Whose handle it is: the last to have taken it, should the view lack that somebody has given it up."""
    table = reads.table(VIEW)
    taken = f"select profile_id from {table.table} where handle = $1 order by position desc limit 1"
    rows = await reads.fetch(taken, handle)
    return rows[0]["profile_id"] if rows else None
