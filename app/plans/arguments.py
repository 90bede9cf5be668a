"""Arguments of a field: what is constant is coerced once, the rest with every request."""

from collections.abc import Callable
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

Bind = Callable[[str, object], str]
"""Gives a thing a name in the written code."""


class Unforeseen(Exception):
    """Something is not as a plan takes it to be: graphql-core goes on from here."""


@dataclass(frozen=True, slots=True)
class _Constant:
    """A value that is the same in all requests, which share it; Undefined for none."""

    value: Any


@dataclass(frozen=True, slots=True)
class _Varying:
    """A value that is read with every request."""

    read: Read
    may_be_undefined: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a resolver."""

    name: str
    source: _Constant | _Varying
    convert: Callable[[Any], Any] | None

    def written(self, variables: str, bind: Bind) -> str | None:
        """What stands for it in a call, where `variables` names the request's; None where it is never given.

        That raises Unforeseen where graphql-core has to say what is wrong.
        """
        match self.source:
            case _Constant(value) if value is Undefined:
                return None
            case _Constant(value):
                said = bind("constant", value)
            case _Varying(_, may_be_undefined=True):
                return f"**{bind('given', self._given)}({variables})"
            case _Varying(read):
                said = f"{bind('read', read)}({variables})"
        return f"{self.name}={said}" if self.convert is None else f"{self.name}={bind('convert', self.convert)}({said})"

    def _given(self, variables: Variables) -> dict[str, Any]:
        assert isinstance(self.source, _Varying)
        value = self.source.read(variables)
        if value is Undefined:
            return {}
        return {self.name: value if self.convert is None else self.convert(value)}


def arguments(
    schema: Schema, field: StrawberryField, definition: GraphQLField, node: FieldNode
) -> tuple[Argument, ...]:
    """The arguments that a resolver takes."""
    given = {each.name.value: each for each in node.arguments or ()}
    name_of = schema.config.name_converter.from_argument
    return tuple(
        Argument(each.python_name, _source(definition.args[name], given.get(name)), converter(schema, each))
        for each in field.arguments
        for name in (name_of(each),)
    )


def _source(definition: GraphQLArgument, given: ArgumentNode | None) -> _Constant | _Varying:
    absent = Undefined if is_required_argument(definition) else coerce_default_value(definition)
    if given is None:
        return _Constant(absent)
    value = given.value
    if isinstance(value, VariableNode):
        return _variable(value.name.value, definition, absent)
    if _has_variables(value):
        return _literal_with_variables(value, definition)
    return _Constant(coerce_input_literal(value, definition.type))


def _variable(name: str, definition: GraphQLArgument, absent: Any) -> _Varying:
    required, non_null = is_required_argument(definition), is_non_null_type(definition.type)

    def read(variables: Variables) -> Any:
        value = variables.coerced.get(name, Undefined)
        if (value is None and non_null) or (value is Undefined and required):
            raise Unforeseen(name)
        return absent if value is Undefined else value

    return _Varying(read, may_be_undefined=absent is Undefined and not required)


def _literal_with_variables(node: ValueNode, definition: GraphQLArgument) -> _Varying:
    def read(variables: Variables) -> Any:
        value = coerce_input_literal(node, definition.type, variables.values())
        if value is Undefined:
            raise Unforeseen
        return value

    return _Varying(read)


class _Variables(Visitor):
    found = False

    def enter_variable(self, *_: Any) -> Any:
        self.found = True
        return BREAK


def _has_variables(node: ValueNode) -> bool:
    looking = _Variables()
    visit(node, looking)
    return looking.found
