"""Each corner of execution once: a plan answers what the library answers."""

import asyncio
import itertools

import pytest

from app.plans import Plans
from tests.plans import corners
from tests.plans.answers import Asked, by_library
from tests.plans.composed import Span
from tests.plans.everything import EVERYTHING, Context, journal
from tests.plans.leaves import NAMES, Kind
from tests.plans.lists import Shape
from tests.plans.oracle import LEFT_BY_LIBRARY, Oracle

pytestmark = LEFT_BY_LIBRARY
ASKED = corners.asked()
THING = "thing { __typename ... on Cat { lives } ... on Dog { barks } ... on Rock { weight } ... on Mirror { name } }"
JUDGED = "judged { __typename verdict }"
ORACLE = Oracle(EVERYTHING, journal)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_corners(asked: Asked) -> None:
    await ORACLE.hold(asked, Context)


@pytest.mark.parametrize("name", [*NAMES, "void", "hush"])
async def test_leaves(name: str) -> None:
    leaf = f"query ($kind: Kind!, $n: Int!) {{ leaves(kind: $kind, number: $n) {{ {name} }} }}"
    full = f"query ($kind: Kind!, $n: Int!) {{ leaves(kind: $kind, number: $n) {{ full {{ {name} }} }} }}"
    queries = (leaf, full) if name in NAMES else (leaf,)
    for query, kind, number in itertools.product(queries, Kind, range(13)):
        await ORACLE.hold(Asked(query, {"kind": kind.name, "n": number}), Context)


@pytest.mark.parametrize(
    "place", ["cat { id lives }", "mirror { name }", "named { id }", "sized { size }", "pool { name }", JUDGED, THING]
)
async def test_things(place: str) -> None:
    for number in range(17):
        await ORACLE.hold(Asked(f"query ($n: Int!) {{ one(number: $n) {{ {place} }} }}", {"n": number}), Context)


@pytest.mark.parametrize("kind", Kind)
async def test_lists(kind: Kind) -> None:
    for name in ("loose", "whole", "open", "full", "colours", "fullColours", "grid", "fullGrid", "texts", "buffer"):
        await ORACLE.hold(Asked(f"{{ lists(kind: {kind.name}) {{ {name} }} }}"), Context)


@pytest.mark.parametrize("shape", Shape)
async def test_shapes_of_lists(shape: Shape) -> None:
    for field in (
        "lists { made(of: %s) }",
        "named(of: %s) { id }",
        "things(of: %s) { __typename }",
        "rows(of: %s) { text }",
    ):
        await ORACLE.hold(Asked(f"{{ {field % shape.name} }}"), Context)


@pytest.mark.parametrize("shown", ["text", "number", "big colour", "inner { text inner { text } }", "known { text }"])
async def test_what_is_kept_is_shown_again(shown: str) -> None:
    await hold_twice(f"query ($n: Int!) {{ kept(number: $n) {{ {shown} }} }}", range(13))


async def hold_twice(query: str, numbers: range) -> None:
    """The second time all of it was shown before."""
    oracle = Oracle(EVERYTHING, journal)
    for _ in range(2):
        oracle.forget()
        for number in numbers:
            await oracle.hold(Asked(query, {"n": number}), Context)


FAR = [
    "books { text }",
    "books { number }",
    "books { text cut kept { text inner { number } } }",
    "size books { title inner { text number inner { title } } }",
    "first",
    "size first books { text }",
    "books { later text }",
    "books { farLater { text } title }",
]


@pytest.mark.parametrize("shown", FAR)
@pytest.mark.parametrize("changes", ["true", "false"])
async def test_what_is_not_there_is_fetched(shown: str, changes: str) -> None:
    far = f"far(number: $n, changes: {changes}) {{ {shown} }}"
    queries = (
        f"query ($n: Int!) {{ {far} }}",
        f"query ($n: Int!) {{ text a: {far} b: {far} nested(number: $n) {{ far {{ {shown} }} }} }}",
        f"query ($n: Int!) {{ {far} fails {{ real }} }}",
    )
    oracle = Oracle(EVERYTHING, journal)
    for number, query, _ in itertools.product((3, 5, 1, 4, 8, 9, 10), queries, range(2)):
        oracle.forget()
        await oracle.hold(Asked(query, {"n": number}), Context)


@pytest.mark.parametrize("field", ["lines", "keptLines"])
@pytest.mark.parametrize("shown", corners.COMPOSED)
async def test_what_is_composed(field: str, shown: str) -> None:
    await hold_twice(f"query ($n: Int!) {{ {field}(number: $n) {{ {shown} }} }}", range(15))


def test_no_object_is_made_of_what_is_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(Span, "__init__", lambda self, **_: made.append(self))
    for shown in ("span { begin end last { at name } }", "spans { unit end }", "loose { __typename }"):
        plan = Plans(EVERYTHING).plan(f"{{ lines {{ {shown} }} }}")
        assert plan is not None
        assert b'"errors"' not in asyncio.run(plan.run(None, Context())).body
    assert made == []


async def test_more_shapes_than_a_plan_keeps() -> None:
    for asked in corners.switches() * 2:
        await ORACLE.hold(asked, Context)


async def test_mutations_run_one_after_the_other() -> None:
    answer = await by_library(EVERYTHING, Asked(corners.SERIAL), Context())
    assert answer["data"]["a"] == {"entries": ["a"], "later": ["a"]}
    assert answer["data"]["jot"]["later"] == ["a", "b", "jotted"]
