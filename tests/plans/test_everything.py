"""Documents over a schema with everything in it: a plan answers what the library answers."""

from collections.abc import Callable
from typing import Final

from hypothesis import given

from tests.plans.answers import Asked
from tests.plans.documents import Book
from tests.plans.drawing import LONG, drawn, least
from tests.plans.everything import EVERYTHING, Context, journal
from tests.plans.known import KNOWN
from tests.plans.oracle import LEFT_BY_LIBRARY, Oracle, Tally

pytestmark = LEFT_BY_LIBRARY
RARE: Final = frozenset({"failsHard", "nullHard", "fails", "text", "number"})
BOOK: Final = Book(EVERYTHING._schema, KNOWN, rare=RARE)


QUERIES, MUTATIONS, WRONG = (Oracle(EVERYTHING, journal) for _ in range(3))


@LONG
@drawn("queries")
@given(BOOK.queries())
async def test_queries(documents: list[Asked]) -> None:
    for asked in documents:
        await QUERIES.hold(asked, Context)


@LONG
@drawn("mutations")
@given(BOOK.mutations())
async def test_mutations(documents: list[Asked]) -> None:
    for asked in documents:
        await MUTATIONS.hold(asked, Context)


@LONG
@drawn("mutations")
@given(BOOK.wrong())
async def test_documents_with_a_mistake(documents: list[Asked]) -> None:
    for asked in documents:
        await WRONG.hold(asked, Context)


def test_enough_of_it_was_asked(figure: Callable[[str], None]) -> None:
    for share, oracle in (("queries", QUERIES), ("mutations", MUTATIONS)):
        figure(f"{share}: {oracle.tally}")
        assert _enough(oracle.tally, least(share))
    figure(f"documents with a mistake: {WRONG.tally}")


def _enough(tally: Tally, wanted: int) -> bool:
    return len(tally.asked) >= wanted
