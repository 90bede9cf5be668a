"""One operation of a document, with what graphql-core needs to know to look through its selections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeNameMetaFieldDef,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

Grouped = Mapping[str, list[FieldDetails]]
"""Response keys, in order, with the field nodes that are merged under each."""


class Inexpressible(Exception):
    """There is something in the operation that plans do not know of: the library has to execute it."""


@dataclass(frozen=True)
class Operation:
    """An operation that has passed validation."""

    schema: GraphQLSchema
    document: DocumentNode
    node: OperationDefinitionNode

    @cached_property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """The document's fragments by name."""
        definitions = self.document.definitions
        return {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}

    @cached_property
    def root(self) -> GraphQLObjectType:
        """The schema's type for this operation. Raises Inexpressible where it has none."""
        root = self.schema.get_root_type(self.node.operation)
        if root is None:
            raise Inexpressible(self.node.operation.value)
        return root

    @cached_property
    def switches(self) -> tuple[str, ...]:
        """The variables that decide by @skip or @include what is selected."""
        names = {
            argument.value.name.value
            for directive in self._directives()
            for argument in directive.arguments or ()
            if isinstance(argument.value, VariableNode)
        }
        return tuple(sorted(names))

    def root_fields(self, variables: VariableValues) -> Grouped:
        """What is selected at the root. Raises Inexpressible for what is to be delivered in parts."""
        found = collect_fields(self.schema, self._details, variables, self.root, self.node)
        return _at_once(found.grouped_field_set, bool(found.new_defer_usages))

    def subfields(self, type_: GraphQLObjectType, details: list[FieldDetails], variables: VariableValues) -> Grouped:
        """What is selected beneath a field, where its value is of this type."""
        found = collect_subfields(self.schema, self._details, variables, self.node, type_, details)
        return _at_once(found.grouped_field_set, bool(found.new_defer_usages))

    def field(self, type_: GraphQLObjectType, name: str) -> GraphQLField:
        """The field's definition. Raises Inexpressible for introspection, which is left to graphql-core."""
        found = self.schema.get_field(type_, name)
        if found is None or (name.startswith("__") and found is not TypeNameMetaFieldDef):
            raise Inexpressible(name)
        return found

    @cached_property
    def _details(self) -> dict[str, FragmentDetails]:
        if any(each.variable_definitions for each in self.fragments.values()):
            raise Inexpressible("variables of fragments")
        return {name: FragmentDetails(definition) for name, definition in self.fragments.items()}

    def _directives(self) -> Iterator[DirectiveNode]:
        yield from _directives_in(self.node.selection_set)
        for fragment in self.fragments.values():
            yield from _directives_in(fragment.selection_set)


def _at_once(grouped: Grouped, deferred: bool) -> Grouped:
    if deferred:
        raise Inexpressible("@defer")
    return grouped


def _directives_in(selections: SelectionSetNode) -> Iterator[DirectiveNode]:
    for selection in selections.selections:
        yield from selection.directives or ()
        inner = getattr(selection, "selection_set", None)
        if inner is not None:
            yield from _directives_in(inner)
