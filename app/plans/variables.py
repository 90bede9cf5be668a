"""Variables of an operation: the plain ones coerced at once, all others as graphql-core does it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    get_nullable_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from app.plans.operations import Inexpressible

_PLAIN: Final[Mapping[Any, type]] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
}
"""Values of exactly these Python types stand for themselves, whole numbers as far as GraphQL's go."""

_INT_MOST: Final = 2**31


class InvalidVariables(Exception):
    """A variable cannot be coerced; graphql-core has the words for it."""


def coercer(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> Callable[[Mapping[str, Any] | None], VariableValues]:
    """What turns a request's variables into the operation's. It raises InvalidVariables.

    Raises Inexpressible for a variable whose type is not one of inputs.
    """
    definitions = operation.variable_definitions or ()
    signatures = [get_variable_signature(schema, each) for each in definitions]
    plain = [_Plain(each) for each in signatures if isinstance(each, GraphQLVariableSignature)]
    if len(plain) < len(definitions):
        raise Inexpressible("a variable that is no input")

    def coerce(given: Mapping[str, Any] | None) -> VariableValues:
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in plain:
            value = given.get(variable.name, Undefined) if given else Undefined
            if variable.takes(value):
                sources[variable.name] = VariableValueSource(variable.signature, value)
                coerced[variable.name] = value
            elif value is Undefined and variable.may_be_absent:
                sources[variable.name] = VariableValueSource(variable.signature)
            else:
                return _as_graphql_core_does(given)
        return VariableValues(sources, coerced)

    def _as_graphql_core_does(given: Mapping[str, Any] | None) -> VariableValues:
        values = get_variable_values(schema, definitions, dict(given or {}))
        if isinstance(values, list):
            raise InvalidVariables
        return values

    return coerce


class _Plain:
    """A variable, and which values of it need no coercing."""

    __slots__ = ("kind", "may_be_absent", "name", "nullable", "signature")

    def __init__(self, signature: GraphQLVariableSignature) -> None:
        self.signature, self.name = signature, signature.name
        self.kind = _PLAIN.get(get_nullable_type(signature.type), _Plain)
        self.nullable = not is_non_null_type(signature.type)
        self.may_be_absent = self.nullable and signature.default is None

    def takes(self, value: Any) -> bool:
        """Whether the value is its own coerced value."""
        if value.__class__ is self.kind:
            return not isinstance(value, int) or -_INT_MOST <= value < _INT_MOST
        return value is None and self.nullable
