"""Variables of an operation: those that are as they should be coerced here, all others as graphql-core does it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from graphql import GraphQLSchema, OperationDefinitionNode, Undefined, is_non_null_type
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from app.plans.coercion import Coercions, NotPlain
from app.plans.operations import Inexpressible


class InvalidVariables(Exception):
    """A variable cannot be coerced; graphql-core has the words for it."""


class Variables(msgspec.Struct):
    """The coerced values of a request's variables by name, and all that graphql-core knows of them when it is asked."""

    coerced: dict[str, Any]
    signatures: Mapping[str, GraphQLVariableSignature]
    given: Mapping[str, Any]
    known: VariableValues | None = None

    def values(self) -> VariableValues:
        """As graphql-core hands them to resolvers."""
        if self.known is None:
            sources = {
                name: VariableValueSource(signature, self.given.get(name, Undefined))
                for name, signature in self.signatures.items()
            }
            self.known = VariableValues(sources, self.coerced)
        return self.known


def coercer(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> Callable[[Mapping[str, Any] | None], Variables]:
    """What turns a request's variables into the operation's. It raises InvalidVariables.

    Raises Inexpressible for a variable whose type is not one of inputs.
    """
    definitions = operation.variable_definitions or ()
    found = [get_variable_signature(schema, each) for each in definitions]
    signatures = {each.name: each for each in found if isinstance(each, GraphQLVariableSignature)}
    if len(signatures) < len(definitions):
        raise Inexpressible("a variable that is no input")
    plain = _plain(signatures)

    def coerce(given: Mapping[str, Any] | None) -> Variables:
        given = given or {}
        try:
            return Variables(plain(given), signatures, given)
        except Exception:  # noqa: BLE001 - a value that is wrong, or a scalar's own way to say so
            return _as_graphql_core_does(given)

    def _as_graphql_core_does(given: Mapping[str, Any]) -> Variables:
        values = get_variable_values(schema, definitions, dict(given))
        if isinstance(values, list):
            raise InvalidVariables
        return Variables(values.coerced, signatures, given, values)

    return coerce


def _plain(signatures: Mapping[str, GraphQLVariableSignature]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What coerces values that are as they should be. It raises for all others."""
    coercions = Coercions()
    known = [(each.name, coercions.of(each.type), _may_be_absent(each)) for each in signatures.values()]

    def coerce(given: Mapping[str, Any]) -> dict[str, Any]:
        coerced: dict[str, Any] = {}
        for name, coerce_value, may_be_absent in known:
            if name in given:
                coerced[name] = coerce_value(given[name])
            elif not may_be_absent:
                raise NotPlain(name)
        return coerced

    return coerce


def _may_be_absent(signature: GraphQLVariableSignature) -> bool:
    """Whether nothing has to be put in its place, either."""
    return not is_non_null_type(signature.type) and signature.default is None
