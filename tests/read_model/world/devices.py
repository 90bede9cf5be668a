"""Commands to devices and rules, carried out on the small shop's records."""

from typing import assert_never
from uuid import UUID

from app.kernel.messages import Event
from tests.read_model.world.commands import Sent
from tests.read_model.world.records import Alarm, Device, Shop, Threshold
from write_model.devices import aggregate, alarms
from write_model.devices.aggregate import DeviceCommand
from write_model.devices.alarms import Rule
from write_model.devices.commands import (
    DefineRule,
    Direction,
    DropRule,
    Measurement,
    RegisterDevice,
    ReportTelemetry,
    RetireDevice,
)
from write_model.devices.errors import DeviceAlreadyRetired, DeviceNotFound
from write_model.devices.sequences import Sequences


def change(shop: Shop, command: DeviceCommand, _: Sent) -> list[Event]:
    """Anything that becomes of a device, from the first day on."""
    events = aggregate.decide(_known(shop, command.device_id), command, _rules(shop, command.device_id))
    match command:
        case RegisterDevice():
            shop.devices[command.device_id] = Device(
                device_id=command.device_id,
                kind=command.kind,
                site=command.site,
                metadata=command.metadata,
                registered_at=command.at,
                last_seen_at=command.at,
            )
        case ReportTelemetry():
            _hear(shop, shop.devices[command.device_id], command)
        case RetireDevice():
            shop.devices[command.device_id].retired_at = command.at
            for alarm in _open(shop):
                if alarm.device.device_id == command.device_id:
                    alarm.end = command.at, "DEVICE_RETIRED", None
        case _:
            assert_never(command)
    shop.devices[command.device_id].version += len(events) - isinstance(command, RegisterDevice)
    return [*events]


def define(shop: Shop, command: DefineRule, _: Sent) -> list[Event]:
    """A threshold for a site, or for a device that is in use."""
    device = shop.devices.get(command.device_id) if command.device_id else None
    if command.device_id and device is None:
        raise DeviceNotFound(command.device_id)
    if device and device.retired_at:
        raise DeviceAlreadyRetired(device.device_id)
    site = device.site if device else command.site or ""
    events = alarms.define(_rule(shop.thresholds.get(command.rule_id)), command, site)
    shop.thresholds[command.rule_id] = Threshold(
        rule_id=command.rule_id,
        site=site,
        device_id=command.device_id,
        metric=command.metric,
        above=command.direction is Direction.ABOVE,
        raise_at=command.raise_at,
        clear_at=command.clear_at,
        defined_at=command.at,
    )
    return [*events]


def drop(shop: Shop, command: DropRule, _: Sent) -> list[Event]:
    """A threshold is gone, and nobody is alarmed because of it any more."""
    mine = [each for each in _open(shop) if each.threshold.rule_id == command.rule_id]
    ids = [alarms.alarm_id(command.rule_id, each.device.device_id, each.reading.sequence) for each in mine]
    events = alarms.drop(_rule(shop.thresholds.get(command.rule_id)), command, ids)
    shop.thresholds[command.rule_id].dropped_at = command.at
    for alarm in mine:
        alarm.end = command.at, "RULE_DROPPED", None
    return [*events]


def _hear(shop: Shop, device: Device, command: ReportTelemetry) -> None:
    """Every reading once; then one after the other by the device's clock, each held against every threshold."""
    latest = {metric: _latest(device, metric) for metric in {each.metric for each in device.said.values()}}
    new = {each.sequence: each for each in command.readings if each.sequence not in device.said}
    device.said |= new
    device.reports += 1
    device.last_seen_at = max(device.last_seen_at, command.at)
    for reading in sorted(new.values(), key=lambda each: (each.at, each.sequence)):
        before = latest.get(reading.metric)
        if before is None or (reading.at, reading.sequence) > (before.at, before.sequence):
            for threshold in _watching(shop, device):
                if threshold.metric == reading.metric:
                    _judge(shop, device, threshold, reading)


def _judge(shop: Shop, device: Device, threshold: Threshold, reading: Measurement) -> None:
    sign = 1 if threshold.above else -1
    mine = (each for each in _open(shop) if each.threshold is threshold and each.device is device)
    alarm = next(mine, None)
    if alarm is None and sign * (reading.value - threshold.raise_at) > 0:
        shop.alarms.append(Alarm(threshold, device, reading))
    elif alarm is not None and sign * (reading.value - threshold.clear_at) <= 0:
        alarm.end = reading.at, "READING", reading.value


def _open(shop: Shop) -> list[Alarm]:
    return [alarm for alarm in shop.alarms if alarm.end is None]


def _watching(shop: Shop, device: Device) -> list[Threshold]:
    thresholds = [shop.thresholds[key] for key in sorted(shop.thresholds)]
    mine = [each for each in thresholds if each.device_id in {None, device.device_id} and each.site == device.site]
    return [each for each in mine if each.dropped_at is None]


def _latest(device: Device, metric: str) -> Measurement:
    return max(
        (each for each in device.said.values() if each.metric == metric), key=lambda each: (each.at, each.sequence)
    )


def _known(shop: Shop, device_id: UUID) -> aggregate.Device | None:
    device = shop.devices.get(device_id)
    if device is None:
        return None
    newest = {metric: _latest(device, metric) for metric in {each.metric for each in device.said.values()}}
    mine = [each for each in _open(shop) if each.device is device]
    return aggregate.Device(
        device_id=device_id,
        site=device.site,
        retired=device.retired_at is not None,
        delivered=Sequences().plus(device.said),
        newest={metric: (each.at, each.sequence) for metric, each in newest.items()},
        alarms={
            each.threshold.rule_id: alarms.alarm_id(each.threshold.rule_id, device_id, each.reading.sequence)
            for each in mine
        },
        version=device.version,
    )


def _rules(shop: Shop, device_id: UUID) -> list[Rule]:
    device = shop.devices.get(device_id)
    return [rule for each in _watching(shop, device) if (rule := _rule(each))] if device else []


def _rule(threshold: Threshold | None) -> Rule | None:
    if threshold is None:
        return None
    return Rule(
        rule_id=threshold.rule_id,
        site=threshold.site,
        device_id=threshold.device_id,
        metric=threshold.metric,
        direction=Direction.ABOVE if threshold.above else Direction.BELOW,
        raise_at=threshold.raise_at,
        clear_at=threshold.clear_at,
        dropped=threshold.dropped_at is not None,
    )
