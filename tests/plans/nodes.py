"""Nodes of documents."""

from collections.abc import Sequence

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    GraphQLCompositeType,
    NamedTypeNode,
    NameNode,
    SelectionNode,
    SelectionSetNode,
)


def field(
    name: str,
    alias: str | None = None,
    arguments: Sequence[ArgumentNode] = (),
    directives: Sequence[DirectiveNode] = (),
    selections: SelectionSetNode | None = None,
) -> FieldNode:
    """A field, with everything that it may have."""
    return FieldNode(
        name=NameNode(value=name),
        alias=NameNode(value=alias) if alias else None,
        arguments=tuple(arguments),
        directives=tuple(directives),
        selection_set=selections,
    )


def called(node: FieldNode, alias: str) -> FieldNode:
    """The field under another key."""
    return field(node.name.value, alias, node.arguments or (), node.directives or (), node.selection_set)


def selecting(
    node: FieldNode, selections: Sequence[SelectionNode], directives: Sequence[DirectiveNode] | None = None
) -> FieldNode:
    """The same field, of which something else is selected, under other conditions if there are any."""
    chosen = SelectionSetNode(selections=tuple(selections)) if selections else None
    alias, kept = node.alias.value if node.alias else None, node.directives or ()
    return field(node.name.value, alias, node.arguments or (), kept if directives is None else directives, chosen)


def on(type_: GraphQLCompositeType) -> NamedTypeNode:
    """The type by its name."""
    return NamedTypeNode(name=NameNode(value=type_.name))


def keys(selections: Sequence[SelectionNode]) -> set[str]:
    """The keys that fields among the selections have in the answer."""
    return {key(each) for each in selections if isinstance(each, FieldNode)}


def key(node: FieldNode) -> str:
    """The key that the field has in the answer."""
    return (node.alias or node.name).value
