"""Fields that do something: at once, later, with all that `info` tells, and those that fail."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeAlias

import strawberry
from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.types.nodes import FragmentSpread, InlineFragment, SelectedField

from app.kernel.errors import InvalidValue

Info: TypeAlias = strawberry.Info[Any, Any]


class OutOfOrder(Exception):
    """Something that nobody foresaw."""


class Upper(FieldExtension):
    """Whatever the field says, in capitals."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: Info, **kwargs: Any) -> Any:
        return str(next_(source, info, **kwargs)).upper()


class Grown(BasePermission):
    """Nobody is."""

    message = "You are too young."

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:
        return bool(kwargs.get("age", 0) >= 18)


class GrownLater(Grown):
    """Nobody is, and it takes a while to find out."""

    async def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:  # type: ignore[override]
        await asyncio.sleep(0)
        return bool(kwargs.get("age", 0) >= 18)


class Soon(Awaitable[Any]):
    """A value that can be awaited as often as one likes."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self._value


Selected: TypeAlias = SelectedField | FragmentSpread | InlineFragment


def _names(selections: list[Selected]) -> list[Any]:
    return [[_said(each), _names(each.selections)] for each in selections]


def _said(node: Selected) -> str:
    match node:
        case SelectedField():
            return f"{node.alias}:{node.name}({node.arguments}){node.directives}"
        case FragmentSpread():
            return f"...{node.name} on {node.type_condition}{node.directives}"
        case InlineFragment():
            return f"... on {node.type_condition}{node.directives}"


@strawberry.type
class Doings:
    depth: int
    attribute: str
    awaited: str

    @strawberry.field
    def deeper(self, depth: int | None = None) -> "Doings":
        return doings(self.depth + 1 if depth is None else depth)

    @strawberry.field
    async def deeper_later(self, turns: int = 1) -> "Doings | None":
        await _turns(turns)
        return doings(self.depth + 1) if self.depth < 6 else None

    @strawberry.field
    def many(self, number: int = 2) -> "list[Doings]":
        return [doings(self.depth + each) for each in range(min(number, 5))]

    @strawberry.field
    def now(self) -> str:
        return "now"

    @strawberry.field
    async def later(self, turns: int = 1) -> str:
        await _turns(turns)
        return f"after {turns}"

    @strawberry.field
    def promised(self) -> str | None:
        promise: Any = Soon("promised")
        return promise  # type: ignore[no-any-return]

    @strawberry.field
    def promised_doings(self) -> "Doings":
        promise: Any = Soon(doings(self.depth + 1))
        return promise  # type: ignore[no-any-return]

    @strawberry.field(extensions=[Upper()])  # type: ignore[untyped-decorator]
    def loud(self, word: str = "word") -> str:
        return word

    @strawberry.field(permission_classes=[Grown])  # type: ignore[untyped-decorator]
    def guarded(self, age: int = 0) -> str | None:
        return f"is {age}"

    @strawberry.field(permission_classes=[GrownLater])  # type: ignore[untyped-decorator]
    async def guarded_later(self, age: int = 0) -> str:
        return f"is {age}"

    @strawberry.field
    def told(self, info: Info, note: str | None = None) -> str:
        place = (info.field_name, info.python_name, info.path.as_list(), str(info._raw_info.return_type))
        names = (str(info._raw_info.parent_type), info.operation.operation.value, info.root_value, note)
        return repr((place, names, sorted(info.variable_values.items()), _names(info.selected_fields)))

    @strawberry.field
    def fails(self) -> str | None:
        raise OutOfOrder("this fails")

    @strawberry.field
    def fails_hard(self) -> str:
        raise OutOfOrder("this fails hard")

    @strawberry.field
    async def fails_later(self, turns: int = 1) -> str | None:
        await _turns(turns)
        raise OutOfOrder(f"this fails after {turns}")

    @strawberry.field
    async def fails_hard_later(self, turns: int = 1) -> str:
        await _turns(turns)
        raise InvalidValue("too late", field="turns")

    @strawberry.field
    def refuses(self, field: str | None = None) -> str | None:
        raise InvalidValue("No.", field=field)

    @strawberry.field
    def coded(self, code: str = "MINE") -> str | None:
        raise GraphQLError("coded", extensions={"code": code, "more": [1, {"deep": None}]})

    @strawberry.field
    def uncoded(self) -> str | None:
        raise GraphQLError("uncoded")

    @strawberry.field
    def returns_error(self) -> str | None:
        returned: Any = OutOfOrder("returned, not raised")
        return returned  # type: ignore[no-any-return]

    @strawberry.field
    def null_hard(self) -> str:
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]

    @strawberry.field
    async def null_hard_later(self, turns: int = 2) -> "Doings":
        await _turns(turns)
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]

    @strawberry.field
    def stranger(self) -> "Doings | None":
        other: Any = object()
        return other  # type: ignore[no-any-return]

    @strawberry.field
    def lookalike(self) -> "Doings | None":
        other: Any = Lookalike()
        return other  # type: ignore[no-any-return]


class Lookalike:
    """Has some of the attributes."""

    depth = 99
    attribute = "alike"


async def _turns(number: int) -> None:
    for _ in range(min(max(number, 0), 10)):
        await asyncio.sleep(0)


def doings(depth: int = 0) -> Doings:
    """Doings at this depth."""
    soon: Any = Soon("soon")
    return Doings(depth=depth, attribute=f"attribute {depth}", awaited=soon)
