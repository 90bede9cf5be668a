"""The rows of a shard that is being filled, as far as they are in memory."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from app.infra.tables import Stored
from app.kernel.view import Key

Row = TypeVar("Row")

_KEPT_BYTES = 12_000_000
"""Of the documents of rows that are written; what they are made of takes several times as much."""


class FilledRows(Generic[Row]):
    """Rows that are changed, rows that are being written, and those that were written last.

    Of these, two halves are kept: when the later one is full, the earlier is forgotten.
    """

    def __init__(self, kept_bytes: int | None = None) -> None:
        self._half = (kept_bytes or _KEPT_BYTES) // 2
        self.forget()

    def __len__(self) -> int:
        """How many are changed."""
        return len(self._changed)

    def of(self, keys: AbstractSet[Key]) -> dict[Key, Stored[Row]]:
        """Those of these keys, as far as they are in memory."""
        found = dict[Key, Stored[Row]]()
        for rows in (self._changed, self._writing, self._later, self._earlier):
            if rows and len(found) < len(keys):
                found |= {key: rows[key] for key in keys if key in rows and key not in found}
        return found

    def update(self, rows: Mapping[Key, Stored[Row]]) -> None:
        """Takes rows that are to be written."""
        self._changed |= rows

    def forget(self) -> None:
        """Nothing is known any more: what was to be written has not been."""
        self._changed: dict[Key, Stored[Row]] = {}
        self._writing: dict[Key, Stored[Row]] = {}
        self._later: dict[Key, Stored[Row]] = {}
        self._earlier: dict[Key, Stored[Row]] = {}
        self._bytes = 0

    def take(self) -> Mapping[Key, Stored[Row]]:
        """What is to be written; it stays known, and `wrote` must follow."""
        self._writing, self._changed = self._changed, {}
        return self._writing

    def wrote(self, documents: Sequence[bytes]) -> None:
        """What was taken is written, as these documents."""
        size = sum(map(len, documents))
        if self._bytes + size > self._half:
            self._earlier, self._later, self._bytes = self._later, {}, 0
        self._later |= self._writing
        self._bytes += size
        self._writing = {}
