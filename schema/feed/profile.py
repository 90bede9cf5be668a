"""`profile`: for everyone who is signed in."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from app.infra.freshness import ReadModels
from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel import typeid
from app.kernel.errors import InvalidValue
from app.kernel.values import require_storable
from app.plans import shown
from read_model.feed import profile as view
from schema.context import Info
from schema.feed.whose import whose
from schema.reading import MinVersion, Token, WaitMs, listed, not_reached, read
from schema.values import Node, Processing


@strawberry.type(description="A person of the feed.")
class Profile(Node):
    stored: strawberry.Private[Stored[view.Profile]]
    id: strawberry.ID = shown("stored.row.profile_id", by=partial(typeid.encode, "profile"))

    version: int = shown("stored.version", description="Following and being followed count, too.")
    handle: str = shown("stored.row.handle")
    display_name: str = shown("stored.row.display_name")
    bio: str = shown("stored.row.bio")
    created_at: datetime = shown("stored.row.created_at")
    follower_count: int = shown("stored.row.followers")
    following_count: int = shown("stored.row.following")
    post_count: int = shown("stored.row.posts", description="Without those that are deleted.")


ProfileResult = Annotated[Profile | Processing, strawberry.union("ProfileResult")]

People = DataLoader[UUID, Profile | None]
"""Profiles, all of an answer read at once, when they are asked for."""


def people(info: Info, wanted: Wanted) -> People:
    """The profiles as they are now, and at least as fresh as wanted."""
    return DataLoader(partial(_read_people, info.context.reads, wanted))


async def _read_people(reads: ReadModels, wanted: Wanted, ids: list[UUID]) -> Sequence[Profile | None]:
    found = await reads.get_many(view.VIEW, ids, Wanted(None, wanted.position, wanted.wait_s))
    if isinstance(found, Behind):
        raise not_reached(found)
    return [Profile(stored=found[each]) if each in found else None for each in ids]


async def get(
    info: Info,
    id: strawberry.ID | None = None,
    handle: str | None = None,
    min_version: MinVersion = None,
    token: Token = None,
    wait_ms: WaitMs = None,
) -> ProfileResult | None:
    """The profile; None where there is none."""
    info.context.asker()
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    if handle is not None and id is not None:
        raise InvalidValue("Say who with id or with handle, one of them.", field="handle")
    key = await _named(info, handle, token, wait_ms) if handle is not None else whose(info, id, "id")
    found = await read(info, view.VIEW, key, wanted) if key else None
    return Profile(stored=found) if isinstance(found, Stored) else found


async def _named(info: Info, handle: str, token: str | None, wait_ms: int | None) -> UUID | None:
    """Who has the handle, by a view that has come as far as the token. Raises a Refusal."""
    require_storable(handle, "handle")
    named = partial(view.of_handle, info.context.reads, handle)
    return (await listed(info, (view.VIEW,), token, wait_ms, named)).found


@strawberry.type
class ProfileQuery:
    profile: ProfileResult | None = strawberry.field(
        resolver=get,
        description="A person, yourself unless an id or a handle is given; null if there is none.",
    )
