"""A schema with everything in it that GraphQL and the library have; its data is in memory, and always the same."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Final

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.plans import Documents
from schema.scalars import CONFIG
from schema.schema import Schema
from tests.plans.composed import KeptLine, Line, lines
from tests.plans.creatures import (
    CAT,
    HOUSE,
    Box,
    Cat,
    Dog,
    Ghost,
    House,
    Judged,
    Mirror,
    Named,
    Pet,
    Pool,
    Rock,
    Shadow,
    Sized,
    Thing,
    Which,
    alone,
    creatures,
    pets,
    shadows,
    sized,
    things,
)
from tests.plans.doings import Doings, Info, OutOfOrder, doings
from tests.plans.far import FarQuery
from tests.plans.inputs import Echo
from tests.plans.kept import Kept, notes
from tests.plans.leaves import HUSH, Kind, Leaves, nearly, sample
from tests.plans.lists import Lists, Shape, lists, shaped


@dataclass
class Context:
    """What resolvers leave behind, in the order in which they ran."""

    journal: list[Any] = field(default_factory=list)


def journal(context: Context) -> list[Any]:
    """What was left behind."""
    return context.journal


@strawberry.type(description="One thing, taken for each of what it might be.")
class One:
    cat: Cat | None
    mirror: Mirror | None
    pool: Pool | None
    judged: Judged | None
    named: Named | None
    sized: Sized | None
    thing: Thing | None


@strawberry.type
class Query(FarQuery):
    @strawberry.field
    def leaves(self, kind: Kind = Kind.PLAIN, number: int = 0) -> Leaves | None:
        return sample(kind, number)

    @strawberry.field
    async def nearly(self, kind: Kind = Kind.ODD, number: int = 0) -> Leaves:
        return nearly(kind, number)

    @strawberry.field
    def rows(self, of: Shape = Shape.LIST, kind: Kind = Kind.PLAIN, number: int = 3) -> list[Leaves | None] | None:
        rows = [nearly(kind if each == 1 else Kind.PLAIN, each) for each in range(min(max(number, 0), 20))]
        made: list[Leaves | None] = shaped(of, rows)
        return made

    @strawberry.field
    def lists(self, kind: Kind = Kind.PLAIN) -> Lists | None:
        return lists(kind)

    @strawberry.field
    def doings(self) -> Doings:
        return doings()

    @strawberry.field
    async def maybe_doings(self, turns: int = 0) -> Doings | None:
        for _ in range(min(turns, 10)):
            await asyncio.sleep(0)
        return doings()

    @strawberry.field
    def echo(self) -> Echo:
        return Echo(said="echo")

    @strawberry.field
    def lines(self, number: int = 0) -> list[Line | None]:
        return lines(number)

    @strawberry.field
    def kept_lines(self, number: int = 0) -> list[KeptLine]:
        return lines(number, KeptLine)

    @strawberry.field
    def named(self, of: Shape = Shape.LIST) -> list[Named]:
        made: list[Named] = shaped(of, creatures())
        return made

    @strawberry.field
    def pets(self, which: Which = Which.ALL) -> list[Pet | None] | None:
        found: list[Pet | None] = pets(which)
        return found

    @strawberry.field
    async def things(self, which: Which = Which.ALL, of: Shape = Shape.LIST) -> list[Thing | None] | None:
        found: list[Thing | None] = shaped(of, things(which))
        return found

    @strawberry.field
    def sized(self, which: Which = Which.ALL) -> list[Sized | None]:
        found: list[Sized | None] = sized(which)
        return found

    @strawberry.field
    def shadows(self, which: Which = Which.ALL) -> list[Shadow | None]:
        return [*shadows(which), None]

    @strawberry.field
    def cat(self) -> Cat | None:
        return CAT

    @strawberry.field
    def house(self) -> House:
        return HOUSE

    @strawberry.field
    async def box(self) -> Box[Cat]:
        return Box(content=CAT, label="a cat")

    @strawberry.field
    def numbers(self, number: int = 3) -> Box[list[int]]:
        return Box(content=list(range(min(number, 20))))

    @strawberry.field
    def kept(self, number: int = 3) -> list[Kept | None]:
        return [Kept(note=note) for note in notes(number)]

    @strawberry.field
    def one(self, number: int = 0) -> "One":
        it = alone(number)
        return One(cat=it, mirror=it, pool=it, judged=it, named=it, sized=it, thing=it)

    @strawberry.field
    def text(self) -> str | None:
        return "text"

    @strawberry.field
    def number(self, info: Info) -> int:
        return len(info.context.journal)

    @strawberry.field
    def fails(self) -> Leaves | None:
        raise OutOfOrder("the root fails")

    @strawberry.field
    async def fails_hard(self, turns: int = 0) -> Leaves:
        for _ in range(min(turns, 10)):
            await asyncio.sleep(0)
        raise OutOfOrder("the root fails hard")

    @strawberry.field
    def null_hard(self) -> Leaves:
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]


@strawberry.type
class Journal:
    entries: list[str]

    @strawberry.field
    async def later(self, info: Info) -> list[str]:
        await asyncio.sleep(0)
        return [str(entry) for entry in info.context.journal]

    @strawberry.field
    def fails(self) -> str:
        raise OutOfOrder("the journal fails")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, info: Info, word: str, turns: int = 1) -> Journal:
        for _ in range(min(max(turns, 0), 10)):
            await asyncio.sleep(0)
        info.context.journal.append(word)
        return Journal(entries=[str(entry) for entry in info.context.journal])

    @strawberry.mutation
    def jot(self, info: Info, word: str = "jotted") -> Journal | None:
        info.context.journal.append(word)
        return Journal(entries=[str(entry) for entry in info.context.journal])

    @strawberry.mutation
    def refuse(self, info: Info, hard: bool = False) -> Journal | None:
        info.context.journal.append(f"refused {hard}")
        raise OutOfOrder("refused")

    @strawberry.mutation
    async def refuse_hard(self, info: Info) -> Journal:
        info.context.journal.append("refused hard")
        raise OutOfOrder("refused hard")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 2) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number


EVERYTHING: Final = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Cat, Dog, Rock, Ghost, Mirror],
    extensions=[Documents],
    config=StrawberryConfig(scalar_map={**CONFIG.scalar_map, **HUSH}),
)
