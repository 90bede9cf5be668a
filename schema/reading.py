"""The arguments that every read takes, and reading one row by its TypeID."""

from collections.abc import Collection
from dataclasses import replace
from time import monotonic
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry

from app.infra.freshness import Behind, Found, Freshness, Wanted
from app.infra.tables import Stored
from app.kernel import typeid
from app.kernel.errors import MalformedId, Refusal
from app.kernel.view import Key, View
from schema.context import Info
from schema.values import Processing

Row = TypeVar("Row")

MinVersion = Annotated[
    int | None, strawberry.argument(description="Answer Processing rather than anything older than this version.")
]
Token = Annotated[
    str | None,
    strawberry.argument(
        description="Answer nothing older than this token's write. The header Consistency-Token holds otherwise."
    ),
]
WaitMs = Annotated[
    int | None, strawberry.argument(description="How long to wait for that, in milliseconds; 2,000 unless given.")
]


class StillProcessing(Refusal):
    """A read has not reached the token that it was asked for; nothing older is shown instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="token")


def not_reached(behind: Behind) -> StillProcessing:
    """The refusal of a list that stays behind."""
    reached, wanted = behind.freshness.position, behind.wanted.position
    return StillProcessing(
        f"The list has reached position {reached} of the wanted {wanted}. Ask again, or wait longer with waitMs."
    )


async def reached(info: Info, view: View[Any], token: str | None, wait_ms: int | None = None) -> Freshness:
    """How far the view is, once it is far enough for a list. Raises StillProcessing where it does not get there."""
    return await all_reached(info, (view,), token, wait_ms)


async def all_reached(
    info: Info, views: Collection[View[Any]], token: str | None, wait_ms: int | None = None
) -> Freshness:
    """How far the hindmost of several views is, once all are far enough; `wait_ms` is for all of them together."""
    wanted = info.context.wanted(token=token, wait_ms=wait_ms)
    deadline = monotonic() + wanted.wait_s
    found = []
    for view in views:
        left = replace(wanted, wait_s=max(0.0, deadline - monotonic()))
        answer = await info.context.reads.reach(view, left)
        if isinstance(answer, Behind):
            raise not_reached(answer)
        found.append(answer)
    return min(found, key=lambda freshness: (freshness.state != "STALLED", freshness.position))


def decode_id(prefix: str, text: str, field: str) -> UUID:
    """The UUID in a TypeID. Raises MalformedId, naming the argument."""
    try:
        return typeid.decode(prefix, text)
    except MalformedId as malformed:
        malformed.field = field
        raise


def decode_optional_id(prefix: str, text: str | None, field: str) -> UUID | None:
    """The UUID in a TypeID, None where none is given. Raises MalformedId, for the empty text as well."""
    return decode_id(prefix, text, field) if text is not None else None


async def read(info: Info, view: View[Row], key: Key, wanted: Wanted) -> Stored[Row] | Processing | None:
    """The row, or Processing when the view did not get there in time."""
    answer = await info.context.reads.get(view, key, wanted)
    match answer:
        case Found():
            return answer.stored
        case Behind():
            return Processing.of(answer)
