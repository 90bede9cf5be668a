"""Types over parts that are not there until they are fetched, and that may have changed when they are."""

import asyncio
from collections.abc import Sequence
from typing import Any

import strawberry

from app.kernel.absent import Absent, Changed
from app.plans import known_by, partly, shown
from tests.plans.kept import Kept, Note, notes


class Shelf:
    """Where books are fetched from. Of one that `changes`, none can be had."""

    def __init__(self, *, changes: bool) -> None:
        self.changes, self.fetched = changes, 0

    async def fetch(self, parts: Sequence["Book"]) -> None:
        await asyncio.sleep(0)
        if self.changes:
            raise Changed
        for part in parts:
            part.here = True
            self.fetched += 1


class Book:
    """A note that is here or still on its shelf."""

    def __init__(self, note: Any, shelf: Shelf, *, here: bool) -> None:
        self._note, self._shelf, self.here = note, shelf, here
        self.told = repr(note)

    @property
    def note(self) -> Any:
        if not self.here:
            raise Absent(self._shelf, self)
        return self._note

    @property
    def inner(self) -> "Book | None":
        inner = getattr(self._note, "inner", None)
        return Book(inner, self._shelf, here=self.here) if isinstance(inner, Note) else None


@known_by("told")
@strawberry.type
class Far:
    told: strawberry.Private[str]
    book: strawberry.Private[Book]
    text: str | None = shown("book.note.text")
    number: int = shown("book.note.number")

    @strawberry.field
    def title(self) -> str:
        return self.told

    @strawberry.field
    def kept(self) -> Kept:
        return Kept(note=self.book.note)

    @strawberry.field
    def inner(self) -> "Far | None":
        """Beneath a part that is kept there is another, which may be absent when this one is not."""
        inner = self.book.inner
        return Far(told=inner.told, book=inner) if inner else None

    @strawberry.field
    def cut(self, at: int = 1) -> str:
        return str(self.book.note.text)[:at]

    @strawberry.field
    async def later(self) -> str:
        await asyncio.sleep(0)
        return str(self.book.note.text)

    @strawberry.field
    async def far_later(self) -> "Far":
        await asyncio.sleep(0)
        return self


@strawberry.type
class Library:
    books: list[Far]

    @strawberry.field
    def first(self) -> str | None:
        return str(self.books[0].book.note) if self.books else None

    @strawberry.field
    async def size(self) -> int:
        await asyncio.sleep(0)
        return len(self.books)


@strawberry.type
class FarQuery:
    @strawberry.field
    def far(self, info: strawberry.Info[Any, None], number: int = 3, changes: bool = False) -> Library:
        return _library(info, number, changes=changes)

    @strawberry.field
    async def nested(self, number: int = 3) -> "Nested":
        return Nested(number=number)


@strawberry.type
class Nested:
    number: int

    @strawberry.field
    def far(self, info: strawberry.Info[Any, None]) -> Library:
        """Beneath the root, everything has to be there."""
        return _library(info, self.number, changes=False)


def _library(info: strawberry.Info[Any, None], number: int, *, changes: bool) -> Library:
    shelf, here = Shelf(changes=changes), not partly(info)
    books = [Book(note, shelf, here=here) for note in notes(number)]
    return Library(books=[Far(told=book.told, book=book) for book in books])
