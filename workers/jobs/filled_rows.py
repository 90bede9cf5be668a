"""The rows of a shard that is being filled, as far as they are in memory."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from app.infra.tables import Stored
from app.kernel.view import Key

Row = TypeVar("Row")

_KEPT_BYTES = 12_000_000
"""Of the documents of rows that are written; what they are made of takes several times as much."""


class FilledRows(Generic[Row]):
    """Rows that are changed, rows that are being written, and those that were written last."""

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self.forget()

    def __len__(self) -> int:
        """How many are changed."""
        return len(self._changed)

    def of(self, keys: AbstractSet[Key]) -> dict[Key, Stored[Row]]:
        """Those of these keys, as far as they are in memory."""
        return {key: found for key in keys if (found := self._find(key)) is not None}

    def _find(self, key: Key) -> Stored[Row] | None:
        found = self._changed.get(key) or self._writing.get(key)
        if found is None and key in self._written:
            self._written.move_to_end(key)
            found = self._written[key][0]
        return found

    def update(self, rows: Mapping[Key, Stored[Row]]) -> None:
        """Takes rows that are to be written."""
        self._changed |= rows

    def forget(self) -> None:
        """Nothing is known any more: what was to be written has not been."""
        self._changed: dict[Key, Stored[Row]] = {}
        self._writing: dict[Key, Stored[Row]] = {}
        self._written: OrderedDict[Key, tuple[Stored[Row], int]] = OrderedDict()
        self._bytes = 0

    def take(self) -> Mapping[Key, Stored[Row]]:
        """What is to be written; it stays known, and `wrote` must follow."""
        self._writing, self._changed = self._changed, {}
        return self._writing

    def wrote(self, documents: Sequence[bytes]) -> None:
        """What was taken is written, as these documents in the same order."""
        self._keep(zip(self._writing.items(), documents, strict=True))
        self._writing = {}

    def _keep(self, written: Iterable[tuple[tuple[Key, Stored[Row]], bytes]]) -> None:
        for (key, stored), document in written:
            _, before = self._written.pop(key, (None, 0))
            self._written[key] = stored, len(document)
            self._bytes += len(document) - before
        while self._bytes > self._kept_bytes:
            _, (_, size) = self._written.popitem(last=False)
            self._bytes -= size
