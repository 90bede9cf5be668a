"""What a worker process has counted, shard by shard, and whether its loops turn."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from prometheus_client.metrics_core import Metric

from app.infra.hints import HintListener
from app.infra.log_tail import LogTail
from app.kernel.pulse import Pulse, Pulses
from app.observability.answering import of_hints
from app.observability.families import counter, gauge

Place = tuple[str, str]
"""A view and one of its shards."""

_PLACE = ("view", "shard")


@dataclass
class Tally:
    """What a process has done for one shard, and since when it holds its lease, by the monotonic clock, if it does."""

    events: int = 0
    rows: int = 0
    failures: int = 0
    redis_behind: int | None = None
    held_since: float | None = None


@dataclass
class Projections:
    """The tallies of a worker process, and the pulses of its loops."""

    tallies: defaultdict[Place, Tally] = field(default_factory=lambda: defaultdict(Tally))
    pulses: Pulses = field(default_factory=Pulses)

    def of(self, view: str, shard: int) -> Tally:
        """That of a shard."""
        return self.tallies[view, str(shard)]

    @contextmanager
    def holding(self, view: str, shard: int) -> Iterator[Pulse]:
        """The process holds the shard's lease for as long as the block lasts. The pulse is that of its loop."""
        tally, since = self.of(view, shard), time.monotonic()
        tally.held_since = since
        try:
            with self.pulses.of(f"{view}/{shard}") as pulse:
                yield pulse
        finally:
            if tally.held_since == since:
                tally.held_since = tally.redis_behind = None


class ProjectionMetrics:
    """The tallies as families; `tail` and `hints` are those of the process."""

    def __init__(self, projections: Projections, tail: LogTail, hints: HintListener) -> None:
        self._projections, self._tail, self._hints = projections, tail, hints

    async def __call__(self) -> Iterable[Metric]:
        """The families."""
        tallies, now = dict(self._projections.tallies), time.monotonic()
        held = [(place, now - each.held_since) for place, each in tallies.items() if each.held_since is not None]
        redis = [(place, float(behind)) for place, each in tallies.items() if (behind := each.redis_behind) is not None]
        return [
            counter("projected_events", _EVENTS, _PLACE, [(place, each.events) for place, each in tallies.items()]),
            counter("projected_rows", _ROWS, _PLACE, [(place, each.rows) for place, each in tallies.items()]),
            counter("handler_failures", _FAILURES, _PLACE, [(place, each.failures) for place, each in tallies.items()]),
            gauge("lease_age_seconds", "For how long this process has held the lease.", _PLACE, held),
            gauge("redis_events_behind", _REDIS, _PLACE, redis),
            *of_hints(self._hints, "log", self._tail.unhinted),
        ]


class LoopMetrics:
    """Whether the loops of a process turn."""

    def __init__(self, pulses: Pulses) -> None:
        self._pulses = pulses

    async def __call__(self) -> Iterable[Metric]:
        """The family."""
        ages = [((name,), age_s) for name, age_s in self._pulses.ages_s().items()]
        return [gauge("loop_age_seconds", "Seconds since a loop of the process last turned.", ["loop"], ages)]


_EVENTS = "Events that were folded into rows of the shard; one that touches rows of two shards counts in both."
_ROWS = "Rows that were written."
_FAILURES = "Attempts to project that failed."
_REDIS = "Positions that Redis is behind the flat table; all of them where it has lost the shard."
