"""Counting on the path of every request: plain Python, which whoever tells Prometheus reads when he is asked."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

BOUNDS_S: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""The upper bounds of what is counted together, in seconds: from a plan that asks nobody to the longest wait."""

MOST_NAMES: Final = 100


class Histogram:
    """How long something took, each time. `counts` has one place more than there are bounds, for what took longer."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Counts one that took so long."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds


class Histograms:
    """Histograms by their labels' values."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Histogram] = {}

    @property
    def all(self) -> Mapping[tuple[str, ...], Histogram]:
        """All that there are."""
        return self._known

    def of(self, *labels: str) -> Histogram:
        """The one with these labels; made when it is first asked for."""
        found = self._known.get(labels)
        if found is None:
            found = self._known[labels] = Histogram()
        return found


class Names:
    """Keeps what clients call things from becoming labels without end: the first names, and `other` for the rest."""

    OTHER: Final = "other"

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._known: set[str] = set()
        self._most = most

    def known(self, name: str) -> str:
        """The name, if there is still room for it."""
        if name not in self._known:
            if len(self._known) >= self._most:
                return self.OTHER
            self._known.add(name)
        return name
