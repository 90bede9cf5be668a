"""What people ask of the feed. A person is a profile, and a profile belongs to the subject that asks.

`person_id` is who acts: operators name anyone, all others themselves alone.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID, uuid5

from app.kernel.errors import InvalidValue
from app.kernel.messages import Command, generated_id
from app.kernel.values import require_text

LONGEST_TEXT: Final = 500
"""Characters of a post or a comment."""

_LONGEST_BIO = 300
_LONGEST_NAME = 80
_HANDLE = re.compile(r"[a-z0-9_]{3,30}")
_PROFILES = UUID("0c7c8a52-98a5-4a0e-8d0c-2f1f0f0f7b11")


def profile_of(subject: str) -> UUID:
    """The profile of whom tokens call by this subject: the same in every installation, and one for each."""
    return uuid5(_PROFILES, subject)


def like_id(post_id: UUID, person_id: UUID) -> UUID:
    """What stands for a person's liking of a post. It is an aggregate, so likes of one post wait for nobody."""
    return uuid5(post_id, f"like/{person_id}")


def follow_id(author_id: UUID, person_id: UUID) -> UUID:
    """What stands for a person's following an author."""
    return uuid5(author_id, f"follow/{person_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProfile(Command):
    """Say who one is; the first time makes the profile."""

    target: ClassVar[str] = "profile_id"
    profile_id: UUID
    handle: str
    display_name: str
    bio: str = ""

    def __post_init__(self) -> None:
        if not _HANDLE.fullmatch(self.handle):
            raise InvalidValue("handle must be 3 to 30 of the characters a to z, 0 to 9 and _.", field="handle")
        require_text(self.display_name, "displayName", at_most=_LONGEST_NAME)
        if self.bio:
            require_text(self.bio, "bio", at_most=_LONGEST_BIO)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishPost(Command):
    """Tell everyone something. What follows a # is a hashtag."""

    target: ClassVar[str] = "post_id"
    post_id: UUID = generated_id()
    author_id: UUID
    text: str

    def __post_init__(self) -> None:
        require_text(self.text, "text", at_most=LONGEST_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPost(Command):
    """Say it better."""

    target: ClassVar[str] = "post_id"
    post_id: UUID
    text: str

    def __post_init__(self) -> None:
        require_text(self.text, "text", at_most=LONGEST_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePost(Command):
    """Take a post back, with all that is said about it."""

    target: ClassVar[str] = "post_id"
    post_id: UUID


class _OfLike:
    """What commands to a person's like of a post have in common."""

    __slots__ = ()
    target: ClassVar[str] = "like_id"
    post_id: UUID
    person_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The like."""
        return like_id(self.post_id, self.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Like(_OfLike, Command):
    """Like a post, once."""

    post_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike(_OfLike, Command):
    """Like a post no longer."""

    post_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Command):
    """Say something beneath a post."""

    target: ClassVar[str] = "comment_id"
    comment_id: UUID = generated_id()
    post_id: UUID
    person_id: UUID
    text: str

    def __post_init__(self) -> None:
        require_text(self.text, "text", at_most=LONGEST_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Command):
    """See from now on what an author posts."""

    target: ClassVar[str] = "person_id"
    also_on: ClassVar[tuple[str, ...]] = ("author_id",)
    person_id: UUID
    author_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollow(Command):
    """See it no longer."""

    target: ClassVar[str] = "person_id"
    also_on: ClassVar[tuple[str, ...]] = ("author_id",)
    person_id: UUID
    author_id: UUID
