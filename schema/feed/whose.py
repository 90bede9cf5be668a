"""Whose profile it is that is meant, and who may see what is one person's alone."""

from uuid import UUID

import strawberry

from app.kernel.messages import Principal
from schema.context import Info
from schema.reading import decode_optional_id
from write_model.feed.commands import profile_of


def whose(info: Info, given: strawberry.ID | None, field: str = "profileId") -> UUID:
    """The profile of this id, or of who asks. Raises MalformedId, naming the argument, and Unauthenticated."""
    return decode_optional_id("profile", given, field) or profile_of(info.context.asker().subject)


def is_theirs(asker: Principal, profile_id: UUID) -> bool:
    """True for an operator, and for whose profile it is."""
    return asker.is_operator or profile_id == profile_of(asker.subject)
