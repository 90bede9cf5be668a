"""Arguments of a field: what is constant is coerced once, the rest with every request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    Undefined,
    ValueNode,
    VariableNode,
    is_non_null_type,
    is_required_argument,
    visit,
)
from graphql.language import BREAK, Visitor
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry.schema import Schema
from strawberry.types.field import StrawberryField

from app.plans.inputs import converter
from app.plans.variables import Variables

Read = Callable[[Variables], Any]
"""An argument's coerced value in a request; Undefined where it has none."""

Arguments = Callable[[Variables], dict[str, Any]]
"""The keyword arguments of a resolver in a request. Raises Unforeseen where graphql-core has to say what is wrong."""


class Unforeseen(Exception):
    """Something is not as a plan takes it to be: graphql-core goes on from here."""


def arguments(schema: Schema, field: StrawberryField, definition: GraphQLField, node: FieldNode) -> Arguments | None:
    """What gives a resolver its arguments; None where it takes none."""
    given = {each.name.value: each for each in node.arguments or ()}
    name_of = schema.config.name_converter.from_argument
    parts = [
        _Part(each.python_name, *_read(takes, given.get(name)), converter(schema, each))
        for each in field.arguments
        for name in (name_of(each),)
        for takes in (definition.args[name],)
    ]
    if not parts:
        return None
    same, each_time = _constants(parts), [part for part in parts if not (part.constant and part.convert is None)]

    def read(variables: Variables) -> dict[str, Any]:
        found = same.copy()
        for part in each_time:
            value = part.read(variables)
            if value is not Undefined:
                found[part.name] = value if part.convert is None else part.convert(value)
        return found

    return read


def _constants(parts: Sequence["_Part"]) -> dict[str, Any]:
    """The arguments that are the same in all requests, and shared by them."""
    values = {part.name: part.constant[0] for part in parts if part.constant and part.convert is None}
    return {name: value for name, value in values.items() if value is not Undefined}


@dataclass(frozen=True, slots=True)
class _Part:
    """One argument of a resolver: its value where it is always the same, and how to come by it."""

    name: str
    constant: tuple[Any, ...]
    read: Read
    convert: Callable[[Any], Any] | None


def _read(definition: GraphQLArgument, given: ArgumentNode | None) -> tuple[tuple[Any, ...], Read]:
    absent = Undefined if is_required_argument(definition) else coerce_default_value(definition)
    if given is None:
        return (absent,), _constant(absent)
    value = given.value
    if isinstance(value, VariableNode):
        return (), _variable(value.name.value, definition, absent)
    if _has_variables(value):
        return (), _literal_with_variables(value, definition)
    constant = coerce_input_literal(value, definition.type)
    return (constant,), _constant(constant)


def _constant(value: Any) -> Read:
    return lambda _: value


def _variable(name: str, definition: GraphQLArgument, absent: Any) -> Read:
    required, non_null = is_required_argument(definition), is_non_null_type(definition.type)

    def read(variables: Variables) -> Any:
        value = variables.coerced.get(name, Undefined)
        if (value is None and non_null) or (value is Undefined and required):
            raise Unforeseen(name)
        return absent if value is Undefined else value

    return read


def _literal_with_variables(node: ValueNode, definition: GraphQLArgument) -> Read:
    def read(variables: Variables) -> Any:
        value = coerce_input_literal(node, definition.type, variables.values())
        if value is Undefined:
            raise Unforeseen
        return value

    return read


class _Variables(Visitor):
    found = False

    def enter_variable(self, *_: Any) -> Any:
        self.found = True
        return BREAK


def _has_variables(node: ValueNode) -> bool:
    looking = _Variables()
    visit(node, looking)
    return looking.found
