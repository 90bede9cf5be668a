"""Parts of answers that are shown again as they were."""

from typing import Any, Final

import msgspec

from app.plans.encoding import encode

_MOST: Final = 4_096
"""Parts in a generation; one is about as long as the document that it shows, which it keeps alive."""


class Fragments:
    """Remembers encoded parts: two generations, of which the older is forgotten when the newer is full.

    A part belongs to the function that wrote it and to what it shows, which must be the same object: whoever changes
    what is shown makes another.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._newer: dict[tuple[int, int], tuple[Any, msgspec.Raw]] = {}
        self._older: dict[tuple[int, int], tuple[Any, msgspec.Raw]] = {}

    def of(self, function: int, source: object) -> msgspec.Raw | None:
        """The part that the function of this number wrote of the source, if it is remembered."""
        key = function, id(source)
        known = self._newer.get(key)
        if known is None:
            known = self._older.get(key)
            if known is not None:
                self._keep(key, known)
        return known[1] if known is not None and known[0] is source else None

    def keep(self, function: int, source: object, part: dict[str, Any]) -> Any:
        """The part, encoded, which is remembered."""
        raw = msgspec.Raw(encode(part))
        self._keep((function, id(source)), (source, raw))
        return raw

    def _keep(self, key: tuple[int, int], known: tuple[Any, msgspec.Raw]) -> None:
        self._newer[key] = known
        if len(self._newer) > self._most:
            self._older, self._newer = self._newer, {}
