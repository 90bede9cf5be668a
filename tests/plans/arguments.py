"""Arguments of generated operations made likely: many are left out, and known values take the places of others."""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Final

from graphql import (
    ArgumentNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    ListValueNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    ValueNode,
    get_nullable_type,
    is_required_argument,
    is_required_input_field,
    parse_value,
)

from tests.plans.answers import MARK

Known = Mapping[str, Sequence[str]]
"""Literals by `field.argument`, by name of an argument or an input field, or by type; the first that is found holds."""

KEPT: Final = 0.4
"""How probably an argument stays that may be left out."""

FROM_KNOWN: Final = 0.9
LONGEST: Final = 4


class Arguments:
    """Makes the arguments of fields, out of generated and known ones."""

    def __init__(self, random: Random, known: Known) -> None:
        self._random, self._known = random, known

    def of(self, field: str, definition: GraphQLField, generated: Sequence[ArgumentNode]) -> list[ArgumentNode]:
        """The arguments of this field, in any order."""
        nodes = {node.name.value: node.value for node in generated}
        made = [
            ArgumentNode(name=NameNode(value=name), value=self._value(argument.type, nodes.get(name), field, name))
            for name, argument in definition.args.items()
            if self._stays(argument) and (name in nodes or self._literals(argument.type, field, name))
        ]
        return self._random.sample(made, len(made))

    def suffice(self, field: str, definition: GraphQLField) -> bool:
        """Whether the known literals are enough for what the field requires."""
        required = [(name, each.type) for name, each in definition.args.items() if is_required_argument(each)]
        return all(self._literals(type_, field, name) for name, type_ in required)

    def _stays(self, argument: GraphQLArgument) -> bool:
        return is_required_argument(argument) or self._random.random() < KEPT

    def _literals(self, type_: GraphQLInputType, field: str, name: str) -> Sequence[str]:
        places = (f"{field}.{name}", name, str(get_nullable_type(type_)))
        return next((self._known[place] for place in places if place in self._known), ())

    def _value(self, type_: GraphQLInputType, node: ValueNode | None, field: str, name: str) -> ValueNode:
        literals = self._literals(type_, field, name)
        if literals and (node is None or self._random.random() < FROM_KNOWN):
            return literal(self._random.choice(literals))
        assert node is not None
        return self._within(type_, node, field)

    def _within(self, type_: GraphQLInputType, node: ValueNode, field: str) -> ValueNode:
        inner = get_nullable_type(type_)
        match node:
            case ObjectValueNode() if isinstance(inner, GraphQLInputObjectType):
                return self._object(inner, node, field)
            case ListValueNode() if isinstance(inner, GraphQLList):
                values = [self._item(inner.of_type, each, field) for each in node.values[:LONGEST]]
                return ListValueNode(values=tuple(values))
            case _:
                return node

    def _item(self, type_: GraphQLInputType, node: ValueNode, field: str) -> ValueNode:
        return self._value(type_, node, field, f"{MARK}item")

    def _object(self, type_: GraphQLInputObjectType, node: ObjectValueNode, field: str) -> ValueNode:
        given = {each.name.value: each.value for each in node.fields}
        chosen = self._one(given) if type_.is_one_of else self._some(type_, given)
        fields = [
            ObjectFieldNode(
                name=NameNode(value=name), value=self._value(type_.fields[name].type, given.get(name), field, name)
            )
            for name in chosen
        ]
        return ObjectValueNode(fields=tuple(fields))

    def _one(self, given: Mapping[str, ValueNode]) -> list[str]:
        there = [name for name, value in given.items() if not isinstance(value, NullValueNode)]
        return [self._random.choice(there)] if there and self._random.random() < FROM_KNOWN else list(given)

    def _some(self, type_: GraphQLInputObjectType, given: Mapping[str, ValueNode]) -> list[str]:
        names = [name for name, field in type_.fields.items() if self._taken(name, field, given)]
        return self._random.sample(names, len(names))

    def _taken(self, name: str, field: GraphQLInputField, given: Mapping[str, ValueNode]) -> bool:
        if name not in given and not self._literals(field.type, "", name):
            return False
        return is_required_input_field(field) or self._random.random() < KEPT


@cache
def literal(text: str) -> ValueNode:
    """The value that is written so."""
    return parse_value(text, no_location=True)
