"""Literals lifted out of an operation into variables, with values that fit, values that do not, null, and none."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, cast

from graphql import (
    BooleanValueNode,
    ConstValueNode,
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    get_nullable_type,
    parse_type,
    value_from_ast_untyped,
)

LIFTED: Final = 0.35
"""How probably a literal, or a part of one, becomes a variable."""

ANYTHING: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 2**31, 2**53, 10**40, "", "x", "1", "RED", "\x00", "ü"),
    *("2026-01-01", "1.00", [], [None], ["x"], [[1]], {}, {"nope": 1}, {"number": None}, "\ud800", 1e400),
)


@dataclass(frozen=True)
class Variable:
    """What an operation declares, and the value that stood in its place."""

    name: str
    type: str
    default: ConstValueNode | None
    value: Any

    @property
    def node(self) -> VariableDefinitionNode:
        """The declaration."""
        return VariableDefinitionNode(
            variable=named(self.name), type=parse_type(self.type, no_location=True), default_value=self.default
        )


@dataclass
class Variables:
    """The variables of one operation."""

    random: Random
    prefix: str = "v"
    declared: list[Variable] = field(default_factory=list)

    def lift(self, node: ValueNode, type_: GraphQLInputType, *, defaults: bool = False) -> ValueNode:
        """The value with a variable in its place, or in the place of parts of it, or as it is."""
        if self.random.random() < LIFTED:
            return self._again(type_) or self._declare(node, type_, defaults)
        inner = get_nullable_type(type_)
        match node:
            case ListValueNode() if isinstance(inner, GraphQLList):
                return ListValueNode(values=tuple(self.lift(each, inner.of_type) for each in node.values))
            case ObjectValueNode() if isinstance(inner, GraphQLInputObjectType) and not inner.is_one_of:
                return ObjectValueNode(fields=tuple(self._lift_field(each, inner) for each in node.fields))
            case _:
                return node

    def flag(self, value: bool) -> ValueNode:
        """A condition: the value itself, or a variable that has it."""
        literal = BooleanValueNode(value=value)
        if self.random.random() < 0.5:
            return literal
        ways: list[tuple[str, ConstValueNode | None]] = [
            ("Boolean!", None),
            ("Boolean!", literal),
            ("Boolean", literal),
        ]
        type_, default = self.random.choice(ways)
        return self._named(type_, default, value)

    def values(self, *, careless: bool) -> dict[str, Any] | None:
        """What the client sends: all of it, or, from a careless one, something wrong or less."""
        sent = {each.name: each.value for each in self.declared if not self._may_be_silent(each)}
        if careless:
            self._spoil(sent)
        return sent if sent or self.random.random() < 0.5 else None

    def _spoil(self, sent: dict[str, Any]) -> None:
        for variable in self.random.sample(self.declared, min(len(self.declared), self.random.randint(0, 2))):
            match self.random.randint(0, 4):
                case 0:
                    sent.pop(variable.name, None)
                case 1:
                    sent[variable.name] = None
                case 2:
                    sent[variable.name] = [variable.value]
                case 3:
                    sent[variable.name] = self._bent(variable.value)
                case _:
                    sent[variable.name] = self.random.choice(ANYTHING)
        if self.random.random() < 0.1:
            sent["undeclared"] = 1

    def _bent(self, value: Any) -> Any:
        """Something of it is another thing."""
        if isinstance(value, dict) and value:
            name = self.random.choice([*value, "nope"])
            return value | {name: self._bent(value.get(name))}
        if isinstance(value, list) and value:
            return [*value[1:], self._bent(value[0])]
        return self.random.choice(ANYTHING)

    def _may_be_silent(self, variable: Variable) -> bool:
        if variable.default is None and (variable.type.endswith("!") or variable.value is not None):
            return False
        return self.random.random() < 0.5

    def _lift_field(self, node: ObjectFieldNode, type_: GraphQLInputObjectType) -> ObjectFieldNode:
        given = type_.fields[node.name.value]
        value = self.lift(node.value, given.type, defaults=has_default(given))
        return ObjectFieldNode(name=node.name, value=value)

    def _again(self, type_: GraphQLInputType) -> ValueNode | None:
        """A variable of this type that there is already."""
        fitting = [each for each in self.declared if each.type == str(type_)]
        return named(self.random.choice(fitting).name) if fitting and self.random.random() < 0.2 else None

    def _declare(self, node: ValueNode, type_: GraphQLInputType, defaults: bool) -> ValueNode:
        nullable, constant = str(get_nullable_type(type_)), cast("ConstValueNode", node)
        ways: list[tuple[str, ConstValueNode | None]] = [(str(type_), None)]
        if not isinstance(node, NullValueNode):
            ways += [(nullable + "!", None), (nullable, constant), (nullable + "!", constant)]
        if defaults or not isinstance(type_, GraphQLNonNull):
            ways += [(nullable, None), (nullable, constant)]
        declared_type, default = self.random.choice(ways)
        return self._named(declared_type, default, value_from_ast_untyped(node))

    def _named(self, type_: str, default: ConstValueNode | None, value: Any) -> ValueNode:
        variable = Variable(f"{self.prefix}{len(self.declared)}", type_, default, value)
        self.declared.append(variable)
        return named(variable.name)


def named(name: str) -> VariableNode:
    """The variable of this name."""
    return VariableNode(name=NameNode(value=name))


def has_default(given: GraphQLArgument | GraphQLInputField) -> bool:
    """Whether something holds where nothing is given."""
    return given.default_value is not Undefined
