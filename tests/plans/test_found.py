"""Documents whose plans once answered something else than the library."""

import pytest

from tests.plans.answers import Asked
from tests.plans.everything import EVERYTHING, Context, journal
from tests.plans.oracle import LEFT_BY_LIBRARY, Oracle

pytestmark = LEFT_BY_LIBRARY

FOUND = {
    "a promise where a text stands": Asked("{ doings { promised } }"),
    "an attribute that is a promise": Asked("{ maybeDoings { awaited } }"),
}


@pytest.mark.parametrize("asked", FOUND.values(), ids=FOUND)
async def test_found(asked: Asked) -> None:
    oracle = Oracle(EVERYTHING, journal)
    await oracle.hold(asked, Context)
    assert oracle.tally.planned
