"""What a reader wants of a view, and what becomes of that."""

import time
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.infra.checkpoints import Freshness
from app.infra.tables import Stored
from app.kernel.structs import Struct

Row = TypeVar("Row")
Seen = TypeVar("Seen")


class Wanted(Struct, frozen=True):
    """How fresh an answer must be: an entity's version, a log position, and how long to wait for them, in seconds."""

    version: int | None = None
    position: int | None = None
    wait_s: float = 0.0

    @property
    def anything(self) -> bool:
        """Whether the answer must be of any freshness at all."""
        return self.position is not None or self.version is not None

    def until(self, deadline: float) -> "Wanted":
        """The same, with what is left of the wait before a moment of the monotonic clock."""
        return Wanted(self.version, self.position, max(0.0, deadline - time.monotonic()))


class Found(Struct, Generic[Row], frozen=True):
    """What the view holds, fresh enough; `stored` is None where there is no such entity."""

    stored: Stored[Row] | None
    checkpoint: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The view did not reach what was wanted in time, or cannot: it is `parked`."""

    wanted: Wanted
    version: int | None
    checkpoint: int | None
    freshness: Freshness
    parked: bool = False


@dataclass(frozen=True, slots=True)
class Listed(Generic[Seen]):
    """What was read from flat tables, fresh enough, and how far they were before, if that was asked for."""

    found: Seen
    freshness: Freshness | None
