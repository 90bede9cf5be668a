"""What an API process has counted of GraphQL's operations. Workers know no GraphQL."""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric

from app.observability.families import counter, histogram
from app.plans import Counts

_OPERATIONS = "Operations by HTTP POST: answered by their plan, completed by graphql-core, or without a plan."


class OperationMetrics:
    """The operations of a process, by the way in which they were executed, and how long they took."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    async def __call__(self) -> Iterable[Metric]:
        """The families."""
        counts = self._counts
        ways = {("plan",): counts.planned, ("completed",): counts.completed, ("without_plan",): counts.without_plan}
        took = "From the whole request to the whole answer, waiting for freshness included."
        return [
            counter("graphql_operations", _OPERATIONS, ["way"], ways.items()),
            histogram("graphql_duration_seconds", took, ["kind", "operation"], counts.durations.all),
        ]
