"""Keyset pagination: pages that stay put while rows come and go, forwards and backwards."""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from app.infra.event_log import encode
from app.kernel.errors import InvalidValue, Refusal, excerpt
from app.kernel.view import Key

Node = TypeVar("Node")

MAX_PAGE = 100
DEFAULT_PAGE = 20
_MOST_DIGITS = 40
_BIGINT = 2**63


class MalformedCursor(Refusal):
    """A text that should be a cursor of this list and this order is not one."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(f"{excerpt(text)} is not a cursor of this list.", field=field)


@dataclass(frozen=True, slots=True)
class PageArguments:
    """A Relay connection's arguments. Raises InvalidValue for a size outside 0 to 100, or two directions at once."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise InvalidValue("Give first or last, not both.", field="first")
        if self.last is None and self.before is not None:
            raise InvalidValue("before goes with last.", field="before")
        if self.last is not None and self.after is not None:
            raise InvalidValue("after goes with first.", field="after")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 0 <= size <= MAX_PAGE:
                raise InvalidValue(f"{name} must be between 0 and {MAX_PAGE}.", field=name)

    @property
    def backwards(self) -> bool:
        """Whether the page is counted from the end."""
        return self.last is not None

    @property
    def shows_the_beginning(self) -> bool:
        """Whether the page is empty only where the whole list is."""
        return self.size > 0 and self.after is None and self.before is None

    @property
    def size(self) -> int:
        """How many nodes at most."""
        size = self.last if self.last is not None else self.first
        return DEFAULT_PAGE if size is None else size


@dataclass(frozen=True, slots=True)
class Ordering:
    """A sort order: a column of the table with its type in Python, ties settled by the key column."""

    name: str
    column: str
    key: str
    kind: type
    descending: bool
    key_kind: type = UUID

    def cursor(self, value: Any, key: Key) -> str:
        """Where a row stands in this order, opaque to clients."""
        return base64.urlsafe_b64encode(encode([self.name, value, key])).rstrip(b"=").decode()

    def parse(self, cursor: str, field: str) -> tuple[Any, Key]:
        """The place that a cursor of this order names. Raises MalformedCursor."""
        kind: Any = self.kind
        key_kind: Any = self.key_kind
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            name, value, key = msgspec.json.decode(raw, type=tuple[str, kind, key_kind], strict=False)
        except (ValueError, msgspec.DecodeError, msgspec.ValidationError):
            raise MalformedCursor(cursor, field) from None
        if name != self.name or not (_can_be_compared(value) and _can_be_compared(key)):
            raise MalformedCursor(cursor, field)
        return value, key


def _can_be_compared(value: Any) -> bool:
    """Whether PostgreSQL takes it: cursors are opaque, but anyone can make one."""
    match value:
        case datetime():
            return value.tzinfo is not None and MINYEAR < value.year < MAXYEAR
        case Decimal():
            return (
                value.is_finite()
                and abs(value.adjusted()) < _MOST_DIGITS
                and len(value.as_tuple().digits) < _MOST_DIGITS
            )
        case int():
            return abs(value) < _BIGINT
        case float():
            return math.isfinite(value)
        case str():
            return "\x00" not in value
        case _:
            return True


@dataclass(frozen=True, slots=True)
class Page(Generic[Node]):
    """A slice of a list, with whether more lies on either side."""

    nodes: Sequence[Node]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class KeysetQuery:
    """The tail of a select: condition, order and limit, with the parameters that follow `offset` others."""

    ordering: Ordering
    arguments: PageArguments

    def tail(self, conditions: Sequence[str], parameters: list[Any]) -> str:
        """SQL from `where` on; appends the place to `parameters`, which the conditions' own already fill."""
        where = [*conditions, *self._beyond(parameters)]
        order = f"order by {self.ordering.column} {self.direction}, {self.ordering.key} {self.direction}"
        clause = f"where {' and '.join(where)} " if where else ""
        return f"{clause}{order} limit {self.arguments.size + 1}"

    def page(self, rows: Sequence[Any], read: Callable[[Any], Node]) -> Page[Node]:
        """The rows of `tail`, in the order of the list; the one too many only tells that there is more."""
        more = len(rows) > self.arguments.size
        nodes = [read(row) for row in rows[: self.arguments.size]]
        if self.arguments.backwards:
            return Page(nodes[::-1], self.arguments.before is not None, more)
        return Page(nodes, more, self.arguments.after is not None)

    @property
    def direction(self) -> str:
        """In which the rows are read."""
        return "desc" if self._downwards else "asc"

    @property
    def _downwards(self) -> bool:
        return self.ordering.descending != self.arguments.backwards

    def _beyond(self, parameters: list[Any]) -> list[str]:
        backwards = self.arguments.backwards
        cursor = self.arguments.before if backwards else self.arguments.after
        if cursor is None:
            return []
        parameters.extend(self.ordering.parse(cursor, "before" if backwards else "after"))
        compare = "<" if self._downwards else ">"
        n = len(parameters)
        return [f"({self.ordering.column}, {self.ordering.key}) {compare} (${n - 1}, ${n})"]


def cut(
    nodes: Sequence[Node], place: Callable[[Node], tuple[Any, Key]], ordering: Ordering, arguments: PageArguments
) -> Page[Node]:
    """A page of a list that is at hand in this order; `place` tells a node's value and key. Raises MalformedCursor."""
    backwards, kept = arguments.backwards, list(nodes)
    cursor = arguments.before if backwards else arguments.after
    if cursor is not None:
        here = ordering.parse(cursor, "before" if backwards else "after")
        upwards = ordering.descending == backwards
        kept = [node for node in kept if (place(node) > here if upwards else place(node) < here)]
    page = kept[-arguments.size :] if backwards else kept[: arguments.size]
    more = len(kept) > arguments.size
    page = page if arguments.size else []
    if backwards:
        return Page(page, arguments.before is not None, more)
    return Page(page, more, arguments.after is not None)
