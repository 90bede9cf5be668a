"""One field of the root by itself: what it comes to does not depend on how the others fared.

Where a field that must not be null fails at the root, all data are gone, and the specification lets the others be
cancelled. Which of their errors are told then is a matter of who was first.
"""

from typing import Any

from graphql import ExecutionResult, FieldNode, FragmentDefinitionNode, execute, parse, visit
from graphql.language import REMOVE, SKIP, Visitor

from schema.errors import typed
from schema.schema import Schema
from tests.plans.answers import Asked
from tests.plans.nodes import key


async def errors_alone(schema: Schema, asked: Asked, context: object, root: str) -> list[Any]:
    """The errors of the field at this key of an operation without the others, which has variables that nothing uses."""
    result = execute(
        schema._schema,
        visit(parse(asked.query), _Narrowing(schema, root)),
        context_value=context,
        variable_values=asked.variables,
        operation_name=asked.operation,
    )
    finished = typed(result if isinstance(result, ExecutionResult) else await result)
    return [error.formatted for error in finished.errors or []]


class _Narrowing(Visitor):
    """Takes the other fields away. Nodes that stay keep their places in the text."""

    def __init__(self, schema: Schema, root: str) -> None:
        super().__init__()
        types = (schema._schema.query_type, schema._schema.mutation_type)
        self._roots, self._root = {each.name for each in types if each}, root

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> Any:
        """Fields of the root's types are nowhere but at the root."""
        return None if node.type_condition.name.value in self._roots else SKIP

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        return SKIP if key(node) == self._root else REMOVE
