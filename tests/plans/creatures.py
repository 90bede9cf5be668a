"""Interfaces and unions: of types that share names of fields, share them with other types, and do not share them."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from graphql import GraphQLError

from app.plans import shown
from tests.plans.doings import Soon

T = TypeVar("T")


@strawberry.interface(description="Whatever has a name.")
class Named:
    id: strawberry.ID
    name: str

    @strawberry.field
    async def greeting(self, loud: bool = False) -> str:
        return f"HELLO {self.name.upper()}" if loud else f"hello {self.name}"

    @strawberry.field
    def kin(self, first: int | None = None) -> "list[Named]":
        return creatures()[:first] if first is None or first >= 0 else []


@strawberry.interface
class Sized:
    size: int


@strawberry.interface
class Judged:
    """Tells apart by itself what it is told of."""

    @strawberry.field
    def verdict(self) -> str:
        return "judged"

    @classmethod
    def resolve_type(cls, value: Any, _info: Any, _type: Any) -> str | None:
        return "Dog" if getattr(value, "size", None) == 0 else {CatRow: "Cat"}.get(type(value), type(value).__name__)


@strawberry.type
class Cat(Named, Sized, Judged):
    lives: int
    mood: str
    house: "House | None" = None


@strawberry.type
class Dog(Named, Sized, Judged):
    barks: bool
    mood: int
    friend: "Pet | None" = None


@strawberry.type
class Rock:
    name: str | None
    weight: float


@strawberry.type
class Ghost(Named):
    since: int

    @strawberry.field
    def haunts(self) -> "House":
        raise GraphQLError("nobody knows", extensions={"code": "HAUNTED", "where": [1, {"deep": None}]})


@strawberry.type
class House:
    address: str
    inhabitants: "list[Named]"
    things: "list[Thing | None]"

    @strawberry.field
    def label(self, parent: strawberry.Parent["House"], prefix: str = "at") -> str:
        return f"{prefix} {parent.address}"


@strawberry.type(description="Its fields show what it stands for.")
class Shadow:
    of: strawberry.Private[Any]
    name: str | None = shown("of.name")
    size: int = shown("of.size")
    house: House | None = shown("of.house")
    address: str | None = shown("of.house.address")


@strawberry.type
class Mirror:
    name: str
    reflection: "Thing | None" = None


@strawberry.type
class Pool:
    """Says itself what is one."""

    name: str

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, (cls, Pane)) and value.name != "blind"


@strawberry.type
class Box(Generic[T]):
    content: T
    label: str | None = None


Pet = Annotated[Cat | Dog, strawberry.union("Pet")]
Thing = Annotated[Cat | Dog | Rock | Mirror, strawberry.union("Thing")]


class Kitten(Cat):
    """A cat of its own class, which the schema does not know."""


@dataclass
class CatRow:
    """A cat for those who only look at attributes."""

    id: str
    name: str
    size: int
    lives: int
    mood: str
    house: Any = None


@dataclass
class Pane:
    """A mirror, by its own word."""

    name: str
    reflection: Any = None


@strawberry.enum
class Which(Enum):
    ALL = "all"
    STRANGERS = "strangers"
    NONE = "none"


CAT = Cat(id=strawberry.ID("cat_1"), name="Tom", size=3, lives=9, mood="wary")
DOG = Dog(id=strawberry.ID("dog_1"), name="Rex", size=8, barks=True, mood=5, friend=CAT)
GHOST = Ghost(id=strawberry.ID("ghost_1"), name="Hugo", since=1642)
ROCK = Rock(name=None, weight=2.5)
MIRROR = Mirror(name="mirror", reflection=DOG)
HOUSE = House(address="Elm 1", inhabitants=[CAT, DOG], things=[CAT, None, ROCK, MIRROR])
WRONG_CAT = Cat(id=strawberry.ID("cat_0"), name="Null", size=0, lives=0, mood="none")
POOL, BLIND = Pool(name="pool"), Pool(name="blind")
OWNER = Cat(id=strawberry.ID("cat_2"), name="Kit", size=2, lives=1, mood="", house=HOUSE)


def creatures() -> list[Named]:
    """Everything that has a name."""
    return [CAT, DOG, GHOST, OWNER]


def pets(which: Which) -> Any:
    """Cats and dogs, with strangers among them or without."""
    ducks = [CatRow("cat_3", "Row", 1, 2, "square"), ROCK, None, "text", {"name": "dict"}]
    return {Which.ALL: [CAT, DOG, OWNER], Which.STRANGERS: [CAT, *ducks, DOG], Which.NONE: []}[which]


def shadows(which: Which) -> list[Shadow]:
    """What things look like; some lack what is shown."""
    casting: dict[Which, list[Any]] = {
        Which.ALL: [OWNER, OWNER],
        Which.STRANGERS: [OWNER, CAT, ROCK, None, CatRow("5", "R", 1, 2, "")],
    }
    return [Shadow(of=each) for each in casting.get(which, [])]


def alone(number: int) -> Any:
    """One of everything there is, whether it fits where it is shown or not."""
    odd = [CatRow("cat_5", "Row", 1, 2, "flat"), Pane("pane"), Soon(CAT), ValueError("no cat"), None, "Cat", object()]
    every = [CAT, DOG, GHOST, ROCK, MIRROR, HOUSE, BLIND, WRONG_CAT, POOL, Kitten(**vars(CAT)), *odd]
    return every[number % len(every)]


def things(which: Which) -> Any:
    """Whatever is in the union of things, or is not."""
    strangers = [MIRROR, BLIND, Pane("pane", ROCK), GHOST, 5, HOUSE]
    return {Which.ALL: [CAT, ROCK, MIRROR, DOG, None], Which.STRANGERS: strangers, Which.NONE: []}[which]


def sized(which: Which) -> Any:
    """Whatever has a size, told apart by the interface itself."""
    ducks = [CatRow("cat_4", "Duck", 4, 5, "calm"), WRONG_CAT, ROCK, Pane("pane")]
    return {Which.ALL: [DOG, CAT], Which.STRANGERS: [*ducks, DOG], Which.NONE: []}[which]
