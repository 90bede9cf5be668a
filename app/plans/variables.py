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
) -> Callable[[Mapping[str, Any] | None], "Variables"]:
    """What turns a request's variables into the operation's. It raises InvalidVariables.

    Raises Inexpressible for a variable whose type is not one of inputs.
    """
    definitions = operation.variable_definitions or ()
    found = [get_variable_signature(schema, each) for each in definitions]
    signatures = {each.name: each for each in found if isinstance(each, GraphQLVariableSignature)}
    if len(signatures) < len(definitions):
        raise Inexpressible("a variable that is no input")
    plain = [(each.name, each.kind, each) for each in map(_Plain, signatures.values())]

    def coerce(given: Mapping[str, Any] | None) -> Variables:
        coerced: dict[str, Any] = {}
        for name, kind, variable in plain:
            value = given.get(name, Undefined) if given else Undefined
            if (value.__class__ is kind and kind is not int) or variable.takes(value):
                coerced[name] = value
            elif value is not Undefined or not variable.may_be_absent:
                return _as_graphql_core_does(given)
        return Variables(coerced, signatures)

    def _as_graphql_core_does(given: Mapping[str, Any] | None) -> Variables:
        values = get_variable_values(schema, definitions, dict(given or {}))
        if isinstance(values, list):
            raise InvalidVariables
        return Variables(values.coerced, signatures, values)

    return coerce


class Variables:
    """The coerced values of a request's variables by name, and all that graphql-core knows of them when it is asked."""

    __slots__ = ("_signatures", "_values", "coerced")

    def __init__(
        self,
        coerced: dict[str, Any],
        signatures: Mapping[str, GraphQLVariableSignature],
        values: VariableValues | None = None,
    ) -> None:
        self.coerced, self._signatures, self._values = coerced, signatures, values

    def values(self) -> VariableValues:
        """As graphql-core hands them to resolvers."""
        if self._values is None:
            given = {name: self.coerced.get(name, Undefined) for name in self._signatures}
            sources = {name: VariableValueSource(self._signatures[name], value) for name, value in given.items()}
            self._values = VariableValues(sources, self.coerced)
        return self._values


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
