"""Lists with null allowed in every place or none, and whatever can stand for a list in Python."""

import array
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from enum import Enum
from typing import Any, Final

import strawberry

from tests.plans.doings import Soon
from tests.plans.leaves import Colour, Kind, Leaves, nearly, sample


@strawberry.enum
class Shape(Enum):
    """What a list is made of."""

    LIST = "list"
    TUPLE = "tuple"
    GENERATOR = "generator"
    DEQUE = "deque"
    DICT_VALUES = "dict values"
    LATER = "later"
    TEXT = "text"
    MAPPING = "mapping"
    NUMBER = "number"
    BREAKS = "breaks"


class ListsBreak(Exception):
    """A generator that ends too early."""


def _breaking(items: Iterable[Any]) -> Iterator[Any]:
    yield from items
    raise ListsBreak("the list breaks off")


async def _later(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


_MADE: Final[dict[Shape, Callable[[list[Any]], Any]]] = {
    Shape.LIST: list,
    Shape.TUPLE: tuple,
    Shape.GENERATOR: iter,
    Shape.DEQUE: deque,
    Shape.DICT_VALUES: lambda items: dict(enumerate(items)).values(),
    Shape.LATER: _later,
    Shape.TEXT: lambda _: "text",
    Shape.MAPPING: lambda items: dict(enumerate(items)),
    Shape.NUMBER: len,
    Shape.BREAKS: _breaking,
}


def shaped(shape: Shape, items: Iterable[Any]) -> Any:
    """The items in such a list."""
    return _MADE[shape](list(items))


@strawberry.type(description="[T], [T!], [T]! and [T!]! of leaves, enums, objects and lists.")
class Lists:
    loose: list[int | None] | None
    whole: list[int] | None
    open: list[int | None]
    full: list[int]
    colours: list[Colour | None] | None
    full_colours: list[Colour]
    grid: list[list[int | None] | None] | None
    full_grid: list[list[int]]
    texts: list[str]
    leaves: list[Leaves | None] | None
    full_leaves: list[Leaves]
    leaf_grid: list[list[Leaves] | None]

    @strawberry.field
    def made(self, of: Shape = Shape.GENERATOR, items: list[int | None] | None = None) -> list[int] | None:
        given: list[Any] = [1, 2, 3] if items is None else items
        made: list[int] | None = shaped(of, given)
        return made

    @strawberry.field
    async def later(self, of: Shape = Shape.LIST, kind: Kind = Kind.PLAIN) -> list[Leaves | None]:
        made: list[Leaves | None] = shaped(of, [sample(kind, 0), None, nearly(Kind.ODD, 1)])
        return made

    @strawberry.field
    def buffer(self) -> list[float]:
        numbers: Any = array.array("d", [1.0, 2.5])
        return list(numbers) if self.loose is None else numbers

    @strawberry.field
    def awaited(self) -> list[int]:
        made: Any = [Soon(1), 2, Soon(3)]
        return list(made)


def _lists(numbers: Any, colours: Any, grid: Any, leaves: Any) -> Lists:
    return Lists(
        loose=numbers,
        whole=numbers,
        open=numbers,
        full=numbers,
        colours=colours,
        full_colours=colours,
        grid=grid,
        full_grid=grid,
        texts=numbers,
        leaves=leaves,
        full_leaves=leaves,
        leaf_grid=leaves and [leaves, leaves[:1], []],
    )


def lists(kind: Kind) -> Lists:
    """Lists that are whole, odd, long, wrong somewhere, or not there."""
    match kind:
        case Kind.PLAIN:
            return _lists([1, 2, 3], [Colour.RED, Colour.BLUE], [[1], [], [2, 3]], [sample(Kind.PLAIN, 1)])
        case Kind.ODD:
            return _lists((True, 2.0, "3"), ("green", Colour.RED), ((1,), deque([2])), (nearly(Kind.ODD, 3),))
        case Kind.HUGE:
            many = [nearly(Kind.PLAIN, number) for number in range(12)]
            return _lists(list(range(300)), [*Colour] * 20, [list(range(9))] * 9, many)
        case Kind.WRONG:
            wrong: Any = ["x", 1, None, 2**31]
            return _lists(wrong, [None, "nope"], [None, [None], 5, "x"], [None, sample(Kind.WRONG, 0), 7, "x"])
        case Kind.EMPTY:
            return _lists(None, None, None, None)
