"""Parts of answers that are shown again as they were."""

from typing import Any, Final

import msgspec

from app.plans.encoding import encode

_MOST: Final = 12_288
"""Parts in a generation; one is about as long as the document that it shows, which it keeps alive."""


Key = tuple[int, Any]
"""The number of the function that wrote a part, and what the part shows: its id, or a value that tells all of it."""


class Fragments:
    """Remembers encoded parts: two generations, of which the older is forgotten when the newer is full.

    What a part shows is kept with it, so that an id stands for nothing else as long as the part is remembered.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._newer: dict[Key, tuple[Any, msgspec.Raw]] = {}
        self._older: dict[Key, tuple[Any, msgspec.Raw]] = {}

    def of(self, key: Key) -> msgspec.Raw | None:
        """The part under this key, if it is remembered."""
        known = self._newer.get(key)
        if known is None:
            known = self._older.get(key)
            if known is None:
                return None
            self._keep(key, known)
        return known[1]

    def keep(self, key: Key, source: object, part: dict[str, Any]) -> msgspec.Raw:
        """The part, encoded, which is remembered."""
        raw = msgspec.Raw(encode(part))
        self._keep(key, (source, raw))
        return raw

    def _keep(self, key: Key, known: tuple[Any, msgspec.Raw]) -> None:
        self._newer[key] = known
        if len(self._newer) > self._most:
            self._older, self._newer = self._newer, {}
