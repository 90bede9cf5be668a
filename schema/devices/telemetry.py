"""`telemetry`: what a device or a site measured, in buckets; for operators, and for who reaches the site."""

from datetime import datetime
from decimal import Decimal
from functools import partial

import strawberry

from app.infra.checkpoints import Freshness
from app.infra.wanted import Behind
from app.kernel.errors import InvalidValue
from app.plans import shown
from read_model.devices import device
from read_model.devices import telemetry as view
from schema.context import Info
from schema.devices.enums import Resolution
from schema.devices.reach import sees
from schema.lists import ListFreshness
from schema.reading import Token, WaitMs, decode_id, listed, not_reached
from schema.scalars import BigInt
from write_model.devices.commands import require_metric, require_site

MOST_BUCKETS = 1_500


@strawberry.type(description="The readings of one metric in a minute, an hour or a day, by the clocks of the devices.")
class TelemetryBucket:
    row: strawberry.Private[view.Bucket]
    start: datetime = shown("row.start")
    count: BigInt = shown("row.count")
    sum: Decimal = shown("row.total")
    min: Decimal = shown("row.lowest")
    max: Decimal = shown("row.highest")
    mean: Decimal = shown("row.mean", description="To six decimals.")
    last: Decimal = shown("row.last", description="The reading with the latest time.")
    last_at: datetime = shown("row.last_at")

    @strawberry.field(
        description="What so many of a hundred readings are not above, by the nearest rank; at most 0.79 % of it off."
    )
    def percentile(self, percent: float = 95) -> Decimal:
        if not 0 <= percent <= 100:
            raise InvalidValue("percent must be between 0 and 100.", field="percent")
        return self.row.percentile(percent / 100)


@strawberry.type(description="What was measured of one metric, in the order of time; empty buckets are left out.")
class TelemetrySeries:
    buckets: list[TelemetryBucket]
    seen: strawberry.Private[Freshness | None]

    @strawberry.field
    def freshness(self) -> ListFreshness:
        return ListFreshness.of(self.seen)


@strawberry.type
class TelemetryQuery:
    @strawberry.field(
        description="The buckets of a device, or of all devices at a site, that begin at `since` or later and before "
        "`until`: at most 1,500. Null if there is no such device, or the site is not yours to see."
    )
    async def telemetry(
        self,
        info: Info,
        metric: str,
        since: datetime,
        until: datetime,
        resolution: Resolution = Resolution.HOUR,
        device_id: strawberry.ID | None = None,
        site: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> TelemetrySeries | None:
        info.context.asker()
        require_metric(metric)
        _require_few(resolution, since, until)
        series = await _series(info, metric, resolution, device_id, site, token, wait_ms)
        if series is None:
            return None
        find = partial(view.find, info.context.reads, series, since, until)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        return TelemetrySeries(buckets=[TelemetryBucket(row=row) for row in found.found], seen=found.freshness)


def _require_few(resolution: Resolution, since: datetime, until: datetime) -> None:
    if since > until:
        raise InvalidValue("since must not be after until.", field="since")
    if until - since > MOST_BUCKETS * resolution.span:
        raise InvalidValue(f"These would be more than {MOST_BUCKETS:,} buckets: ask for longer ones.", field="until")


async def _series(
    info: Info,
    metric: str,
    resolution: Resolution,
    device_id: strawberry.ID | None,
    site: str | None,
    token: str | None,
    wait_ms: int | None,
) -> str | None:
    """The name of what is asked for; None where that is not the asker's to see. Raises a Refusal."""
    if (device_id is None) == (site is None):
        raise InvalidValue("Say whose with deviceId or with site, one of them.", field="deviceId")
    if site is not None:
        require_site(site)
        return view.of_site(site, metric, resolution) if sees(info.context.asker(), site) else None
    assert device_id is not None
    key = decode_id("device", device_id, "deviceId")
    found = await info.context.reads.get(device.VIEW, key, info.context.wanted(token=token, wait_ms=wait_ms))
    if isinstance(found, Behind):
        raise not_reached(found)
    if found.stored is None or not sees(info.context.asker(), found.stored.row.site):
        return None
    return view.of_device(key, metric, resolution)
