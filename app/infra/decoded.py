"""What documents were decoded to, so that those that are read often are not decoded each time."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

Row = TypeVar("Row")

_MOST_BYTES: Final = 12_000_000
"""Of documents; what they were decoded to takes some three times as much besides."""


class Decoded:
    """Remembers what was lately asked for: two generations, of which the older is forgotten when the newer is full.

    A document is always fetched: what is remembered stands for it only as long as it is the same, byte for byte. So
    who is given a row shares it, and must not change it.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._newer: dict[bytes, tuple[bytes, Any]] = {}
        self._older: dict[bytes, tuple[bytes, Any]] = {}

    def of(self, name: bytes, document: bytes, decode: Callable[[bytes], Row]) -> Row:
        """What the document of this name is decoded to; one name has one way to decode."""
        known = self._newer.get(name)
        if known is not None and known[0] == document:
            row: Row = known[1]
            return row
        before = self._older.get(name)
        row = before[1] if before is not None and before[0] == document else decode(document)
        self._remember(name, document, row, known)
        return row

    def _remember(self, name: bytes, document: bytes, row: Any, known: tuple[bytes, Any] | None) -> None:
        self._bytes += len(document) - (len(known[0]) if known else 0)
        self._newer[name] = document, row
        if self._bytes > self._most_bytes:
            self._older, self._newer, self._bytes = self._newer, {}, 0
