"""The plans of a schema, by document."""

from functools import lru_cache
from typing import Final

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from strawberry.schema import Schema

from app.plans.counts import Counts
from app.plans.documents import LONGEST_CACHED, Prepared, prepare
from app.plans.fragments import Fragments
from app.plans.operations import Inexpressible, Operation
from app.plans.plan import Finish, Plan, Shared

_KEPT: Final = 512
"""Documents whose plans are kept; making one takes as long as parsing and validating it, some two milliseconds."""


def _as_it_is(result: ExecutionResult) -> ExecutionResult:
    return result


class Plans:
    """Makes plans, and keeps those that were asked for last.

    `finish` is applied to what graphql-core answers. A schema with an extension that looks at every resolver has no
    plans: they would go past it.
    """

    def __init__(self, schema: Schema, finish: Finish = _as_it_is) -> None:
        self._schema, self.counts = schema, Counts()
        self._shared = Shared(finish, self.counts, Fragments())
        self._possible = not any(extension._implements_resolve() for extension in schema.get_extensions())  # noqa: SLF001 - as the library asks
        self._made = lru_cache(_KEPT)(self._make)

    def plan(self, query: str, operation_name: str | None = None) -> Plan | None:
        """The plan of a document's operation; None for what is left to the library, invalid documents among it."""
        plan = self._made(query, operation_name) if len(query) <= LONGEST_CACHED else None
        if plan is None:
            self.counts.without_plan += 1
        return plan

    def _make(self, query: str, operation_name: str | None) -> Plan | None:
        if not self._possible:
            return None
        try:
            prepared = prepare(self._schema._schema, query)  # noqa: SLF001 - as the library's extensions do
            node = _operation(prepared, operation_name)
            if prepared.errors or node is None or node.operation is OperationType.SUBSCRIPTION:
                return None
            operation = Operation(self._schema._schema, prepared.document, node)  # noqa: SLF001
            return Plan(self._schema, operation, operation_name, self._shared)
        except (GraphQLError, Inexpressible, RecursionError):
            return None


def _operation(prepared: Prepared, name: str | None) -> OperationDefinitionNode | None:
    """The operation that is meant, if that is clear."""
    operations = [each for each in prepared.document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is None:
        return operations[0] if len(operations) == 1 else None
    return next((each for each in operations if each.name and each.name.value == name), None)
