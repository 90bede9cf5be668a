"""The device: pure rules over what it delivered, measured last, and is alarmed about."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never
from uuid import UUID

from write_model.devices.alarms import Place, Rule, judged, over, place
from write_model.devices.commands import Measurement, RegisterDevice, ReportTelemetry, RetireDevice, plain
from write_model.devices.errors import (
    DeviceAlreadyRegistered,
    DeviceAlreadyRetired,
    DeviceNotFound,
    ReadingFromTheFuture,
    TooManyAlarms,
    TooManyGaps,
    TooManyMetrics,
)
from write_model.devices.events import (
    AlarmCleared,
    AlarmRaised,
    DeviceEvent,
    DeviceRegistered,
    DeviceRetired,
    Reading,
    TelemetryReported,
)
from write_model.devices.sequences import Sequences

DeviceCommand = RegisterDevice | ReportTelemetry | RetireDevice

TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead a device's clock may be."""

MOST_GAPS: Final = 10_000
MOST_METRICS: Final = 100
MOST_ALARMS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What the rules need to know of a device.

    `newest` is by metric the latest reading by the device's time; `alarms` are those that are open, by their rules.
    """

    device_id: UUID
    site: str
    retired: bool = False
    delivered: Sequences = Sequences()
    newest: Mapping[str, Place] = field(default_factory=dict)
    alarms: Mapping[UUID, UUID] = field(default_factory=dict)
    version: int = 0


def decide(device: Device | None, command: DeviceCommand, rules: Sequence[Rule] = ()) -> list[DeviceEvent]:
    """The events that the command leads to under the rules that watch the device.

    Raises the refusals of `write_model.devices.errors`.
    """
    match command:
        case RegisterDevice():
            return _register(device, command)
        case ReportTelemetry():
            return _report(_in_use(device, command.device_id), command, rules)
        case RetireDevice():
            return _retire(_in_use(device, command.device_id), command)
        case _:
            assert_never(command)


def evolve(device: Device | None, event: DeviceEvent) -> Device:
    """The device after the event."""
    if isinstance(event, DeviceRegistered):
        return Device(device_id=event.device_id, site=event.site, version=1)
    assert device is not None
    version = device.version + 1
    match event:
        case TelemetryReported():
            delivered = device.delivered.plus(reading.sequence for reading in event.readings)
            newest = {**device.newest, **newer(device.newest, event.readings)}
            return replace(device, delivered=delivered, newest=newest, version=version)
        case AlarmRaised():
            return replace(device, alarms={**device.alarms, event.rule_id: event.alarm_id}, version=version)
        case AlarmCleared():
            left = {rule: alarm for rule, alarm in device.alarms.items() if rule != event.rule_id}
            return replace(device, alarms=left, version=version)
        case DeviceRetired():
            return replace(device, retired=True, version=version)
        case _:
            assert_never(event)


def newer(newest: Mapping[str, Place], readings: Iterable[Reading]) -> dict[str, Place]:
    """The latest reading of each metric that is later than the one known."""
    found: dict[str, Place] = {}
    for reading in readings:
        here = place(reading)
        before = found.get(reading.metric) or newest.get(reading.metric)
        if before is None or here > before:
            found[reading.metric] = here
    return found


def _in_use(device: Device | None, device_id: UUID) -> Device:
    if device is None:
        raise DeviceNotFound(device_id)
    if device.retired:
        raise DeviceAlreadyRetired(device_id)
    return device


def _register(device: Device | None, command: RegisterDevice) -> list[DeviceEvent]:
    if device is not None:
        raise DeviceAlreadyRegistered(command.device_id)
    return [
        DeviceRegistered(
            device_id=command.device_id,
            kind=command.kind,
            site=command.site,
            metadata=dict(command.metadata),
            registered_at=command.at,
        )
    ]


def _report(device: Device, command: ReportTelemetry, rules: Sequence[Rule]) -> list[DeviceEvent]:
    """One event for the readings that are new, even if none is, and what the rules make of them."""
    _require_past(command.readings, command.at)
    readings = _new(device.delivered, command.readings)
    _require_room(device, readings)
    alarms = judged(device.device_id, device.site, readings, device.newest, rules, device.alarms)
    if len(alarms) > MOST_ALARMS:
        raise TooManyAlarms(len(alarms), MOST_ALARMS)
    reported = TelemetryReported(
        device_id=device.device_id,
        site=device.site,
        readings=readings,
        duplicates=len(command.readings) - len(readings),
        reported_at=command.at,
    )
    return [reported, *alarms]


def _require_past(readings: Iterable[Measurement], now: datetime) -> None:
    latest = now + TOLERANCE
    for reading in readings:
        if reading.at > latest:
            raise ReadingFromTheFuture(reading.sequence, reading.at, TOLERANCE)


def _new(delivered: Sequences, readings: Iterable[Measurement]) -> tuple[Reading, ...]:
    """Those that were not delivered before, each once, in the order of their numbers."""
    new = {each.sequence: each for each in readings if each.sequence not in delivered}
    return tuple(
        Reading(sequence, new[sequence].metric, plain(new[sequence].value), new[sequence].at.astimezone(UTC))
        for sequence in sorted(new)
    )


def _require_room(device: Device, readings: Collection[Reading]) -> None:
    gaps = device.delivered.plus(reading.sequence for reading in readings).gaps
    if gaps > MOST_GAPS:
        raise TooManyGaps(gaps, MOST_GAPS)
    metrics = len(device.newest.keys() | {reading.metric for reading in readings})
    if metrics > MOST_METRICS:
        raise TooManyMetrics(metrics, MOST_METRICS)


def _retire(device: Device, command: RetireDevice) -> list[DeviceEvent]:
    retired = DeviceRetired(device_id=device.device_id, retired_at=command.at)
    return [
        retired,
        *(over(device.device_id, rule, alarm, command.at) for rule, alarm in sorted(device.alarms.items())),
    ]
