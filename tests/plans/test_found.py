"""Documents whose plans once answered something else than the library."""

import pytest

from tests.plans.answers import Asked
from tests.plans.everything import EVERYTHING, Context, journal
from tests.plans.oracle import LEFT_BY_LIBRARY, Oracle

pytestmark = LEFT_BY_LIBRARY

FOUND = {
    "a promise where a text stands": Asked("{ doings { promised } }"),
    "an attribute that is a promise": Asked("{ maybeDoings { awaited } }"),
    "null for an id that must be there": Asked("{ leaves(kind: EMPTY) { full { uuid } } }"),
    "a type that says itself what is of it": Asked("{ one(number: 6) { pool { name } } }"),
    "an interface that says what is of which type": Asked("{ one(number: 7) { judged { __typename } } }"),
    "what an earlier mutation shows when a later one fails": Asked("mutation { a: jot { later } b: jot { fails } }"),
}


FOREGONE = {
    "a fragment of the root spread twice": Asked(
        "{ things(of: BREAKS) { __typename } ...F ...F } fragment F on Query { doings { nullHard } }"
    ),
    "a root that fails later than another": Asked("{ failsHard(turns: 2) { real } doings { nullHard } }"),
}
"""All data are lost to one field of the root: what is told of the others is open, but not anything."""


@pytest.mark.parametrize("asked", (FOUND | FOREGONE).values(), ids=FOUND | FOREGONE)
async def test_found(asked: Asked) -> None:
    await Oracle(EVERYTHING, journal).hold(asked, Context)
