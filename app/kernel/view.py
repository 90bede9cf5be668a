"""A view: rows folded from events, one row a key, for one access pattern."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.kernel.messages import Event, Recorded
from app.kernel.structs import Struct, names

Row = TypeVar("Row")
State = TypeVar("State")
Made = TypeVar("Made")

Key = UUID | str
"""What tells the rows of a view apart: an aggregate's id, or a text such as a day or a country."""


@dataclass(frozen=True, kw_only=True)
class Entity(Generic[State]):
    """What a view remembers of every aggregate, beneath its rows: so that an event can be seen as a change of it.

    `row` is a struct whose first field is the aggregate's id; `evolve` folds the aggregate's events into it,
    and what it has once remembered it never forgets: an aggregate that is gone is one that says so.
    `name` is the table's, after the view's; `indexes` as a view's.

    `by` names a field that all handled events have, a UUID: then the events of many aggregates are about one entity,
    which this field names, and what cannot be applied holds all of its later events back. A post is about its author.
    """

    name: str
    row: type[State]
    handles: tuple[type[Event], ...]
    evolve: Callable[[State | None, Recorded[Any]], State | None]
    indexes: tuple[str, ...] = ()
    by: str | None = None

    def __post_init__(self) -> None:
        if lacking := [each.__name__ for each in self.handles if self.by and self.by not in names(each)]:
            raise ValueError(f"{self.name} is named by {self.by}, which these events do not have: {lacking}")

    def of(self, recorded: Recorded[Any]) -> UUID:
        """The entity that an event is about."""
        if self.by is None:
            return recorded.aggregate_id
        named: UUID = getattr(recorded.event, self.by)
        return named


class Change(Generic[State]):
    """What one event made of one aggregate; both sides are None for an event that the entity does not handle."""

    __slots__ = ("_made", "after", "before", "recorded")

    def __init__(self, recorded: Recorded[Any], before: State | None, after: State | None) -> None:
        self.recorded, self.before, self.after = recorded, before, after
        self._made: Any = None

    def once(self, make: Callable[["Change[State]"], Made]) -> Made:
        """What `make` makes of this change, which is asked once, however many keys ask for it."""
        if self._made is None:
            self._made = make(self)
        made: Made = self._made
        return made


class Ranked(Struct, frozen=True):
    """The place of a member in a sorted set of Redis: a set of the view's, by name. Score 0 takes it out."""

    ranking: str
    member: str
    score: float


@dataclass(frozen=True, kw_only=True)
class View(Generic[Row]):
    """The definition of a read model.

    `row` is a struct of what is stored; its first field, a UUID or a text, is the key. `keys` says which
    rows an event touches; `evolve` folds it into one of them and returns None where there is nothing to show. Both
    are pure. With an `entity`, both are given the `Change` that the event made of its aggregate instead of the event,
    and the view has one shard: the aggregate's events and the rows that they touch must meet. An entity that is named
    by its events must know all types that the view handles, since these come in its order or not at all.

    A view that `appends` has a key for every event that it handles, which no other event touches: its rows are written
    without a look at what is there.

    With `documents` every row is also kept ready-made in Redis; `rankings` says which places a row gives there in
    sorted sets. Keys are spread over `shards`, which are projected in parallel. `indexes` are column lists as
    PostgreSQL reads them, or begin with `using`.

    Where the fold `commutes`, an event of one aggregate may be folded into a row after later ones of other aggregates,
    and what comes of it is the same to the last digit.
    """

    name: str
    row: type[Row]
    handles: tuple[type[Event], ...]
    keys: Callable[[Any], Iterable[Key]]
    evolve: Callable[[Row | None, Any, Any], Row | None]
    entity: Entity[Any] | None = None
    shards: int = 1
    commutes: bool = False
    appends: bool = False
    documents: bool = False
    rankings: Callable[[Row], Iterable[Ranked]] | None = None
    indexes: tuple[str, ...] = ()
    revision: int = 1

    def __post_init__(self) -> None:
        if self.entity is not None and self.shards > 1:
            raise ValueError(f"{self.name} has an entity, so it cannot be cut into {self.shards} shards")
        if self.entity is not None and self.entity.by and set(self.handles) != set(self.entity.handles):
            raise ValueError(f"{self.name} handles other events than the entity that they name")

    @property
    def key(self) -> str:
        """The name of the key's column."""
        return names(self.row)[0]

    @property
    def sequenced_by(self) -> str | None:
        """The field of events that names the sequence in which they are applied; None: it is their aggregate's."""
        return self.entity.by if self.entity else None

    @property
    def in_redis(self) -> bool:
        """Whether Redis holds anything of it."""
        return self.documents or self.rankings is not None

    def shard_of(self, key: Key) -> int:
        """The shard that projects this key: CRC-32 of the key's bytes, modulo the number of shards."""
        if self.shards == 1:
            return 0
        return zlib.crc32(key.bytes if isinstance(key, UUID) else key.encode()) % self.shards


def own_key(recorded: Recorded[Any]) -> tuple[UUID, ...]:
    """`keys` of a view with one row for each aggregate."""
    return (recorded.aggregate_id,)
