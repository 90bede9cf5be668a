"""Figures: percentiles, ratios, and the targets that stand beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


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


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure beside its target; the words say what the figure is."""

    what: str
    target: Target
    value: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is met, None where the figure is missing."""
        return self.target.met(self.value)

    @property
    def words(self) -> str:
        """As it stands in a table."""
        mark = {True: "✓", False: "✗", None: "?"}[self.met]
        shown = "not measured" if self.value is None else f"{_three_digits(self.value)}{self.target.unit}"
        return " ".join(filter(None, (mark, self.what, f"{self.target.words}: {shown}")))

    def for_json(self) -> dict[str, Any]:
        """All of it."""
        target = self.target
        return {"what": self.what, target.relation: target.bound, "value": self.value, "met": self.met}


def _three_digits(value: float) -> str:
    """At least, and no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(value: float | None, base: float | None) -> float | None:
    """How many times `base` goes into `value`; None where one is missing, or there is nothing to divide by."""
    if value is None or not base:
        return None
    return value / base
