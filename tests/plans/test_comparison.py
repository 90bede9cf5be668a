"""The comparison itself: each way in which an answer could be another is seen."""

import copy
from typing import Any

import pytest

from tests.plans.answers import difference

ANSWER: dict[str, Any] = {
    "data": {"a": {"x": 1, "y": [1.5, None, True]}, "b__lagMs": 7, "c": None, "d": None},
    "errors": [
        {
            "message": "No.",
            "locations": [{"line": 1, "column": 5}],
            "path": ["c", 0],
            "extensions": {"code": "INTERNAL", "incident": "1"},
        },
        {"message": "Nor.", "locations": [{"line": 2, "column": 1}], "path": ["d"], "extensions": {"code": "MINE"}},
    ],
}
VOLATILE = frozenset({"lagMs"})


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The answer with another value at this place."""
    answer = copy.deepcopy(ANSWER)
    place: Any = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return answer


def without(*path: Any) -> dict[str, Any]:
    """The answer without what is at this place."""
    answer = copy.deepcopy(ANSWER)
    place: Any = answer
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return answer


OTHERS = {
    "a key is missing": without("data", "a", "x"),
    "a key is too many": changed("data", "a", "z", to=None),
    "keys in another order": changed("data", "a", to={"y": [1.5, None, True], "x": 1}),
    "keys of the root in another order": changed("data", to=dict(reversed(ANSWER["data"].items()))),
    "true for 1": changed("data", "a", "x", to=True),
    "1.0 for 1": changed("data", "a", "x", to=1.0),
    "a text for a number": changed("data", "a", "x", to="1"),
    "a shorter list": without("data", "a", "y", 2),
    "another order in a list": changed("data", "a", "y", to=[None, 1.5, True]),
    "null for an object": changed("data", "a", to=None),
    "no data": changed("data", to=None),
    "data is missing": without("data"),
    "another kind of volatile value": changed("data", "b__lagMs", to=None),
    "no errors": without("errors"),
    "an error is missing": without("errors", 1),
    "an error twice": changed("errors", to=[*ANSWER["errors"], ANSWER["errors"][0]]),
    "another message": changed("errors", 0, "message", to="No!"),
    "another path": changed("errors", 0, "path", 1, to=1),
    "no path": without("errors", 1, "path"),
    "another line": changed("errors", 0, "locations", 0, "line", to=2),
    "no locations": without("errors", 0, "locations"),
    "another code": changed("errors", 1, "extensions", "code", to="YOURS"),
    "no extensions": without("errors", 1, "extensions"),
    "no incident": without("errors", 0, "extensions", "incident"),
    "extensions of the whole": changed("extensions", to={}),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_differences(other: dict[str, Any]) -> None:
    assert difference(ANSWER, other, VOLATILE)
    assert difference(other, ANSWER, VOLATILE)


def test_what_makes_no_difference() -> None:
    for other in (
        copy.deepcopy(ANSWER),
        changed("errors", to=ANSWER["errors"][::-1]),
        changed("errors", 0, "extensions", "incident", to="2"),
        changed("data", "b__lagMs", to=8),
    ):
        assert difference(ANSWER, other, VOLATILE) is None


def test_errors_without_a_path_have_an_order() -> None:
    first, second = ({"message": words, "extensions": {"code": "BAD_REQUEST"}} for words in ("One.", "Two."))
    answer = {"data": None, "errors": [first, second]}
    assert difference(answer, answer) is None
    assert difference(answer, {"data": None, "errors": [second, first]})
