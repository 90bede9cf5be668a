"""How operations were executed."""

from dataclasses import dataclass


@dataclass
class Counts:
    """Executions by a plan alone, those that graphql-core completed, and requests whose document has no plan."""

    planned: int = 0
    completed: int = 0
    without_plan: int = 0
