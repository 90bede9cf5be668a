"""Devices in their normalized tables, with the rules that watch them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

import asyncpg
import msgspec

from app.infra.unit_of_work import Work
from write_model.devices.aggregate import Device, evolve
from write_model.devices.alarms import Rule
from write_model.devices.events import (
    AlarmCleared,
    AlarmRaised,
    DeviceEvent,
    DeviceRegistered,
    DeviceRetired,
    TelemetryReported,
)
from write_model.devices.sequences import Sequences

_LOCK = """
select device_id from write.devices where device_id = any($1::uuid[]) order by device_id for no key update {waiting}
"""
_WATCHES = "(r.device_id = d.device_id or (r.device_id is null and r.site = d.site))"
_LOCK_RULES = f"""
select d.device_id from write.devices d join write.alarm_rules r on {_WATCHES}
where d.device_id = any($1::uuid[]) order by r.rule_id for key share of r {{waiting}}
"""
_FIND = f"""
select device_id, site, retired, version, delivered,
    (select json_object_agg(metric, json_build_array(newest_at, newest_sequence))
     from write.device_metrics m where m.device_id = d.device_id) as newest,
    (select json_agg(json_build_array(s.alarm_id, json_build_object(
                'rule_id', r.rule_id, 'site', r.site, 'device_id', r.device_id, 'metric', r.metric,
                'direction', r.direction, 'raise_at', r.raise_at::text, 'clear_at', r.clear_at::text,
                'version', r.version)) order by r.rule_id)
     from write.alarm_rules r
     left join write.alarm_states s on s.rule_id = r.rule_id and s.device_id = d.device_id
     where {_WATCHES}) as watches
from write.devices d where device_id = any($1::uuid[])
"""
_REGISTER = """
insert into write.devices (device_id, kind, site, registered_at, version) values ($1, $2, $3, $4, 1)
"""
_DESCRIBE = """
insert into write.device_metadata (device_id, name, value)
select $1, name, value from unnest($2::text[], $3::text[]) as m (name, value)
"""
_SAVE = """
update write.devices set retired = $2, delivered = $3::int8multirange, version = $4 where device_id = $1
"""
_MEASURE = """
insert into write.device_metrics (device_id, metric, newest_at, newest_sequence)
select $1, metric, newest_at, newest_sequence
from unnest($2::text[], $3::timestamptz[], $4::bigint[]) as m (metric, newest_at, newest_sequence)
on conflict (device_id, metric) do update
set newest_at = excluded.newest_at, newest_sequence = excluded.newest_sequence
"""
_ALARM = """
insert into write.alarm_states (device_id, rule_id, alarm_id)
select $1, rule_id, alarm_id from unnest($2::uuid[], $3::uuid[]) as s (rule_id, alarm_id)
on conflict (device_id, rule_id) do update set alarm_id = excluded.alarm_id
"""
"""An insert also where an alarm is cleared: the rule's key then refuses it if the rule was dropped meanwhile."""

_newest = msgspec.json.Decoder(dict[str, tuple[datetime, int]]).decode
_watches = msgspec.json.Decoder(list[tuple[UUID | None, Rule]]).decode


@dataclass(frozen=True, slots=True)
class Watched:
    """A device, and the rules that watch it."""

    device: Device
    rules: Sequence[Rule]


class Devices:
    """Loads and saves devices within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def fresh(self, device_id: UUID) -> Device | None:
        """None, as for an id that was just made; if the tables knew better when it was written, the device."""
        found = await self.load(device_id) if self._work.locking else None
        return found.device if found else None

    async def load(self, device_id: UUID) -> Watched | None:
        """The device, whatever version the client expects of it; its rules stay if this work locks."""
        await self._work.lock(_LOCK, [device_id])
        if self._work.locking:
            await self._work.lock(_LOCK_RULES, [device_id])
        return await self.find(device_id)

    async def find(self, device_id: UUID) -> Watched | None:
        """The device, to be looked at only."""
        row = await self._work.row(_FIND, device_id)
        return _watched(row) if row else None

    def save(self, device_id: UUID, device: Device | None, events: Sequence[DeviceEvent]) -> None:
        """Queues what the events say for the tables, and hands them to the log."""
        after = device
        for event in events:
            after = evolve(after, event)
            self._describe(event)
        assert after is not None
        self._measure(after, device.newest if device else {})
        self._alarm(after, events)
        if device is not None:
            delivered = [asyncpg.Range(begin, end) for begin, end in after.delivered.runs]
            self._work.write(_SAVE, device_id, after.retired, delivered, after.version)
        self._work.record("device", device_id, device.version if device else 0, events)

    def _describe(self, event: DeviceEvent) -> None:
        """What is written of a registration alone; the rest is written of the device as it is after all events."""
        match event:
            case DeviceRegistered():
                self._work.write(_REGISTER, event.device_id, event.kind, event.site, event.registered_at)
                if event.metadata:
                    self._work.write(_DESCRIBE, event.device_id, [*event.metadata], [*event.metadata.values()])
            case TelemetryReported() | DeviceRetired() | AlarmRaised() | AlarmCleared():
                pass
            case _:
                assert_never(event)

    def _measure(self, device: Device, known: Mapping[str, tuple[datetime, int]]) -> None:
        newer = {metric: newest for metric, newest in device.newest.items() if newest != known.get(metric)}
        if newer:
            times, sequences = zip(*newer.values(), strict=True)
            self._work.write(_MEASURE, device.device_id, [*newer], [*times], [*sequences])

    def _alarm(self, device: Device, events: Sequence[DeviceEvent]) -> None:
        rules = list(dict.fromkeys(each.rule_id for each in events if isinstance(each, AlarmRaised | AlarmCleared)))
        if rules:
            self._work.write(_ALARM, device.device_id, rules, [device.alarms.get(rule) for rule in rules])


def _watched(row: asyncpg.Record) -> Watched:
    watches = _watches(row["watches"] or "[]")
    device = Device(
        device_id=row["device_id"],
        site=row["site"],
        retired=row["retired"],
        delivered=Sequences(tuple((run.lower, run.upper) for run in row["delivered"])),
        newest=_newest(row["newest"] or "{}"),
        alarms={rule.rule_id: alarm for alarm, rule in watches if alarm is not None},
        version=row["version"],
    )
    return Watched(device, [rule for _, rule in watches])
