"""What is written for scalars and enums: first what is right for nearly every value, then what graphql-core does."""

from collections.abc import Callable
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)
from strawberry.schema import Schema

from app.plans.arguments import Unforeseen

Bind = Callable[[str, object], str]
"""Gives a thing a name in the written code."""

_STANDS_FOR_ITSELF: Final = {
    GraphQLString: "{0}.__class__ is str",
    GraphQLID: "{0}.__class__ is str",
    GraphQLBoolean: "{0}.__class__ is bool",
    GraphQLInt: "({0}.__class__ is int and -2147483648 <= {0} <= 2147483647)",
}
"""Of which values a scalar shows what they are."""


def leaf(schema: Schema, type_: GraphQLLeafType, v: str, bind: Bind) -> str:
    """An expression for what is shown of the variable `v`, which is not None. It raises whatever it raises."""
    coerce = bind("leaf", _coercion(type_))
    if type_ in _STANDS_FOR_ITSELF:
        return f"({v} if {_STANDS_FOR_ITSELF[type_].format(v)} else {coerce}({v}))"
    if isinstance(type_, GraphQLEnumType):
        return f"({bind('enum', _members(type_))}.get({v}) or {coerce}({v}))"
    python = _python_type(schema, type_)
    if python is None:
        return f"{coerce}({v})"
    made, show = bind("class", python), bind("show", type_.coerce_output_value)
    return f"(w if {v}.__class__ is {made} and (w := {show}({v})) is not None else {coerce}({v}))"


def _coercion(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    coerce_value = type_.coerce_output_value

    def coerce(value: Any) -> Any:
        if value is None or isinstance(value, Exception) or hasattr(value, "__await__"):
            raise Unforeseen
        shown = coerce_value(value)
        if shown is None or shown is Undefined:
            raise Unforeseen
        return shown

    return coerce


def _members(type_: GraphQLEnumType) -> dict[Any, str]:
    """The names of an enum's members, by member."""
    wrapped = getattr(type_, "wrapped_cls", ())
    return {member: type_.coerce_output_value(member) for member in wrapped}


def _python_type(schema: Schema, type_: GraphQLScalarType) -> type | None:
    """The class whose instances a scalar is for, where it was declared for one."""
    definition = type_.extensions.get("strawberry-definition")
    registry = schema.schema_converter.scalar_registry
    found = [each for each, declared in registry.items() if declared is definition and isinstance(each, type)]
    return found[0] if len(found) == 1 and not issubclass(found[0], Exception) else None
