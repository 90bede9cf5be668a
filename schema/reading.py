"""The arguments that every read takes, and reading one row by its TypeID."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from app.infra.tables import Stored
from app.infra.wanted import Behind, Found, Listed, Wanted
from app.kernel import typeid
from app.kernel.errors import MalformedId, Refusal
from app.kernel.view import Key, View
from schema.context import Info
from schema.values import Processing

Row = TypeVar("Row")
Page = TypeVar("Page")

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

    def __init__(self, message: str, field: str = "token") -> None:
        super().__init__(message, field=field)


_PATIENCE = "Ask again, or wait longer with waitMs."


def not_reached(behind: Behind) -> StillProcessing:
    """The refusal of a list that stays behind."""
    if behind.parked:
        return StillProcessing(
            "What this stands for could not be projected into the list, and waits for an operator. "
            "Ask without token and minVersion for the list as it is."
        )
    reached, wanted = behind.freshness.position, behind.wanted
    if wanted.version is not None and (behind.version or 0) < wanted.version:
        return StillProcessing(
            f"The list has reached version {behind.version or 0} of the wanted {wanted.version}. {_PATIENCE}",
            "minVersion",
        )
    if wanted.position is None:
        return StillProcessing(f"The list is being made from the log, and has reached position {reached}. {_PATIENCE}")
    return StillProcessing(f"The list has reached position {reached} of the wanted {wanted.position}. {_PATIENCE}")


async def listed(
    info: Info,
    views: Collection[View[Any]],
    token: str | None,
    wait_ms: int | None,
    read: Callable[[], Awaitable[Page]],
) -> Listed[Page]:
    """A list of these views, as `read` finds it when all are far enough; with its freshness where that is selected.

    `wait_ms` is for all views together. Raises StillProcessing where they do not get there.
    """
    wanted = info.context.wanted(token=token, wait_ms=wait_ms)
    found = await info.context.reads.listed(views, wanted, read, telling=selects(info, "freshness"))
    if isinstance(found, Behind):
        raise not_reached(found)
    return found


def selects(info: Info, *path: str) -> bool:
    """Whether the operation asks for a field of what is being resolved, directly or in fragments.

    Of more names, each is a field beneath the one before it.
    """
    raw = info._raw_info  # noqa: SLF001 - `selected_fields` would convert everything beneath as well
    return any(_selects(node.selection_set, path, raw.fragments) for node in raw.field_nodes)


def _selects(
    selected: SelectionSetNode | None, path: Sequence[str], fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    """At this level: a fragment's selection counts, a field's own only for what is beneath it."""
    for node in selected.selections if selected else ():
        match node:
            case FieldNode() if node.name.value == path[0]:
                if len(path) == 1 or _selects(node.selection_set, path[1:], fragments):
                    return True
            case InlineFragmentNode() if _selects(node.selection_set, path, fragments):
                return True
            case FragmentSpreadNode() if _selects(fragments[node.name.value].selection_set, path, fragments):
                return True
    return False


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
