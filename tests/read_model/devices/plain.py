"""What the telemetry view must show, worked out plainly from readings: each device's, in any order, each once."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from read_model.devices.telemetry import Bucket, Resolution, of_device, of_site
from write_model.devices.commands import Measurement

PARTS = (0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0)
_SECONDS = {Resolution.MINUTE: 60, Resolution.HOUR: 3_600, Resolution.DAY: 86_400}
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Told:
    """A reading, and who delivered it."""

    device_id: UUID
    site: str
    reading: Measurement


@dataclass(frozen=True)
class Figures:
    """A bucket's readings in words; `exact` are the percentiles of PARTS by the nearest rank."""

    count: int
    total: Decimal
    lowest: Decimal
    highest: Decimal
    last: Decimal
    exact: tuple[Decimal, ...]


def buckets(told: Iterable[Told]) -> dict[tuple[str, datetime], Figures]:
    """By series and beginning."""
    gathered: defaultdict[tuple[str, datetime], list[Told]] = defaultdict(list)
    for each in told:
        for resolution, seconds in _SECONDS.items():
            start = _EPOCH + timedelta(seconds=(each.reading.at - _EPOCH).total_seconds() // seconds * seconds)
            gathered[of_device(each.device_id, each.reading.metric, resolution), start].append(each)
            gathered[of_site(each.site, each.reading.metric, resolution), start].append(each)
    return {place: _figures(all_) for place, all_ in gathered.items()}


def _figures(told: list[Told]) -> Figures:
    values = sorted(each.reading.value for each in told)
    *_, last = sorted(told, key=lambda each: (each.reading.at, each.reading.sequence, each.device_id))
    ranks = [max(1, math.ceil(part * len(values))) for part in PARTS]
    exact = tuple(values[rank - 1] for rank in ranks)
    return Figures(len(values), sum(values, Decimal(0)), values[0], values[-1], last.reading.value, exact)


def shown(bucket: Bucket, exact: tuple[Decimal, ...]) -> Figures:
    """The bucket in the same words; its percentiles are the exact ones where they are as near as they must be."""
    near = tuple(
        value if abs(bucket.percentile(part) - value) <= abs(value) / 128 else bucket.percentile(part)
        for part, value in zip(PARTS, exact, strict=True)
    )
    return Figures(bucket.count, bucket.total, bucket.lowest, bucket.highest, bucket.last, near)
