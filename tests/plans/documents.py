"""Documents to ask: hypothesis-graphql's operations over a schema, each rewritten several times."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import hypothesis_graphql
from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    print_ast,
)
from hypothesis import strategies as st
from hypothesis_graphql import nodes

from tests.plans.answers import MARK, Asked
from tests.plans.arguments import Arguments, Known
from tests.plans.nodes import called
from tests.plans.selections import Rewriting
from tests.plans.variables import Variables

REWRITTEN: Final = 4
"""How many documents are made of one that was generated: generating takes longer than rewriting."""

OFTEN: Final = 5
"""How much likelier another field of the root is than a rare one."""

ANY_SCALAR: Final = {
    name: st.sampled_from(["", "a", "1", "2026-01-01"]).map(nodes.String)
    for name in ("Decimal", "DateTime", "Date", "Time", "UUID", "BigInt", "JSON", "Void")
}
"""Little of it fits: known literals take their place."""


@dataclass(frozen=True)
class Operation:
    """One operation with the fragments that it spreads."""

    name: str | None
    variables: Variables
    definitions: tuple[DefinitionNode, ...]


@dataclass(frozen=True)
class Book:
    """What the documents of a schema are made from.

    `left_alone` are fields that no alias may be called by, `rare` those of the root that end most of what is asked.
    """

    schema: GraphQLSchema
    known: Known
    left_alone: frozenset[str] = frozenset()
    rare: frozenset[str] = frozenset()

    def queries(self, *, most: int = 3) -> st.SearchStrategy[list[Asked]]:
        """Some documents of up to so many root fields."""
        assert self.schema.query_type is not None
        return self._documents(hypothesis_graphql.queries, self.schema.query_type, most)

    def mutations(self, *, most: int = 5) -> st.SearchStrategy[list[Asked]]:
        """Some documents of up to so many root fields."""
        assert self.schema.mutation_type is not None
        return self._documents(hypothesis_graphql.mutations, self.schema.mutation_type, most)

    def wrong(self) -> st.SearchStrategy[list[Asked]]:
        """A document with one mistake in it."""
        generated = hypothesis_graphql.queries(
            self.schema, custom_scalars=ANY_SCALAR, mode=hypothesis_graphql.Mode.NEGATIVE
        )
        return generated.map(lambda query: [Asked(query)])

    def _documents(
        self, generate: Callable[..., Any], root: GraphQLObjectType, most: int
    ) -> st.SearchStrategy[list[Asked]]:
        by_field = {
            name: generate(self.schema, fields=[name], custom_scalars=ANY_SCALAR, print_ast=_selections)
            for name in root.fields
        }
        chosen = st.lists(self._names(root).flatmap(by_field.__getitem__), min_size=1, max_size=most)
        seeds = st.integers(0, 2**32 - 1)
        return st.builds(lambda fields, seed: self._rewritten(root, fields, Random(seed)), chosen, seeds)

    def _names(self, root: GraphQLObjectType) -> st.SearchStrategy[str]:
        return st.sampled_from([name for name in root.fields for _ in range(1 if name in self.rare else OFTEN)])

    def _rewritten(
        self, root: GraphQLObjectType, fields: Sequence[Sequence[SelectionNode]], random: Random
    ) -> list[Asked]:
        selections = SelectionSetNode(selections=tuple(_apart([each for some in fields for each in some])))
        return [self._document(root, selections, random) for _ in range(REWRITTEN)]

    def _document(self, root: GraphQLObjectType, selections: SelectionSetNode, random: Random) -> Asked:
        several = random.random() < 0.08
        operations = [self._operation(root, selections, random, "v", "A" if several else None)]
        if several:
            operations.append(self._operation(root, selections, random, "w", "B"))
        document = DocumentNode(definitions=tuple(node for each in operations for node in each.definitions))
        meant = random.choice(operations)
        named = random.choice([meant.name, meant.name, meant.name, None, "C"]) if several else None
        return Asked(print_ast(document), meant.variables.values(careless=random.random() < 0.2), named)

    def _operation(
        self, root: GraphQLObjectType, selections: SelectionSetNode, random: Random, prefix: str, name: str | None
    ) -> Operation:
        variables = Variables(random, prefix)
        rewriting = Rewriting(self.schema, random, Arguments(random, self.known), variables, self.left_alone)
        rewritten = rewriting.of(selections, root)
        operation = OperationDefinitionNode(
            operation=OperationType.QUERY if root is self.schema.query_type else OperationType.MUTATION,
            name=NameNode(value=name) if name else None,
            variable_definitions=tuple(each.node for each in variables.declared),
            directives=(),
            selection_set=rewritten,
        )
        return Operation(name, variables, (operation, *rewriting.fragments))


def _selections(document: DocumentNode) -> Sequence[SelectionNode]:
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation.selection_set.selections


def _apart(selections: Sequence[SelectionNode]) -> Iterator[SelectionNode]:
    """Fields of the root with a key of their own each: their arguments differ."""
    seen: set[str] = set()
    for number, each in enumerate(selections):
        assert isinstance(each, FieldNode)
        yield called(each, f"r{number}{MARK}{each.name.value}") if each.name.value in seen else each
        seen.add(each.name.value)
