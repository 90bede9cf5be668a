"""The same operation asked of the library and of a plan, and whether both said the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from strawberry.http import process_result
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from app.plans import Plans
from schema.schema import Schema

MARK: Final = "__"
"""What stands between what an alias adds and the name of its field, so that a key tells its field."""

NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Asked:
    """One operation, as a client sends it."""

    query: str
    variables: dict[str, Any] | None = None
    operation: str | None = None

    @property
    def is_serial(self) -> bool:
        """Whether it is a mutation: fields of a query may be cancelled for a failure beside them, before they end."""
        return self.query.startswith("mutation")

    def __str__(self) -> str:
        return f"{self.query}\nvariables: {self.variables!a}, operation: {self.operation}"


class Differs(AssertionError):
    """A plan answered something else than the library."""

    def __init__(self, asked: Asked, why: str, expected: object, actual: object) -> None:
        said = (f"{what}:\n{written(answer)}" for what, answer in (("library", expected), ("plan", actual)))
        super().__init__("\n".join((why, str(asked), *said)))


def written(answer: object) -> str:
    """JSON in which the order of keys shows, and 1, 1.0 and true differ."""
    return json.dumps(answer, ensure_ascii=True)


async def by_library(schema: Schema, asked: Asked, context: object) -> Any:
    """The library's answer, as its JSON is read; None where it refuses the operation, or cannot tell which is meant."""
    try:
        result = await schema.execute(
            asked.query, variable_values=asked.variables, context_value=context, operation_name=asked.operation
        )
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        return None
    return json.loads(json.dumps(process_result(result)))


async def by_plan(plans: Plans, asked: Asked, context: object) -> Any:
    """The plan's answer, as its JSON is read; None where there is no plan."""
    plan = plans.plan(asked.query, asked.operation)
    if plan is None:
        return None
    answer = await plan.run(asked.variables, context)
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


def difference(
    expected: Mapping[str, Any] | None, actual: Mapping[str, Any] | None, volatile: frozenset[str] = NONE
) -> str | None:
    """In what two answers differ, if they do. Of volatile fields only the kind of value is compared."""
    if expected is None or actual is None:
        return None if expected is actual else "only one answers"
    if set(expected) != set(actual):
        return f"members: {sorted(expected)}, {sorted(actual)}"
    datas = [written(_steady(answer["data"], volatile)) for answer in (expected, actual)]
    if datas[0] != datas[1]:
        return "data"
    theirs, ours = (ordered(answer.get("errors", [])) for answer in (expected, actual))
    if theirs != ours:
        return f"errors: {_only(theirs, ours)}, {_only(ours, theirs)}"
    rest = [written({k: v for k, v in each.items() if k not in ("data", "errors")}) for each in (expected, actual)]
    return "the rest" if rest[0] != rest[1] else None


def _only(some: list[str], others: list[str]) -> list[str]:
    return [each for each in some if each not in others]


def _steady(data: Any, volatile: frozenset[str]) -> Any:
    if isinstance(data, dict):
        return {
            key: _kind(value) if key.rpartition(MARK)[2] in volatile else _steady(value, volatile)
            for key, value in data.items()
        }
    return [_steady(each, volatile) for each in data] if isinstance(data, list) else data


def _kind(value: object) -> str:
    return type(value).__name__


def ordered(errors: list[dict[str, Any]]) -> list[str]:
    """Errors in the order of their paths, which the specification leaves open; those without one stay as they are."""
    by_path = sorted(errors, key=lambda error: written(error.get("path")))
    return [json.dumps(_without_incident(error), sort_keys=True) for error in by_path]


def _without_incident(error: dict[str, Any]) -> dict[str, Any]:
    """An unforeseen error's incident is random; that it has one stays."""
    extensions = error.get("extensions") or {}
    if extensions.get("code") != "INTERNAL":
        return error
    return error | {"extensions": extensions | {"incident": _kind(extensions.get("incident"))}}
