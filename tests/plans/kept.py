"""Types of which a plan keeps what it has written, over sources that come again, that come anew, and that fail."""

from dataclasses import dataclass
from typing import Any, Final

import strawberry

from app.plans import known_by, made_of, shown
from schema.scalars import BigInt
from tests.plans.leaves import Colour


@dataclass(frozen=True)
class Note:
    text: Any
    number: Any = 0
    colour: Any = Colour.RED
    inner: "Note | None" = None


@made_of("note")
@strawberry.type
class Kept:
    note: strawberry.Private[Any]
    text: str | None = shown("note.text")
    number: int = shown("note.number")
    big: BigInt = shown("note.number")
    colour: Colour | None = shown("note.colour")

    @strawberry.field
    def inner(self) -> "Kept | None":
        return Kept(note=self.note.inner) if self.note.inner else None

    @strawberry.field
    def cut(self, at: int = 1) -> str:
        return str(self.note.text)[:at]

    @strawberry.field
    def known(self) -> "Known":
        return Known(told=(self.note.text, self.note.number))


@known_by("told")
@strawberry.type
class Known:
    told: strawberry.Private[Any]

    @strawberry.field
    def text(self) -> str:
        return str(self.told[0])

    @strawberry.field
    async def later(self) -> list[str]:
        return [str(each) for each in self.told]


_LEAF: Final = Note("ü \u2028", 7)
_NOTES: Final = [
    Note("a", 1, inner=_LEAF),
    _LEAF,
    Note("\ud800", 2),
    Note(None, 2**40, None),
    Note("a", 1, inner=_LEAF),
]
_WRONG: Final = [Note([], 1), Note("a", "x"), Note("a", 1, "nope"), None, Note(("a",), {}, Colour.GREEN)]


def notes(number: int) -> list[Any]:
    """Notes that there always were, and one that is made now; beyond seven, one that cannot be shown."""
    wrong = [_WRONG[number % len(_WRONG)]] if number > 7 else []
    return [*_NOTES[: number % 6], Note("new", number, inner=_NOTES[0]), *wrong]
