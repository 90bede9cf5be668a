"""Each corner of execution once: a plan answers what the library answers."""

import pytest

from tests.plans import corners
from tests.plans.answers import Asked, by_library
from tests.plans.everything import EVERYTHING, Context, journal
from tests.plans.oracle import LEFT_BY_LIBRARY, Oracle

pytestmark = LEFT_BY_LIBRARY
ASKED = corners.asked()
ORACLE = Oracle(EVERYTHING, journal, serial=True)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_corners(asked: Asked) -> None:
    await ORACLE.hold(asked, Context)


async def test_more_shapes_than_a_plan_keeps() -> None:
    for asked in corners.switches() * 2:
        await ORACLE.hold(asked, Context)


async def test_mutations_run_one_after_the_other() -> None:
    answer = await by_library(EVERYTHING, Asked(corners.MUTATIONS[0]), Context())
    assert answer["data"]["a"] == {"entries": ["a"], "later": ["a"]}
    assert answer["data"]["jot"]["later"] == ["a", "b", "jotted"]
