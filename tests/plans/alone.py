"""One field of the root by itself: what it comes to does not depend on how the others fared.

Where a field that must not be null fails at the root, all data are gone, and the specification lets the others be
cancelled. Which of their errors are told then is a matter of who was first.
"""

from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    execute,
    parse,
)

from schema.errors import typed
from schema.schema import Schema
from tests.plans.answers import Asked
from tests.plans.nodes import key


async def errors_alone(schema: Schema, asked: Asked, context: object, root: str) -> list[Any]:
    """The errors of the field at this key of an operation without the others, which has variables that nothing uses."""
    result = execute(
        schema._schema,
        _narrowed(parse(asked.query), root),
        context_value=context,
        variable_values=asked.variables,
        operation_name=asked.operation,
    )
    finished = typed(result if isinstance(result, ExecutionResult) else await result)
    return [error.formatted for error in finished.errors or []]


def _narrowed(document: DocumentNode, root: str) -> DocumentNode:
    """The document with nothing else at its operations' roots; nodes that stay keep their places in the text."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}

    def kept(selections: SelectionSetNode) -> SelectionSetNode:
        return SelectionSetNode(selections=tuple(each for node in selections.selections for each in part(node)))

    def part(node: SelectionNode) -> Iterator[SelectionNode]:
        match node:
            case FieldNode() if key(node) == root:
                yield node
            case InlineFragmentNode():
                yield _inline(node.directives, kept(node.selection_set))
            case FragmentSpreadNode():
                yield _inline(node.directives, kept(fragments[node.name.value].selection_set))
            case _:
                return

    definitions = (
        OperationDefinitionNode(
            operation=each.operation,
            name=each.name,
            variable_definitions=each.variable_definitions,
            directives=each.directives,
            selection_set=kept(each.selection_set),
        )
        if isinstance(each, OperationDefinitionNode)
        else each
        for each in document.definitions
    )
    return DocumentNode(definitions=tuple(definitions))


def _inline(directives: Any, selections: SelectionSetNode) -> InlineFragmentNode:
    return InlineFragmentNode(type_condition=None, directives=directives, selection_set=selections)
