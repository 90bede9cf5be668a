"""Writing the Python that turns a resolver's value into what the answer shows of it.

For every type that an operation selects from there is a function of the value, the run and, where a resolver beneath
asks for it, the path. All of them raise when a value is not as the schema says, whatever they raise; what to do then is
the plan's business. Names in the written code are those that GraphQL's grammar lets through, or made here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from itertools import count
from typing import Any, Final

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    is_abstract_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from strawberry.schema import Schema

from app.plans.arguments import Unforeseen
from app.plans.operations import Grouped, Operation
from app.plans.resolvers import Resolver, resolver

_STANDS_FOR_ITSELF: Final = {
    GraphQLString: "{0}.__class__ is str",
    GraphQLID: "{0}.__class__ is str",
    GraphQLBoolean: "{0}.__class__ is bool",
    GraphQLInt: "({0}.__class__ is int and -2147483648 <= {0} <= 2147483647)",
}
"""Of which values a scalar shows what they are."""


@dataclass(frozen=True)
class Completer:
    """The name of a written function, and whether it wants to know the path."""

    name: str
    wants_path: bool


@dataclass
class Writer:
    """Writes the functions of one operation, with the variables on which its selections depend."""

    schema: Schema
    operation: Operation
    variables: VariableValues
    names: dict[str, Any] = field(default_factory=lambda: {"Unforeseen": Unforeseen})
    source: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)

    def compiled(self) -> Mapping[str, Any]:
        """The written functions by name."""
        exec(compile("\n".join(self.source), "<plan>", "exec"), self.names)  # noqa: S102 - written here, of checked names
        return self.names

    def value(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Completer:
        """A function of a value of this type that returns what is shown of it."""
        lines, wants_path = self._statements(type_, details, "p")
        name = self._named("value")
        self._write(f"def {name}(v, r, p=None):", [*lines, "return v"])
        return Completer(name, wants_path)

    def function(self, resolve: Resolver) -> str:
        """A function of a source, the run and the path that calls the resolver."""
        name = self._named("call")
        self._write(f"def {name}(o, r, p):", [f"return {self.call(resolve, 'o', 'p')}"])
        return name

    def bind(self, kind: str, thing: object) -> str:
        """A name in the written code for something made here."""
        name = self._named(kind)
        self.names[name] = thing
        return name

    def _named(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def _write(self, head: str, lines: Sequence[str]) -> None:
        self.source += [head, *(f"    {line}" for line in lines)]

    def _statements(self, type_: GraphQLOutputType, details: list[FieldDetails], path: str) -> tuple[list[str], bool]:
        """Statements that complete the variable `v`, and whether they use the path."""
        expression, wants_path = self._expression(type_, details, "v", path)
        return [f"v = {expression}"], wants_path

    def _expression(self, type_: GraphQLOutputType, details: list[FieldDetails], v: str, path: str) -> tuple[str, bool]:
        """An expression for what is shown of the variable `v`, whose place is the expression `path`."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type, details, v, path)
        present, wants_path = self._present(type_, details, v, path)
        return f"(None if {v} is None else {present})", wants_path

    def _present(self, type_: Any, details: list[FieldDetails], v: str, path: str) -> tuple[str, bool]:
        if isinstance(type_, GraphQLList):
            return self._call(self._list(type_, details), v, path)
        if isinstance(type_, GraphQLObjectType):
            return self._call(self._object(type_, details), v, path)
        if is_abstract_type(type_):
            return self._abstract(type_, details, v, path)
        return self._leaf(type_, v), False

    def _call(self, completer: Completer, v: str, path: str) -> tuple[str, bool]:
        with_path = f", {path}" if completer.wants_path else ""
        return f"{completer.name}({v}, r{with_path})", completer.wants_path

    def _leaf(self, type_: GraphQLLeafType, v: str) -> str:
        coerce = self.bind("leaf", _coercion(type_))
        if type_ in _STANDS_FOR_ITSELF:
            return f"({v} if {_STANDS_FOR_ITSELF[type_].format(v)} else {coerce}({v}))"
        if isinstance(type_, GraphQLEnumType):
            return f"({self.bind('enum', _members(type_))}.get({v}) or {coerce}({v}))"
        return f"{coerce}({v})"

    def _list(self, type_: GraphQLList[Any], details: list[FieldDetails]) -> Completer:
        name = self._named("list")
        item, wants_path = self._expression(type_.of_type, details, "x", "p.add_key(n, None)")
        each = "for n, x in enumerate(v)" if wants_path else "for x in v"
        check = "if v.__class__ is not list and v.__class__ is not tuple: raise Unforeseen"
        self._write(f"def {name}(v, r, p=None):", [check, f"return [{item} {each}]"])
        return Completer(name, wants_path)

    def _abstract(self, type_: GraphQLAbstractType, details: list[FieldDetails], v: str, path: str) -> tuple[str, bool]:
        """By the class of the value, which has to be that of a possible type itself."""
        possible = self.operation.schema.get_possible_types(type_)
        completers = {_origin(each): self._object(each, details) for each in possible}
        name = self.bind("types", _Later(self.names, {made: each.name for made, each in completers.items()}))
        wants_path = any(each.wants_path for each in completers.values())
        return f"{name}[{v}.__class__]({v}, r{f', {path}' if wants_path else ''})", wants_path

    def _object(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Completer:
        return self._selection(type_, self.operation.subfields(type_, details, self.variables))

    def _selection(self, type_: GraphQLObjectType, grouped: Grouped) -> Completer:
        parts = [self._field(type_, key, details) for key, details in grouped.items()]
        made = self.bind("class", _origin(type_))
        check = self.bind("unfit", _unfit if type_.is_type_of is None else _of_another_class)
        lines = [f"if o.__class__ is not {made} and {check}(o): raise Unforeseen"]
        lines += [line for part in parts for line in part.before]
        lines.append(f"d = {{{', '.join(f'{part.key!r}: {part.shown}' for part in parts)}}}")
        lines += [line for part in parts for line in part.after]
        name = self._named("object")
        self._write(f"def {name}(o, r, p=None):", [*lines, "return d"])
        return Completer(name, any(part.wants_path for part in parts))

    def _field(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> "_Part":
        definition = self.operation.field(type_, details[0].node.name.value)
        if details[0].node.name.value == "__typename":
            return _Part(key, repr(type_.name))
        resolve = resolver(self.schema, self.operation, type_, definition, details)
        path = f"p.add_key({key!r}, {type_.name!r})"
        call = self.call(resolve, "o", path)
        if resolve.is_async:
            completer = self.value(definition.type, details)
            place = path if completer.wants_path else "None"
            later = f"r.pending.append((d, {key!r}, {call}, {completer.name}, {place}))"
            return _Part(key, "None", after=[later], wants_path=resolve.wants_info or completer.wants_path)
        variable = self._named("v")
        shown, wants_path = self._expression(definition.type, details, variable, path)
        return _Part(key, shown, before=[f"{variable} = {call}"], wants_path=resolve.wants_info or wants_path)

    def call(self, resolve: Resolver, source: str, path: str) -> str:
        """An expression that calls the resolver, or reads the attribute that it stands for."""
        if resolve.attribute is not None:
            return f"{source}.{resolve.attribute}"
        given = [source] if resolve.takes_self else []
        given += [f"{name}={source}" for name in resolve.named_source]
        if resolve.info is not None:
            given.append(f"{resolve.info_name}={self.bind('info', resolve.info)}(r, {path})")
        if resolve.arguments is not None:
            given.append(f"**{self.bind('arguments', resolve.arguments)}(r.variables)")
        return f"{self.bind('resolve', resolve.function)}({', '.join(given)})"


@dataclass(frozen=True)
class _Part:
    """One response key: what it shows, and the statements before and after the dictionary is made."""

    key: str
    shown: str
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    wants_path: bool = False


class _Later(dict[type, Any]):
    """Functions by class, looked up by name when they are first wanted: they are written before they exist."""

    def __init__(self, names: Mapping[str, Any], named: Mapping[type, str]) -> None:
        super().__init__()
        self._names, self._named = names, named

    def __missing__(self, made: type) -> Any:
        self[made] = function = self._names[self._named[made]]
        return function


def _coercion(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    coerce_value = type_.coerce_output_value

    def coerce(value: Any) -> Any:
        shown = coerce_value(value)
        if shown is None or shown is Undefined or isinstance(value, Exception):
            raise Unforeseen
        return shown

    return coerce


def _members(type_: GraphQLEnumType) -> dict[Any, str]:
    """The names of an enum's members, by member."""
    wrapped = getattr(type_, "wrapped_cls", None)
    if wrapped is None:
        return {}
    return {member: type_.coerce_output_value(member) for member in wrapped}


def _origin(type_: GraphQLObjectType) -> type:
    origin: type = type_.extensions["strawberry-definition"].origin
    return origin


def _unfit(value: object) -> bool:
    """Whether graphql-core would not take the value for an object, of a type that says nothing about it."""
    return value is None or value is Undefined or isinstance(value, Exception) or isawaitable(value)


def _of_another_class(_: object) -> bool:
    """Of a type that knows its values, graphql-core has to say whether it takes those of other classes."""
    return True
