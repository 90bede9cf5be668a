"""A view: rows folded from events, one row a key, for one access pattern."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.kernel.messages import Event, Recorded

Row = TypeVar("Row")

Key = UUID | str
"""What tells the rows of a view apart: an aggregate's id, or a text such as a day or a country."""


@dataclass(frozen=True, kw_only=True)
class View(Generic[Row]):
    """The definition of a read model.

    `row` is a frozen dataclass of what is stored; its first field, a UUID or a text, is the key. `keys` says which
    rows an event touches; `evolve` folds it into one of them and returns None where there is nothing to show. Both
    are pure. With `documents` every row is also kept ready-made in Redis. Keys are spread over `shards`, which are
    projected in parallel. `indexes` are column lists as PostgreSQL reads them, or begin with `using`.
    """

    name: str
    row: type[Row]
    handles: tuple[type[Event], ...]
    keys: Callable[[Recorded[Any]], Iterable[Key]]
    evolve: Callable[[Row | None, Recorded[Any], Any], Row | None]
    shards: int = 1
    documents: bool = False
    indexes: tuple[str, ...] = ()
    revision: int = 1

    @property
    def key(self) -> str:
        """The name of the key's column."""
        return fields(self.row)[0].name  # type: ignore[arg-type]

    def shard_of(self, key: Key) -> int:
        """The shard that projects this key: CRC-32 of the key's bytes, modulo the number of shards."""
        return zlib.crc32(key.bytes if isinstance(key, UUID) else key.encode()) % self.shards


def own_key(recorded: Recorded[Any]) -> tuple[UUID, ...]:
    """`keys` of a view with one row for each aggregate."""
    return (recorded.aggregate_id,)
