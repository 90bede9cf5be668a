"""Arguments of every kind; what came of them is said back with the Python types that they became."""

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schema.scalars import BigInt
from tests.plans.leaves import Colour, Level


@strawberry.input
class Inner:
    number: int = 7
    words: list[str] = strawberry.field(default_factory=lambda: ["a", "b"])
    colour: Colour = Colour.GREEN
    at: datetime | None = None
    other: str = strawberry.field(name="otherName", default="x")


@strawberry.input
class Outer:
    inner: Inner
    inners: list[Inner] | None = None
    maybe: int | None = strawberry.UNSET
    grid: list[list[int | None] | None] | None = strawberry.UNSET
    outer: "Outer | None" = None
    colours: list[Colour] = strawberry.field(default_factory=lambda: [Colour.RED])
    perhaps: strawberry.Maybe[str | None]


@strawberry.input(one_of=True)
class Either:
    number: int | None = strawberry.UNSET
    text: str | None = strawberry.UNSET
    inner: Inner | None = strawberry.UNSET
    numbers: list[int] | None = strawberry.UNSET


@strawberry.type
class Echo:
    """Says what it was asked with."""

    said: str

    @strawberry.field
    def scalars(
        self,
        text: str = "default",
        whole: int = 5,
        real: float = 1.5,
        truth: bool = True,
        key: strawberry.ID | None = None,
        big: BigInt | None = None,
        anything: JSON | None = strawberry.UNSET,
    ) -> str:
        return repr((text, whole, real, truth, key, big, anything))

    @strawberry.field
    def customs(
        self,
        amount: Decimal | None = None,
        moment: datetime | None = None,
        day: date | None = None,
        clock: time | None = None,
        uuid: UUID | None = None,
    ) -> str:
        return repr((amount, moment, day, clock, uuid))

    @strawberry.field
    def required(self, whole: int, text: str, colour: Colour, numbers: list[int]) -> "Echo":
        return Echo(said=repr((whole, text, colour, numbers)))

    @strawberry.field
    def enums(
        self,
        colour: Colour = Colour.BLUE,
        maybe: Colour | None = None,
        level: Level | None = strawberry.UNSET,
        colours: list[Colour | None] | None = None,
    ) -> list[Colour | None]:
        return [colour if level is Level.LOW else maybe, *(colours or [])]

    @strawberry.field
    def lists(
        self,
        loose: list[int | None] | None = strawberry.UNSET,
        full: list[int] = [1, 2],  # noqa: B006 - how Strawberry is told of a default
        grid: list[list[int] | None] | None = None,
        texts: list[str] | None = None,
    ) -> str:
        return repr((loose, full, grid, texts))

    @strawberry.field
    async def inputs(self, outer: Outer | None = None, inner: Inner | None = strawberry.UNSET) -> str:
        return repr((outer, inner))

    @strawberry.field
    def one_of(self, either: Either) -> str:
        return repr(either)

    @strawberry.field
    def unset(self, value: int | None = strawberry.UNSET, perhaps: strawberry.Maybe[int] = None) -> "Echo | None":
        return Echo(said=repr((value, perhaps)))

    @strawberry.field
    def renamed(self, word: str, from_: int = 3) -> str:
        return repr((word, from_))
