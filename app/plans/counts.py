"""How operations were executed."""

from dataclasses import dataclass, field

from app.kernel.measures import Histogram, Histograms, Names


@dataclass
class Counts:
    """Executions by a plan alone, those that graphql-core completed, and requests whose document has no plan."""

    planned: int = 0
    completed: int = 0
    without_plan: int = 0
    durations: Histograms = field(default_factory=Histograms)
    """By kind (query, mutation, unplanned) and operation."""
    _names: Names = field(default_factory=Names)

    def durations_of(self, kind: str, name: str) -> Histogram:
        """Where the durations of an operation are counted: by its own name, as long as there is room for names."""
        return self.durations.of(kind, self._names.known(name))
