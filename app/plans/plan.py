"""Plans: operations that are executed without looking at their documents again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from graphql import ExecutionResult, FieldNode, GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues
from strawberry.schema import Schema

from app.plans.counts import Counts
from app.plans.encoding import encode
from app.plans.fragments import Fragments
from app.plans.operations import Inexpressible, Operation
from app.plans.replay import replay
from app.plans.run import Run
from app.plans.shapes import Failed, Outcomes, Shape, shape
from app.plans.variables import InvalidVariables, Variables, coercer

_MOST_SHAPES: Final = 16
"""How many combinations of its switches a plan keeps."""

Finish = Callable[[ExecutionResult], ExecutionResult]
"""What is done to results of graphql-core before a client sees them."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all plans of a schema have in common."""

    finish: Finish
    counts: Counts
    fragments: Fragments


class Answer(msgspec.Struct, frozen=True):
    """A response: JSON in UTF-8."""

    body: bytes


class Plan:
    """One operation of a document. Making it raises Inexpressible, or a GraphQLError."""

    def __init__(self, schema: Schema, operation: Operation, name: str | None, shared: Shared) -> None:
        self._schema, self._operation, self._name = schema, operation, name
        self._finish, self._counts, self._fragments = shared.finish, shared.counts, shared.fragments
        self.name = _called(operation.node)
        self.durations = shared.counts.durations_of(operation.node.operation.value, self.name)
        self._coerce = coercer(operation.schema, operation.node)
        self._switches = operation.switches
        self._shapes: dict[tuple[Any, ...], Shape] = {}
        self._only = None if self._switches else shape(schema, operation, VariableValues({}, {}), shared.fragments)

    @property
    def kind(self) -> OperationType:
        """Whether it is a query or a mutation."""
        return self._operation.node.operation

    async def run(self, variables: Mapping[str, Any] | None, context: Any) -> Answer:
        """The answer to a request with these variables; resolvers get the context as `info.context`."""
        outcomes: Outcomes = {}
        try:
            coerced = self._coerce(variables)
            written = self._only or self._shape(coerced)
            data = await written.data(Run(context, coerced), outcomes)
        except (InvalidVariables, Inexpressible, GraphQLError, Failed):
            return await self._by_graphql_core(variables, context, outcomes)
        self._counts.planned += 1
        return Answer(encode({"data": data}))

    def _shape(self, variables: Variables) -> Shape:
        """The shape that the switches make. Raises Inexpressible, or a GraphQLError where they cannot be."""
        turned = tuple(variables.coerced.get(name) for name in self._switches)
        found = self._shapes.get(turned)
        if found is None:
            if len(self._shapes) >= _MOST_SHAPES:
                raise Inexpressible("many shapes")
            found = self._shapes[turned] = shape(self._schema, self._operation, variables.values(), self._fragments)
        return found

    async def _by_graphql_core(self, variables: Mapping[str, Any] | None, context: Any, outcomes: Outcomes) -> Answer:
        self._counts.completed += 1
        result = self._finish(await replay(self._operation, self._name, variables, context, outcomes))
        errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
        return Answer(encode({"data": result.data, **errors}))


def _called(operation: OperationDefinitionNode) -> str:
    """An operation's name; without one, its first field, of which the schema has so many and no more."""
    if operation.name is not None:
        return operation.name.value
    selected = operation.selection_set.selections
    return f"{{ {next((each.name.value for each in selected if isinstance(each, FieldNode)), '…')} }}"
