"""Fields that show attributes of what their type stands for.

`shown("row.name")` declares a field whose value is `source.row.name`, and `composed` one whose value is an object of
such attributes. A type made of these fields costs nothing for what nobody selects, and a plan reads the attributes
where resolvers would be called.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, TypeVar

import strawberry

Type = TypeVar("Type", bound=type)

SHOWN: Final = "__shown__"
"""Where a resolver that only reads attributes says which: an `Attribute`, or what is `Composed` of them."""

EACH: Final = "each"
"""How the paths of what is composed of each item of a list begin, where they lead from the item."""

SOURCE: Final = "__shown_source__"
"""Where a type says of which of its attributes it is made, or by which it is known."""

BY_VALUE: Final = "__shown_by_value__"
"""Whether that attribute is compared by its value, not by which object it is."""


def made_of(attribute: str) -> Callable[[Type], Type]:
    """A class decorator for types whose instances show nothing but one attribute, which never changes.

    Whatever a selection without arguments shows of such an instance is then encoded once, for as long as that attribute
    is the same object. Its fields must be functions of the attribute: of no context, time or chance.
    """

    def mark(made: Type) -> Type:
        setattr(made, SOURCE, attribute)
        return made

    return mark


def known_by(attribute: str) -> Callable[[Type], Type]:
    """As `made_of`, for types with an attribute whose value, which can be hashed, tells all that an instance shows."""

    def mark(made: Type) -> Type:
        setattr(made, BY_VALUE, True)
        return made_of(attribute)(made)

    return mark


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute at a dotted path, and what is shown `by` it where it is not None."""

    path: str
    by: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """An object made of attributes at dotted paths, or one of `each` item in the list at a path."""

    made: type
    paths: Mapping[str, str]
    each: str | None


def shown(path: str, *, by: Callable[[Any], Any] | None = None, description: str | None = None) -> Any:
    """A field that shows the attribute at a dotted path from its source, or what `by` makes of it if it is not None."""
    get = attrgetter(path)

    def read(root: Any) -> Any:
        found = get(root)
        return found if by is None or found is None else by(found)

    return _field(read, Attribute(path, by), description)


def composed(made: type, *, each: str | None = None, description: str | None = None, **paths: str) -> Any:
    """A field that shows an object made of attributes: `composed(Money, amount="row.total", currency="row.currency")`.

    With `each`, a list of them, one for each item of the list at that path; paths that begin with `each` lead from the
    item. A plan reads the attributes and makes no object, so `made` must do nothing but keep what it is given.
    """
    gets = {name: attrgetter(path) for name, path in paths.items()}
    of_items = {name for name, path in paths.items() if path.partition(".")[0] == EACH}
    items = attrgetter(each) if each is not None else None

    def one(root: Any, item: Any = None) -> Any:
        return made(**{name: get(_Each(item) if name in of_items else root) for name, get in gets.items()})

    def read(root: Any) -> Any:
        return one(root) if items is None else [one(root, item) for item in items(root)]

    return _field(read, Composed(made, paths, each), description)


class _Each:
    """A source whose attribute `each` is an item."""

    __slots__ = (EACH,)

    def __init__(self, item: Any) -> None:
        self.each = item


def _field(read: Callable[[Any], Any], says: Attribute | Composed, description: str | None) -> Any:
    setattr(read, SHOWN, says)
    return strawberry.field(resolver=read, description=description)
