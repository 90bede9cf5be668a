"""Types whose fields show objects that are composed of attributes, some of which are not there or do not fit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import strawberry

from app.plans import composed, made_of, shown
from tests.plans.creatures import Rock
from tests.plans.doings import Doings, doings


@dataclass(frozen=True)
class Cut:
    begin: Any = 1
    end: Any = 2
    unit: Any = "mm"
    doings: Any = field(default_factory=doings)
    parts: Any = ()


@dataclass(frozen=True)
class Half:
    end: int = 3
    parts: Any = ()


@strawberry.type
class Point:
    at: float
    name: str | None = shown("at", by=str)


@strawberry.type(description="Made of what a line has.")
class Span:
    begin: int | None
    end: int
    unit: str | None
    doings: Doings | None
    last: Point = composed(Point, at="end")

    @strawberry.field
    def length(self) -> int:
        return self.end - (self.begin or 0)

    @strawberry.field
    async def later(self) -> str:
        return f"until {self.end}"


@strawberry.type
class Line:
    of: strawberry.Private[Any]
    unit: str | None = shown("of.unit", by=str.upper)
    size: str = shown("of.end", by=lambda end: None if end == 0 else str(end))
    span: Span = composed(Span, begin="of.begin", end="of.end", unit="of.unit", doings="of.doings")
    nearly: Span | None = composed(Span, begin="of.end", end="of.begin", unit="of.unit", doings="of.doings")
    spans: list[Span] = composed(
        Span, each="of.parts", begin="each.begin", end="each.end", unit="of.unit", doings="each.doings"
    )
    loose: list[Span | None] | None = composed(
        Span, each="of.parts", begin="of.begin", end="each.end", unit="each.unit", doings="of.doings"
    )
    points: list[Point] = composed(Point, each="of.parts", at="each.end")
    stranger: Rock = composed(Point, at="of.end")
    strangers: list[Rock | None] = composed(Point, each="of.parts", at="each.end")


@made_of("of")
@strawberry.type(description="The same, of which a plan keeps what it has written.")
class KeptLine(Line):
    pass


_LONG: Final = Cut(0, 10, "m", parts=(Cut(), Cut(None, 3, None), Cut(2, 4)))
_LINES: Final = [
    _LONG,
    Cut(None, 1, None),
    Cut(1, 0, "", parts=[]),
    Cut("x", 1.5, 5, None, "text"),
    Cut(None, None, None, None, None),
    Cut(parts=[Cut(), Rock(name="rock", weight=1.0), Cut()]),
    Cut(parts=[Cut(), Cut(1, "nope")]),
    Cut(parts={"a": Cut()}.values()),
    Cut(2**40, 2**40, "\ud800", ValueError("no doings"), [Cut(), None]),
    Half(),
    Half(parts=[Half()]),
    Cut(parts=[Cut(), Half()]),
    Rock(name="rock", weight=1.0),
    None,
]


def lines(number: int, made: Callable[..., Any] = Line) -> list[Any]:
    """Lines of what there always was, one of which need not fit, and a line of what is made now."""
    first = [made(of=_LONG), made(of=Cut(number, number + 1, parts=[Cut(end=number)]))]
    return [*first, made(of=_LINES[number])] if 0 <= number < len(_LINES) else first
