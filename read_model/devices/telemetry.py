"""What devices measured, a bucket for each minute, hour and day: of one device, and of all at a site.

A reading belongs to the bucket of its own time (UTC), whenever it is delivered, so what comes late corrects the bucket
that it belongs to. All figures of a bucket are sums, extremes, or the latest of what is in it, and none depends on the
order: the same readings give the same buckets, to the last digit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.infra.freshness import ReadModels
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from read_model.devices import sketch
from write_model.devices.events import Reading, TelemetryReported

_MILLIONTH = Decimal("0.000001")


class Resolution(StrEnum):
    """How long a bucket is."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"

    @property
    def span(self) -> timedelta:
        """The length."""
        return _SPANS[self]

    def start(self, at: datetime) -> datetime:
        """When the bucket of this moment, in UTC, begins."""
        match self:
            case Resolution.MINUTE:
                return at.replace(second=0, microsecond=0)
            case Resolution.HOUR:
                return at.replace(minute=0, second=0, microsecond=0)
            case Resolution.DAY:
                return at.replace(hour=0, minute=0, second=0, microsecond=0)


_SPANS: Final = {
    Resolution.MINUTE: timedelta(minutes=1),
    Resolution.HOUR: timedelta(hours=1),
    Resolution.DAY: timedelta(days=1),
}


class Bucket(Struct, frozen=True, kw_only=True):
    """The readings of one metric in one stretch of time; `series` says whose, of what, and how long a stretch.

    `last` is the reading with the latest time of its device; of several, that with the highest number, and of several
    devices the highest id.
    """

    key: str
    series: str
    start: datetime
    count: int
    total: Decimal
    lowest: Decimal
    highest: Decimal
    last: Decimal
    last_at: datetime
    last_sequence: int
    last_device: UUID
    sketch: dict[str, int]

    @property
    def mean(self) -> Decimal:
        """To six decimals."""
        return (self.total / self.count).quantize(_MILLIONTH)

    def percentile(self, part: float) -> Decimal:
        """As `sketch.quantile` of all readings; the lowest and the highest are known exactly."""
        rank = sketch.rank(part, self.count)
        if rank in {1, self.count}:
            return self.lowest if rank == 1 else self.highest
        return min(max(sketch.quantile(self.sketch, part), self.lowest), self.highest)

    @property
    def latest(self) -> tuple[datetime, int, UUID]:
        """Where the last reading stands among all."""
        return self.last_at, self.last_sequence, self.last_device


def of_device(device_id: UUID, metric: str, resolution: Resolution) -> str:
    """The name of a device's series."""
    return f"device:{device_id}|{metric}|{resolution}"


def of_site(site: str, metric: str, resolution: Resolution) -> str:
    """The name of a site's series."""
    return f"site:{site}|{metric}|{resolution}"


def shares(event: TelemetryReported) -> dict[str, Bucket]:
    """What a batch adds to each bucket that it touches, by the bucket's key."""
    minutes: defaultdict[tuple[str, datetime], list[Reading]] = defaultdict(list)
    for reading in event.readings:
        minutes[reading.metric, Resolution.MINUTE.start(reading.at)].append(reading)
    found: dict[str, Bucket] = {}
    parts = {place: _folded(event.device_id, place, readings) for place, readings in minutes.items()}
    for resolution in Resolution:
        parts = _coarser(parts, resolution)
        for (metric, _), bucket in parts.items():
            for series in (
                of_device(event.device_id, metric, resolution),
                of_site(event.site, metric, resolution),
            ):
                key = f"{series}|{bucket.start.isoformat()}"
                found[key] = replace(bucket, key=key, series=series)
    return found


def _folded(device_id: UUID, place: tuple[str, datetime], readings: Sequence[Reading]) -> Bucket:
    values = [reading.value for reading in readings]
    last = max(readings, key=lambda reading: (reading.at, reading.sequence))
    return Bucket(
        key="",
        series="",
        start=place[1],
        count=len(values),
        total=sum(values, Decimal(0)),
        lowest=min(values),
        highest=max(values),
        last=last.value,
        last_at=last.at,
        last_sequence=last.sequence,
        last_device=device_id,
        sketch=sketch.sketched(values),
    )


def _coarser(
    parts: Mapping[tuple[str, datetime], Bucket], resolution: Resolution
) -> dict[tuple[str, datetime], Bucket]:
    """The same readings in longer stretches."""
    together: defaultdict[tuple[str, datetime], list[Bucket]] = defaultdict(list)
    for (metric, start), part in parts.items():
        together[metric, resolution.start(start)].append(part)
    return {place: replace(merged(buckets), start=place[1]) for place, buckets in together.items()}


def merged(buckets: Sequence[Bucket]) -> Bucket:
    """All readings of these buckets in one, which is called as the first; at least one."""
    if len(buckets) == 1:
        return buckets[0]
    last = max(buckets, key=lambda bucket: bucket.latest)
    return replace(
        buckets[0],
        count=sum(bucket.count for bucket in buckets),
        total=sum((bucket.total for bucket in buckets), Decimal(0)),
        lowest=min(bucket.lowest for bucket in buckets),
        highest=max(bucket.highest for bucket in buckets),
        last=last.last,
        last_at=last.last_at,
        last_sequence=last.last_sequence,
        last_device=last.last_device,
        sketch=sketch.merged(bucket.sketch for bucket in buckets),
    )


class _Shares:
    """What batches add, worked out once for all the keys and shards that ask for it, and kept for the latest."""

    def __init__(self, kept: int) -> None:
        self._made: dict[int, tuple[TelemetryReported, dict[str, Bucket]]] = {}
        self._kept = kept

    def of(self, recorded: Recorded[TelemetryReported]) -> dict[str, Bucket]:
        """The same object again, if the event is the same."""
        seen, made = self._made.get(recorded.position, (None, None))
        if made is None or seen is not recorded.event:
            made = shares(recorded.event)
            self._made[recorded.position] = recorded.event, made
            if len(self._made) > self._kept:
                del self._made[next(iter(self._made))]
        return made


_SHARES: Final = _Shares(kept=256)


def keys(recorded: Recorded[TelemetryReported]) -> Iterable[str]:
    """Every bucket that a reading of the batch belongs to."""
    return _SHARES.of(recorded)


def evolve(bucket: Bucket | None, recorded: Recorded[TelemetryReported], key: str) -> Bucket:
    """The bucket with what the batch adds to it."""
    share = _SHARES.of(recorded)[key]
    return share if bucket is None else merged([bucket, share])


VIEW: View[Bucket] = View(
    name="telemetry",
    row=Bucket,
    handles=(TelemetryReported,),
    keys=keys,
    evolve=evolve,
    shards=4,
    commutes=True,
    indexes=("series, start",),
)


async def find(reads: ReadModels, series: str, since: datetime, until: datetime) -> list[Bucket]:
    """The buckets of a series that begin in a stretch of time, in their order."""
    table = reads.table(VIEW)
    rows = await reads.fetch(
        f"select {table.selected} from {table.table} present where series = $1 and start >= $2 and start < $3 "
        "order by start",
        series,
        since,
        until,
    )
    return [table.stored(row).row for row in rows]
