"""Which of a device's numbers were delivered: ranges, so that a million in a row are one of them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

Run = tuple[int, int]
"""From a number, inclusive, to another, exclusive."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """A set of whole numbers, as its runs in their order; between two of them at least one number is missing."""

    runs: tuple[Run, ...] = ()

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self.runs, number, key=_begin)
        return place > 0 and number < self.runs[place - 1][1]

    @property
    def gaps(self) -> int:
        """How many stretches are missing between the lowest number and the highest."""
        return max(len(self.runs) - 1, 0)

    def plus(self, numbers: Iterable[int]) -> "Sequences":
        """These and those."""
        return Sequences(tuple(_joined(merge(self.runs, _joined((n, n + 1) for n in sorted(numbers))))))


def _begin(run: Run) -> int:
    return run[0]


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    """Runs that come in the order of their beginnings, those that touch or overlap as one."""
    last: Run | None = None
    for begin, end in runs:
        if last is None:
            last = begin, end
        elif begin <= last[1]:
            last = last[0], max(last[1], end)
        else:
            yield last
            last = begin, end
    if last is not None:
        yield last
