"""GraphQL texts, parsed and validated once, and refused when they are too large.

The size is measured before GraphQL's own rules look at the document, because comparing fields with each other takes
quadratic time and fragments that spread fragments grow exponentially.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
    validate,
)
from strawberry.extensions import SchemaExtension

MAX_TOKENS: Final = 4_000
MAX_DEPTH: Final = 15
MAX_ALIASES: Final = 60
MAX_FIELDS: Final = 600

_CACHED: Final = 256
LONGEST_CACHED: Final = 20_000
"""Characters; a longer text carries its data in itself and will not come again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document with all that is wrong with it."""

    document: DocumentNode
    errors: list[GraphQLError]
    operations: int


class Documents(SchemaExtension):
    """Takes each operation's document from the cache, or prepares it."""

    def on_parse(self) -> Iterator[None]:
        """Parses. What is no GraphQL is left to the library, which parses again and answers the error."""
        context = self.execution_context
        context.parse_options["max_tokens"] = MAX_TOKENS
        if context.query:
            with suppress(GraphQLError):
                context.graphql_document = self._prepared(context.query).document
        yield

    def on_validate(self) -> Iterator[None]:
        """Validates, and asks which of several operations is meant: the library would run the first."""
        context = self.execution_context
        assert context.query is not None
        prepared = self._prepared(context.query)
        named = context._provided_operation_name is not None  # noqa: SLF001 - operation_name falls back on the first
        ambiguous = prepared.operations > 1 and not named
        context.pre_execution_errors = prepared.errors or ([_which_one()] if ambiguous else [])
        yield

    def _prepared(self, query: str) -> Prepared:
        preparing = prepare if len(query) <= LONGEST_CACHED else prepare.__wrapped__
        return preparing(self.execution_context.schema._schema, query)  # noqa: SLF001 - as the library's extensions do


@lru_cache(maxsize=_CACHED)
def prepare(schema: GraphQLSchema, query: str) -> Prepared:
    """The document, parsed and validated. Raises GraphQLError for what is no GraphQL."""
    document = parse(query, max_tokens=MAX_TOKENS)
    operations = sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions)
    return Prepared(document, excess(document) or validate(schema, document), operations)


def _which_one() -> GraphQLError:
    return GraphQLError("The document has several operations: say which one to run with operationName.")


def excess(document: DocumentNode) -> list[GraphQLError]:
    """What is too large about a document; nothing for most."""
    measure = _Measure(document)
    try:
        sizes = [measure.of(d.selection_set) for d in document.definitions if isinstance(d, _SELECTING)]
    except RecursionError:
        return [GraphQLError("The document's fragments are nested too deeply.")]
    checks = (
        ("levels deep", max((size.depth for size in sizes), default=0), MAX_DEPTH),
        ("aliases", max((size.aliases for size in sizes), default=0), MAX_ALIASES),
        ("fields", max((size.fields for size in sizes), default=0), MAX_FIELDS),
    )
    return [
        GraphQLError(f"The operation is too large: more than {limit} {what} with its fragments spread out.")
        for what, found, limit in checks
        if found > limit
    ]


_SELECTING = (OperationDefinitionNode, FragmentDefinitionNode)


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0


class _Measure:
    """Sizes of selections with their fragments spread out; each fragment is measured once."""

    def __init__(self, document: DocumentNode) -> None:
        definitions = document.definitions
        self._fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
        self._known: dict[str, _Size] = {}

    def of(self, selections: SelectionSetNode | None) -> _Size:
        """The size of everything selected together."""
        sizes = [self._selection(node) for node in selections.selections] if selections else []
        return _Size(
            depth=max((size.depth for size in sizes), default=0),
            fields=sum(size.fields for size in sizes),
            aliases=sum(size.aliases for size in sizes),
        )

    def _selection(self, node: SelectionNode) -> _Size:
        match node:
            case FieldNode():
                return self._field(node)
            case FragmentSpreadNode():
                return self._fragment(node.name.value)
            case InlineFragmentNode():
                return self.of(node.selection_set)
            case _:
                raise AssertionError(node.kind)

    def _field(self, node: FieldNode) -> _Size:
        """Introspection has a limit of depth of its own among GraphQL's rules."""
        inner = self.of(node.selection_set)
        depth = 1 if node.name.value.startswith("__") else 1 + inner.depth
        return _Size(depth, 1 + inner.fields, inner.aliases + (node.alias is not None))

    def _fragment(self, name: str) -> _Size:
        """A fragment that is under way or missing counts for nothing: GraphQL's rules refuse the document."""
        if name not in self._known:
            self._known[name] = _Size()
            if name in self._fragments:
                self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]
