"""Fields that show an attribute of what their type stands for.

`shown("row.name")` declares a field whose value is `source.row.name`. A type made of such fields costs nothing for what
nobody selects, and a plan reads the attribute where a resolver would be called.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeVar

import strawberry

Type = TypeVar("Type", bound=type)

PATH: Final = "__shown_path__"
"""Where a resolver that only reads an attribute says which."""

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


def shown(path: str, *, description: str | None = None) -> Any:
    """A field that shows the attribute at a dotted path from its source."""
    get = attrgetter(path)

    def read(root: Any) -> Any:
        return get(root)

    setattr(read, PATH, path)
    return strawberry.field(resolver=read, description=description)
