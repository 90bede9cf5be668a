"""Figures: percentiles, ratios, and the targets that stand beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; they must be sorted, and there must be some."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure is held against; it is shown, never asserted."""

    relation: Literal["at least", "at most"]
    bound: float
    unit: str = ""

    def met(self, value: float | None) -> bool | None:
        """Whether a figure keeps to it; None where there is no figure."""
        if value is None:
            return None
        return value >= self.bound if self.relation == "at least" else value <= self.bound

    @property
    def words(self) -> str:
        """As it stands in a table."""
        return f"{'≥' if self.relation == 'at least' else '≤'} {self.bound:,g}{self.unit}"


def ratio(value: float | None, base: float | None) -> float | None:
    """How many times `base` goes into `value`; None where one is missing, or there is nothing to divide by."""
    if value is None or not base:
        return None
    return value / base
