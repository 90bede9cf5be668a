"""Fields that show an attribute of what their type stands for.

`shown("row.name")` declares a field whose value is `source.row.name`. A type made of such fields costs nothing for what
nobody selects, and a plan reads the attribute where a resolver would be called.
"""

from operator import attrgetter
from typing import Any, Final

import strawberry

PATH: Final = "__shown_path__"
"""Where a resolver that only reads an attribute says which."""


def shown(path: str, *, description: str | None = None) -> Any:
    """A field that shows the attribute at a dotted path from its source."""
    get = attrgetter(path)

    def read(root: Any) -> Any:
        return get(root)

    setattr(read, PATH, path)
    return strawberry.field(resolver=read, description=description)
