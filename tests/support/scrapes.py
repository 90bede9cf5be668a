"""What a process tells Prometheus, read as Prometheus reads it."""

from collections.abc import Iterator

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Scrape:
    """The samples of one answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: list[Sample] = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def named(self, name: str) -> Iterator[Sample]:
        """Those of this name."""
        return (sample for sample in self.samples if sample.name == name)

    def value(self, name: str, **labels: str) -> float:
        """The sum of those with these labels, 0 where there are none."""
        return sum(sample.value for sample in self.named(name) if labels.items() <= sample.labels.items())

    def labels(self, name: str, label: str) -> set[str]:
        """The values of a label."""
        return {sample.labels[label] for sample in self.named(name)}


async def scrape(url: str) -> Scrape:
    """The metrics of the process at this address."""
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(f"{url}/metrics")
    assert answer.status_code == 200, answer.text
    return Scrape(answer.text)


async def health(url: str, path: str) -> tuple[int, dict[str, object]]:
    """Status and words of one of the other endpoints."""
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(f"{url}{path}")
    return answer.status_code, answer.json()
