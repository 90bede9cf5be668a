"""Everything that a process tells Prometheus, put together when it asks."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST

Source = Callable[[], Awaitable[Iterable[Metric]]]
"""Where families come from. It is awaited with every scrape, so it must not take long."""


class Metrics:
    """The metrics of this process in Prometheus' text format: those of its sources, and of the process itself."""

    def __init__(self, *sources: Source) -> None:
        self._sources, self._process = sources, CollectorRegistry()
        self._process.register(ProcessCollector(registry=None))
        self._process.register(PlatformCollector(registry=None))
        GCCollector(registry=self._process)

    async def text(self) -> bytes:
        """All of them, as they are now."""
        found = [family for source in self._sources for family in await source()]
        return generate_latest(_Found([*found, *self._process.collect()]))


class _Found(CollectorRegistry):
    """What was found, as the library wants it."""

    def __init__(self, families: Iterable[Metric]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """The families."""
        yield from self._families
