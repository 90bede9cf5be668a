"""What the devices' views must show."""

from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from app.kernel.view import Key
from read_model.devices.alarm_rules import AlarmRule
from read_model.devices.alarms import Alarm
from read_model.devices.device import Device, LastReading
from read_model.devices.telemetry import Bucket
from tests.read_model.expected.rows import Rows
from tests.read_model.world import records
from tests.read_model.world.records import Shop
from write_model.devices.commands import Measurement


def device(shop: Shop) -> Rows:
    """Every device, with what it said last."""
    return {key: _device(each) for key, each in shop.devices.items()}


def _device(device: records.Device) -> Device:
    latest: dict[str, LastReading] = {}
    for each in sorted(device.said.values(), key=lambda each: (each.at, each.sequence)):
        latest[each.metric] = LastReading(each.at, each.sequence, each.value)
    return Device(
        device_id=device.device_id,
        kind=device.kind,
        site=device.site,
        metadata=dict(device.metadata),
        registered_at=device.registered_at,
        last_seen_at=device.last_seen_at,
        reports=device.reports,
        readings=len(device.said),
        latest=latest,
        retired_at=device.retired_at,
    )


def telemetry(shop: Shop) -> Rows:
    """Everything that was said, by whose it is, what, and when it was measured."""
    gathered: defaultdict[tuple[str, datetime], list[tuple[UUID, Measurement]]] = defaultdict(list)
    for key, device in shop.devices.items():
        for reading in device.said.values():
            for resolution, start in _starts(reading.at).items():
                for whose in (f"device:{key}", f"site:{device.site}"):
                    gathered[f"{whose}|{reading.metric}|{resolution}", start].append((key, reading))
    rows = [_bucket(series, start, said) for (series, start), said in gathered.items()]
    return {row.key: row for row in rows}


def _starts(at: datetime) -> dict[str, datetime]:
    return {
        "MINUTE": datetime(at.year, at.month, at.day, at.hour, at.minute, tzinfo=at.tzinfo),
        "HOUR": datetime(at.year, at.month, at.day, at.hour, tzinfo=at.tzinfo),
        "DAY": datetime(at.year, at.month, at.day, tzinfo=at.tzinfo),
    }


def _bucket(series: str, start: datetime, said: list[tuple[UUID, Measurement]]) -> Bucket:
    values = [reading.value for _, reading in said]
    who, last = max(said, key=lambda each: (each[1].at, each[1].sequence, each[0]))
    return Bucket(
        key=f"{series}|{start.isoformat()}",
        series=series,
        start=start,
        count=len(values),
        total=sum(values, Decimal(0)),
        lowest=min(values),
        highest=max(values),
        last=last.value,
        last_at=last.at,
        last_sequence=last.sequence,
        last_device=who,
        sketch=dict(Counter(map(_part, values))),
    )


def _part(value: Decimal) -> str:
    """Halved until it is below 128: how often, times 64, and what is left. All values here are above zero."""
    millionths, halved = int(value * 1_000_000), 0
    while millionths >= 128:
        millionths, halved = millionths // 2, halved + 1
    return str(64 * halved + millionths)


def alarms(shop: Shop) -> Rows:
    """Every reading that was beyond a threshold, and how that ended."""
    shown: dict[Key, Alarm] = {}
    for each in shop.alarms:
        rule, reading = each.threshold, each.reading
        ended, by, value = each.end or (None, None, None)
        row = Alarm(
            alarm_id=uuid5(rule.rule_id, f"{each.device.device_id}/{reading.sequence}"),
            rule_id=rule.rule_id,
            device_id=each.device.device_id,
            site=each.device.site,
            metric=rule.metric,
            direction="ABOVE" if rule.above else "BELOW",
            raise_at=rule.raise_at,
            clear_at=rule.clear_at,
            value=reading.value,
            raised_at=reading.at,
            cleared_at=ended,
            cleared_by=by,
            cleared_value=value,
        )
        shown[row.alarm_id] = row
    return shown


def alarm_rules(shop: Shop) -> Rows:
    """Every rule, those that were dropped included."""
    return {
        key: AlarmRule(
            rule_id=key,
            site=each.site,
            device_id=each.device_id,
            metric=each.metric,
            direction="ABOVE" if each.above else "BELOW",
            raise_at=each.raise_at,
            clear_at=each.clear_at,
            defined_at=each.defined_at,
            dropped_at=each.dropped_at,
        )
        for key, each in shop.thresholds.items()
    }
