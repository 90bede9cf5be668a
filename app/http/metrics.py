"""What Prometheus is told of an API process."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from app.plans import Counts


class Metrics:
    """Renders the metrics of this process in Prometheus' text format."""

    def __init__(self, counts: Counts) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Operations(counts))

    def response(self) -> Response:
        """All metrics, as they are now."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class _Operations(Collector):
    """Reads the plans' counts when somebody asks, so that counting costs a request next to nothing."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """The operations by the way in which they were executed."""
        family = CounterMetricFamily(
            "counterfoil_graphql_operations",
            "Operations by HTTP POST: answered by their plan, completed by graphql-core, or without a plan.",
            labels=["way"],
        )
        family.add_metric(["plan"], self._counts.planned)
        family.add_metric(["completed"], self._counts.completed)
        family.add_metric(["without_plan"], self._counts.without_plan)
        yield family
