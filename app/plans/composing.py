"""Writing what fields show of objects that a plan never makes: values composed of attributes of their source."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLList, GraphQLObjectType, GraphQLOutputType, get_nullable_type
from graphql.execution.collect_fields import FieldDetails

from app.plans.objects import origin_of, require_plain
from app.plans.operations import Grouped
from app.plans.shown import EACH, Composed
from app.plans.written import NeedsObject, Part, Source, Written, dictionary


class Writes(Protocol):
    """What writes the functions of an operation."""

    def named(self, kind: str) -> str:
        """A name that is not taken yet."""

    def selected(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Grouped:
        """What is selected of a type beneath a field."""

    def part(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails], source: Source) -> Part:
        """What a field of the type shows of a source. Raises NeedsObject."""

    def function(self, kind: str, takes: Sequence[str], lines: Sequence[str], uses: Iterable[Written]) -> Written:
        """A function of these parameters and lines."""

    def items(self, item: Written, takes: Sequence[str]) -> Written:
        """A function of the list `v`, and of what else its items want, where `item` shows one of them, `x`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field that shows composed objects, and where it is."""

    key: str
    type_: GraphQLOutputType
    details: list[FieldDetails]
    path: str


def composed(writer: Writes, said: Composed, place: Place, source: Source) -> Part:
    """What is shown of the object, or of a list of them. Raises NeedsObject where one has to be made after all."""
    if said.each is None:
        lines, parts = _parts(writer, said, place, [source], place.path)
        return Part(place.key, dictionary(parts), lines)
    if source.parts is not None:
        raise NeedsObject
    item = Source(name="x", parts={EACH: "x"})
    lines, parts = _parts(writer, said, place, [item, source], "p")
    shown = dictionary(parts)
    one = writer.function("item", ["x", "o", "r", "p=None"], [*lines, f"return {shown.text}"], [shown])
    every = writer.items(one.of("x", "o", path="p.add_key(n, None)"), ["v", "o"])
    return Part(place.key, every.of(source.read(said.each), source.name, path=place.path))


def _parts(
    writer: Writes, said: Composed, place: Place, sources: Sequence[Source], path: str
) -> tuple[list[str], list[Part]]:
    """Statements that read all that an object would be made of, as making it would, and what is shown of that."""
    names = {attribute: writer.named("a") for attribute in said.paths}
    reads = [f"{names[each]} = {_read(attribute, sources)}" for each, attribute in said.paths.items()]
    type_ = _type(place.type_, said)
    grouped = writer.selected(type_, place.details)
    source = Source(parts=names, path=path)
    parts = [writer.part(type_, key, details, source) for key, details in grouped.items()]
    return [*reads, *(line for part in parts for line in part.before)], parts


def _read(attribute: str, sources: Sequence[Source]) -> str:
    """Of the first source where it begins with the item, and of the last one otherwise."""
    of_item = attribute.partition(".")[0] == EACH
    return sources[0 if of_item else -1].read(attribute)


def _type(type_: GraphQLOutputType, said: Composed) -> GraphQLObjectType:
    found: Any = get_nullable_type(type_)
    if said.each is not None and isinstance(found, GraphQLList):
        found = get_nullable_type(found.of_type)
    if not isinstance(found, GraphQLObjectType) or origin_of(found) is not said.made:
        raise NeedsObject
    require_plain(found)
    return found
