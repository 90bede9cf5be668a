"""Selections of an operation rewritten in the many ways that a document can be written."""

from collections.abc import Sequence
from random import Random

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    get_named_type,
    is_composite_type,
    is_leaf_type,
)

from tests.plans.answers import MARK
from tests.plans.arguments import Arguments
from tests.plans.nodes import called, field, keys, on, selecting
from tests.plans.variables import Variables, has_default

Selections = list[SelectionNode]


class Rewriting:
    """One operation's rewriting. `left_alone` are fields whose names no other field may take as its alias."""

    def __init__(
        self,
        schema: GraphQLSchema,
        random: Random,
        arguments: Arguments,
        variables: Variables,
        left_alone: frozenset[str] = frozenset(),
    ) -> None:
        self._schema, self._random, self._left_alone = schema, random, left_alone
        self._arguments, self._variables = arguments, variables
        self._names = 0
        self.fragments: list[FragmentDefinitionNode] = []

    def of(self, node: SelectionSetNode, parent: GraphQLCompositeType) -> SelectionSetNode:
        """The selections of this type, rewritten."""
        selections = [self._selection(each, parent) for each in node.selections]
        for change in (self._more, self._typename, self._swap, self._repeat, self._gather, self._reuse, self._shuffle):
            selections = change(selections, parent)
        return SelectionSetNode(selections=tuple(selections))

    def _now(self, probability: float) -> bool:
        return self._random.random() < probability

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{self._variables.prefix}{prefix}{self._names}"

    def _selection(self, node: SelectionNode, parent: GraphQLCompositeType) -> SelectionNode:
        match node:
            case FieldNode():
                return self._field(node, parent)
            case InlineFragmentNode(type_condition=NamedTypeNode(name=NameNode(value=name))):
                narrowed = self._schema.type_map[name]
                assert is_composite_type(narrowed)
                return self._fragment([*self.of(node.selection_set, narrowed).selections], narrowed)
            case _:
                raise AssertionError(node.kind)

    def _field(self, node: FieldNode, parent: GraphQLCompositeType) -> FieldNode:
        definition = self._schema.get_field(parent, node.name.value)
        assert definition is not None
        inner = get_named_type(definition.type)
        sub = self.of(node.selection_set, inner) if node.selection_set and is_composite_type(inner) else None
        alias = (
            f"{self._name('a')}{MARK}{node.name.value}" if self._now(0.1) else node.alias.value if node.alias else None
        )
        return field(node.name.value, alias, self._given(node, definition), self._directives(), sub)

    def _given(self, node: FieldNode, definition: GraphQLField) -> Sequence[ArgumentNode]:
        made = self._arguments.of(node.name.value, definition, node.arguments or ())
        return [ArgumentNode(name=each.name, value=self._lifted(each, definition)) for each in made]

    def _lifted(self, node: ArgumentNode, definition: GraphQLField) -> ValueNode:
        given = definition.args[node.name.value]
        return self._variables.lift(node.value, given.type, defaults=has_default(given))

    def _directives(self) -> Sequence[DirectiveNode]:
        if not self._now(0.07):
            return ()
        names = self._random.choice([("include",), ("skip",), ("include", "skip"), ("skip", "include")])
        return [self._directive(name) for name in names]

    def _directive(self, name: str) -> DirectiveNode:
        value = self._variables.flag((name == "include") ^ self._now(0.4))
        condition = ArgumentNode(name=NameNode(value="if"), value=value)
        return DirectiveNode(name=NameNode(value=name), arguments=(condition,))

    def _more(self, selections: Selections, parent: GraphQLCompositeType) -> Selections:
        """Leaves of the same object that were not asked for."""
        if isinstance(parent, GraphQLUnionType) or not self._now(0.3):
            return selections
        taken = keys(selections)
        leaves = [name for name, each in parent.fields.items() if name not in taken and self._is_ready(name, each)]
        chosen = self._random.sample(leaves, min(len(leaves), self._random.randint(1, 5)))
        return [*selections, *(self._field(field(name), parent) for name in chosen)]

    def _is_ready(self, name: str, definition: GraphQLField) -> bool:
        return is_leaf_type(get_named_type(definition.type)) and self._arguments.suffice(name, definition)

    def _typename(self, selections: Selections, _: GraphQLCompositeType) -> Selections:
        if not self._now(0.15):
            return selections
        alias = self._name("t") if self._now(0.3) else None
        return self._put(selections, field("__typename", alias, (), self._directives(), None))

    def _put(self, selections: Selections, node: SelectionNode) -> Selections:
        at = self._random.randint(0, len(selections))
        return [*selections[:at], node, *selections[at:]]

    def _swap(self, selections: Selections, parent: GraphQLCompositeType) -> Selections:
        """Two fields take each other's name."""
        plain = self._unaliased(selections)
        if len(plain) < 2 or not isinstance(parent, GraphQLObjectType) or not self._now(0.07):
            return selections
        one, other = self._random.sample(plain, 2)
        swapped = {id(one): called(one, other.name.value), id(other): called(other, one.name.value)}
        return [swapped.get(id(each), each) for each in selections]

    def _unaliased(self, selections: Selections) -> list[FieldNode]:
        fields = [each for each in selections if isinstance(each, FieldNode) and each.alias is None]
        return [each for each in fields if each.name.value not in self._left_alone]

    def _repeat(self, selections: Selections, _: GraphQLCompositeType) -> Selections:
        """A field comes again; what is selected of it is divided between both."""
        fields = [each for each in selections if isinstance(each, FieldNode)]
        if not fields or not self._now(0.12):
            return selections
        chosen = self._random.choice(fields)
        first, second = self._divided(chosen)
        return self._put([first if each is chosen else each for each in selections], second)

    def _divided(self, node: FieldNode) -> tuple[FieldNode, FieldNode]:
        subs = node.selection_set.selections if node.selection_set else ()
        if len(subs) < 2:
            return node, selecting(node, subs, self._directives())
        at, overlap = self._random.randint(1, len(subs) - 1), self._random.randint(0, 1)
        return selecting(node, subs[:at]), selecting(node, subs[at - overlap :], self._directives())

    def _gather(self, selections: Selections, parent: GraphQLCompositeType) -> Selections:
        """Some of the selections go into a fragment, which is spread there, and perhaps again at the end."""
        if not selections or not self._now(0.2):
            return selections
        start = self._random.randrange(len(selections))
        stop = self._random.randint(start + 1, len(selections))
        fragment = self._fragment(selections[start:stop], parent)
        again = [fragment] if self._now(0.2) else []
        left_in = selections[start : start + 1] if self._now(0.2) else []
        return [*selections[:start], fragment, *left_in, *selections[stop:], *again]

    def _fragment(self, selections: Selections, parent: GraphQLCompositeType) -> SelectionNode:
        """The selections in a fragment on their type, or on a wider one around it."""
        wider = self._wider(parent)
        if wider and self._now(0.2):
            return self._fragment_on([self._fragment_on(selections, parent)], self._random.choice(wider))
        return self._fragment_on(selections, parent)

    def _fragment_on(self, selections: Selections, parent: GraphQLCompositeType) -> SelectionNode:
        chosen = SelectionSetNode(selections=tuple(selections))
        if self._now(0.5):
            return InlineFragmentNode(
                type_condition=on(parent), directives=tuple(self._directives()), selection_set=chosen
            )
        name = NameNode(value=self._name("F"))
        self.fragments.append(
            FragmentDefinitionNode(name=name, type_condition=on(parent), directives=(), selection_set=chosen)
        )
        return FragmentSpreadNode(name=name, directives=tuple(self._directives()))

    def _wider(self, parent: GraphQLCompositeType) -> list[GraphQLCompositeType]:
        if not isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)):
            return []
        abstract = [each for each in self._schema.type_map.values() if is_composite_type(each) and each is not parent]
        return [each for each in abstract if self._is_around(each, parent)]

    def _is_around(self, wider: GraphQLCompositeType, parent: GraphQLCompositeType) -> bool:
        return not isinstance(wider, GraphQLObjectType) and self._schema.is_sub_type(wider, parent)

    def _reuse(self, selections: Selections, parent: GraphQLCompositeType) -> Selections:
        """A fragment of this type that there is already, once more."""
        there = [each for each in self.fragments if each.type_condition.name.value == parent.name]
        if not there or not self._now(0.1):
            return selections
        name = self._random.choice(there).name
        return self._put(selections, FragmentSpreadNode(name=name, directives=tuple(self._directives())))

    def _shuffle(self, selections: Selections, _: GraphQLCompositeType) -> Selections:
        return self._random.sample(selections, len(selections)) if self._now(0.1) else selections
