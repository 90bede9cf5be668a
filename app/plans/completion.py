"""Writing the Python that turns a resolver's value into what the answer shows of it.

For every type that an operation selects from there is a function of the value, the run and, where a resolver beneath
asks for it, the path. All of them raise when a value is not as the schema says, whatever they raise; what to do then is
the plan's business. Names in the written code are those that GraphQL's grammar lets through, or made here.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from strawberry.schema import Schema

from app.kernel.absent import Absent
from app.plans.arguments import Unforeseen
from app.plans.composing import Place, composed
from app.plans.fragments import Fragments
from app.plans.leaves import leaf
from app.plans.objects import of_another_class, origin_of, require_plain, unfit
from app.plans.operations import Grouped, Operation
from app.plans.resolvers import Resolver, resolver
from app.plans.shown import BY_VALUE, SOURCE, Attribute, Composed
from app.plans.written import NeedsObject, Part, Source, Written, dictionary

_functions = count()
"""Numbers of the functions whose parts are remembered."""


@dataclass
class Writer:
    """Writes the functions of one operation, with the variables on which its selections depend.

    `asks_beneath` says whether a resolver is called for any field beneath the root.
    """

    schema: Schema
    operation: Operation
    variables: VariableValues
    fragments: Fragments
    names: dict[str, Any] = field(default_factory=lambda: {"Unforeseen": Unforeseen, "Absent": Absent})
    source: list[str] = field(default_factory=list)
    asks_beneath: bool = False
    _numbers: Any = field(default_factory=count)

    def compiled(self) -> Mapping[str, Any]:
        """The written functions by name."""
        exec(compile("\n".join(self.source), "<plan>", "exec"), self.names)  # noqa: S102 - written here, of checked names
        return self.names

    def value(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Written:
        """A function of a value of this type that returns what is shown of it."""
        shown = self._shown(type_, details, "v", "p")
        return self.function("value", ["v", "r", "p=None"], [f"return {shown.text}"], [shown])

    def caller(self, resolve: Resolver) -> Written:
        """A function of a source, the run and the path that calls the resolver."""
        return self.function("call", ["o", "r", "p"], [f"return {self._call(resolve, Source(), 'p')}"], ())

    def _bind(self, kind: str, thing: object) -> str:
        """A name in the written code for something made here."""
        name = self.named(kind)
        self.names[name] = thing
        return name

    def named(self, kind: str) -> str:
        """A name that is not taken yet."""
        return f"{kind}_{next(self._numbers)}"

    def function(self, kind: str, takes: Sequence[str], lines: Sequence[str], uses: Iterable[Written]) -> Written:
        """A function of these parameters and lines."""
        name, uses = self.named(kind), list(uses)
        self.source += [f"def {name}({', '.join(takes)}):", *(f"    {line}" for line in lines)]
        return Written(name, any(each.wants_path for each in uses), all(each.fixed for each in uses))

    def _shown(self, type_: GraphQLOutputType, details: list[FieldDetails], v: str, path: str) -> Written:
        """An expression for what is shown of the variable `v`, whose place is the expression `path`."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type, details, v, path)
        present = self._present(type_, details, v, path)
        return Written(f"(None if {v} is None else {present.text})", present.wants_path, present.fixed)

    def _present(self, type_: Any, details: list[FieldDetails], v: str, path: str) -> Written:
        if isinstance(type_, GraphQLList):
            return self._list(type_, details).of(v, path=path)
        if isinstance(type_, GraphQLObjectType):
            return self._object(type_, details).of(v, path=path)
        if is_abstract_type(type_):
            return self._abstract(type_, details).of(v, path=path)
        return Written(leaf(self.schema, type_, v, self._bind))

    def _list(self, type_: GraphQLList[Any], details: list[FieldDetails]) -> Written:
        return self.items(self._shown(type_.of_type, details, "x", "p.add_key(n, None)"), ["v"])

    def items(self, item: Written, takes: Sequence[str]) -> Written:
        """A function of the list `v`, and of what else its items want, where `item` shows one of them, `x`."""
        each = "for n, x in enumerate(v)" if item.wants_path else "for x in v"
        check = "if v.__class__ is not list and v.__class__ is not tuple: raise Unforeseen"
        return self.function("list", [*takes, "r", "p=None"], [check, f"return [{item.text} {each}]"], [item])

    def _abstract(self, type_: GraphQLAbstractType, details: list[FieldDetails]) -> Written:
        """By the class of the value, which has to be that of a possible type itself."""
        require_plain(type_)
        possible = self.operation.schema.get_possible_types(type_)
        written = {origin_of(each): self._object(each, details) for each in possible}
        by_class = self._bind("types", _Later(self.names, {made: each.text for made, each in written.items()}))
        wants_path = any(each.wants_path for each in written.values())
        given = ", ".join(["v", "r", *(["p"] if wants_path else [])])
        return self.function(
            "abstract", ["v", "r", "p=None"], [f"return {by_class}[v.__class__]({given})"], written.values()
        )

    def _object(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Written:
        return self._selection(type_, self.selected(type_, details))

    def selected(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Grouped:
        """What is selected of a type beneath a field."""
        return self.operation.subfields(type_, details, self.variables)

    def _selection(self, type_: GraphQLObjectType, grouped: Grouped) -> Written:
        require_plain(type_)
        parts = [self.part(type_, key, details, Source()) for key, details in grouped.items()]
        origin = origin_of(type_)
        judge = self._bind("unfit", unfit if type_.is_type_of is None else of_another_class)
        fit = self._bind("fit", {origin})
        lines = [f"if o.__class__ not in {fit} and {judge}(o, {fit}): raise Unforeseen"]
        making = [line for part in parts for line in part.before]
        shown = dictionary(parts)
        making += [f"d = {shown.text}", *(line for part in parts for line in part.after)]
        source, by_value = getattr(origin, SOURCE, None), getattr(origin, BY_VALUE, False)
        lines += self._remembering(source, by_value, making) if source and shown.fixed else [*making, "return d"]
        return self.function("object", ["o", "r", "p=None"], lines, [shown])

    def _remembering(self, source: str, by_value: bool, making: Sequence[str]) -> list[str]:
        """The part that was written of the same source before, or the one that is made now.

        What it lacks is noted. As long as anything is lacking nothing is kept, since all is completed once more.
        """
        kept, number = self._bind("fragments", self.fragments), next(_functions)
        return [
            f"s = o.{source}",
            f"k = {number}, {'s' if by_value else 'id(s)'}",
            f"d = {kept}.of(k)",
            "if d is None:",
            "    try:",
            *(f"        {line}" for line in making),
            "    except Absent as a: return r.lack(a)",
            "    if r.lacking: return d",
            f"    d = {kept}.keep(k, s, d)",
            "return d",
        ]

    def part(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails], source: Source) -> Part:
        """What a field of the type shows of a source. Raises NeedsObject."""
        definition = self.operation.field(type_, details[0].node.name.value)
        if details[0].node.name.value == "__typename":
            return Part(key, Written(repr(type_.name)))
        resolve = resolver(self.schema, self.operation, type_, definition, details)
        path = f"{source.path}.add_key({key!r}, {type_.name!r})"
        if isinstance(resolve.shown, Composed):
            with suppress(NeedsObject):
                return composed(self, resolve.shown, Place(key, definition.type, details, path), source)
        self.asks_beneath |= not isinstance(resolve.shown, Attribute)
        call = self._call(resolve, source, path)
        if resolve.is_async:
            complete = self.value(definition.type, details)
            place = path if complete.wants_path else "None"
            later = f"r.pending.append((d, {key!r}, {call}, {complete.text}, {place}))"
            wants_path = resolve.info is not None or complete.wants_path
            return Part(key, Written("None", wants_path, fixed=False), after=[later])
        variable = self.named("v")
        shown = self._shown(definition.type, details, variable, path)
        fixed = shown.fixed and resolve.info is None and not resolve.arguments
        shown = Written(shown.text, shown.wants_path or resolve.info is not None, fixed)
        return Part(key, shown, before=[f"{variable} = {call}"])

    def _call(self, resolve: Resolver, source: Source, path: str) -> str:
        """An expression that calls the resolver, or reads the attribute that it stands for."""
        if isinstance(resolve.shown, Attribute):
            read = source.read(resolve.shown.path)
            by = resolve.shown.by
            return read if by is None else f"None if (w := {read}) is None else {self._bind('by', by)}(w)"
        if source.parts is not None:
            raise NeedsObject
        given = [source.name] if resolve.takes_self else []
        given += [f"{name}={source.name}" for name in resolve.named_source]
        if resolve.info is not None:
            given.append(f"{resolve.info_name}={self._bind('info', resolve.info)}(r, {path})")
        written = [argument.written("r.variables", self._bind) for argument in resolve.arguments]
        given += [each for each in written if each is not None]
        return f"{self._bind('resolve', resolve.function)}({', '.join(given)})"


class _Later(dict[type, Any]):
    """Functions by class, looked up by name when they are first wanted: they are written before they exist."""

    def __init__(self, names: Mapping[str, Any], named: Mapping[type, str]) -> None:
        super().__init__()
        self._names, self._named = names, named

    def __missing__(self, made: type) -> Any:
        self[made] = function = self._names[self._named[made]]
        return function
