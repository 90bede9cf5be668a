"""Whether it is worth asking for what may have absent parts."""

from typing import Final

_FEW: Final = 8
_LONGEST: Final = 15


class Luck:
    """Of one root field: where many parts had to be fetched after all, the next answers are asked for whole.

    Each time that happens in a row they are twice as many, so what never comes again costs little more than without.
    """

    __slots__ = ("_left", "_span")

    def __init__(self) -> None:
        self._left = self._span = 0

    def is_out(self) -> bool:
        """Whether this one had better be whole."""
        if self._left == 0:
            return False
        self._left -= 1
        return True

    def note(self, lacking: int) -> None:
        """How many parts had to be fetched for one that was not asked for whole."""
        if lacking > _FEW:
            self.fail()
        else:
            self._left = self._span = 0

    def fail(self) -> None:
        """Many had to be, or all was asked once more because one had changed."""
        self._left = self._span = min(2 * self._span + 1, _LONGEST)
