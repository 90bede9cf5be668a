"""What was counted, as Prometheus' families of metrics."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from app.kernel.measures import BOUNDS_S, Histogram

PREFIX: Final = "counterfoil_"
_BOUNDS: Final = (*map(str, BOUNDS_S), "+Inf")


def counter(name: str, help_: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    """Counts that only grow, each with its labels' values."""
    family = CounterMetricFamily(PREFIX + name, help_, labels=labels)
    for said, value in values:
        family.add_metric(said, value)
    return family


def gauge(name: str, help_: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    """Values of this moment, each with its labels' values."""
    family = GaugeMetricFamily(PREFIX + name, help_, labels=labels)
    for said, value in values:
        family.add_metric(said, value)
    return family


def histogram(name: str, help_: str, labels: Sequence[str], values: Mapping[tuple[str, ...], Histogram]) -> Metric:
    """Durations in seconds, by the labels' values."""
    family = HistogramMetricFamily(PREFIX + name, help_, labels=labels)
    for said, each in list(values.items()):
        family.add_metric(said, list(zip(_BOUNDS, accumulate(each.counts), strict=True)), each.total_s)
    return family
