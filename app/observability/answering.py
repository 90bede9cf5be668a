"""What processes have counted of commands, waits for freshness, and hints."""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric

from app.infra.freshness import ReadModels
from app.infra.hints import HintListener
from app.infra.observed_bus import ObservedBus
from app.observability.families import counter, histogram

_MISSED = "What was found before any word of it came: the word was lost, or overtaken."


class CommandMetrics:
    """What became of commands, and how long that took."""

    def __init__(self, bus: ObservedBus) -> None:
        self._bus = bus

    async def __call__(self) -> Iterable[Metric]:
        """The families."""
        outcomes, durations = "What became of commands.", "From dispatch to receipt or refusal."
        return [
            counter("commands", outcomes, ["type", "outcome", "code"], self._bus.outcomes.items()),
            histogram("command_duration_seconds", durations, ["type", "outcome"], self._bus.durations.all),
        ]


class ReadMetrics:
    """How long reads waited for what they had to show, and how they heard that it was there."""

    def __init__(self, reads: ReadModels) -> None:
        self._reads = reads

    async def __call__(self) -> Iterable[Metric]:
        """The families."""
        waits = "How long reads waited for the freshness that they had to have, and whether they got it."
        return [
            histogram("freshness_wait_seconds", waits, ["view", "outcome"], self._reads.waiting.waits.all),
            *of_hints(self._reads.hints, "view", self._reads.waiting.unhinted),
        ]


def of_hints(hints: HintListener, of: str, unhinted: int) -> Iterable[Metric]:
    """What a process hears over Redis, and how often it found something without: `unhinted` times, `of` this."""
    yield counter("hints_received", "Words that something moved.", [], [((), hints.heard)])
    lost = "Times that the subscription broke, and with it what was said until it was renewed."
    yield counter("hint_interruptions", lost, [], [((), hints.interruptions)])
    yield counter("hints_missed", _MISSED, ["of"], [((of,), unhinted)])
