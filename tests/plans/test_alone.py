"""Errors that an answer without data may tell: those that a field of the root has by itself, and no others."""

from typing import Any

from tests.plans.alone import errors_alone
from tests.plans.answers import Asked
from tests.plans.everything import EVERYTHING, Context, journal
from tests.plans.oracle import LEFT_BY_LIBRARY, Oracle

pytestmark = LEFT_BY_LIBRARY

LOST = Asked("{ fails { real } ...F ...F failsHard { real } } fragment F on Query { doings { nullHard } }")
MINE = {"message": "mine", "locations": [{"line": 1, "column": 3}], "path": ["fails"]}


async def told(root: str) -> list[Any]:
    return await errors_alone(EVERYTHING, LOST, Context(), root)


async def test_errors_of_one_field() -> None:
    for root, fails in (("fails", "fails"), ("failsHard", "failsHard"), ("doings", "nullHard")):
        (error,) = await told(root)
        place = {"line": 1, "column": LOST.query.index(fails) + 1}
        assert (error["path"][0], error["locations"]) == (root, [place])
    assert await told("text") == []


async def test_what_may_be_told_of_lost_data() -> None:
    soft, hard, null = [(await told(root))[0] for root in ("fails", "failsHard", "doings")]
    library = {"data": None, "errors": [soft, hard]}
    oracle = Oracle(EVERYTHING, journal)
    for errors, may in (
        ([null], True),
        ([hard, soft, null], True),
        ([], False),
        ([MINE], False),
        ([null, MINE], False),
    ):
        assert await oracle._cancelled(LOST, Context, library, {"data": None, "errors": errors}) is may
        assert not await oracle._cancelled(LOST, Context, library, {"data": {}, "errors": errors})
