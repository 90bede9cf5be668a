"""Parts of an answer that are known without being there: whoever shows them anew has to fetch them first."""

from collections.abc import Sequence
from typing import Any, Protocol


class Source(Protocol):
    """Where absent parts are fetched from."""

    async def fetch(self, parts: Sequence[Any]) -> None:
        """Brings these parts. Raises Changed."""


class Absent(Exception):
    """Somebody looked at a part that is not there."""

    def __init__(self, source: Source, part: object) -> None:
        super().__init__("a part was not fetched")
        self.source, self.part = source, part


class Changed(Exception):
    """What was to be fetched is not any more what it was when it was seen: all has to be asked anew, and whole."""
