"""Devices as lists and their own pages show them: what they are, when they were heard of, and what they said last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, assert_never, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, field, replace
from app.kernel.view import View, own_key
from write_model.devices.events import (
    AlarmCleared,
    AlarmRaised,
    DeviceEvent,
    DeviceRegistered,
    DeviceRetired,
    Reading,
    TelemetryReported,
)


class LastReading(Struct, frozen=True):
    """The newest reading of a metric by the device's own time, at one moment that of the highest number."""

    at: datetime
    sequence: int
    value: Decimal


class Device(Struct, frozen=True, kw_only=True):
    """One device. `last_seen_at` is when it delivered something last, and before that when it was registered."""

    device_id: UUID
    kind: str
    site: str
    metadata: dict[str, str]
    registered_at: datetime
    last_seen_at: datetime
    reports: int = 0
    readings: int = 0
    latest: dict[str, LastReading] = field(default_factory=dict)
    retired_at: datetime | None = None

    def is_online(self, now: datetime, within: timedelta) -> bool:
        """Whether it is in use and has delivered something so shortly before."""
        return self.retired_at is None and self.reports > 0 and now - self.last_seen_at <= within


def evolve(device: Device | None, recorded: Recorded[Any], _: UUID) -> Device | None:
    """The device after the event. Alarms change nothing here but its version, which readers wait for."""
    event: DeviceEvent = recorded.event
    if isinstance(event, DeviceRegistered):
        return Device(
            device_id=event.device_id,
            kind=event.kind,
            site=event.site,
            metadata=event.metadata,
            registered_at=event.registered_at,
            last_seen_at=event.registered_at,
        )
    assert device is not None
    match event:
        case TelemetryReported():
            return replace(
                device,
                last_seen_at=max(device.last_seen_at, event.reported_at),
                reports=device.reports + 1,
                readings=device.readings + len(event.readings),
                latest=_latest(device.latest, event.readings),
            )
        case DeviceRetired():
            return replace(device, retired_at=event.retired_at)
        case AlarmRaised() | AlarmCleared():
            return device
        case _:
            assert_never(event)


def _latest(known: dict[str, LastReading], readings: tuple[Reading, ...]) -> dict[str, LastReading]:
    latest = dict(known)
    for reading in readings:
        before = latest.get(reading.metric)
        if before is None or (before.at, before.sequence) < (reading.at, reading.sequence):
            latest[reading.metric] = LastReading(reading.at, reading.sequence, reading.value)
    return latest


VIEW = View(
    name="device",
    row=Device,
    handles=get_args(DeviceEvent),
    keys=own_key,
    evolve=evolve,
    documents=True,
    indexes=("registered_at, device_id", "last_seen_at, device_id", "site, registered_at, device_id"),
)


class DeviceSort(Enum):
    """How a list of devices is sorted; equals by their ids."""

    REGISTERED_DESC = Ordering("registered-", "registered_at", "device_id", datetime, descending=True)
    LAST_SEEN_DESC = Ordering("seen-", "last_seen_at", "device_id", datetime, descending=True)
    LAST_SEEN_ASC = Ordering("seen+", "last_seen_at", "device_id", datetime, descending=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFilter:
    """Which devices: every given condition holds. `reached` are the sites that may be seen at all, None for all."""

    reached: frozenset[str] | None = None
    site: str | None = None
    kind: str | None = None
    with_retired: bool = False

    def conditions(self) -> tuple[list[str], list[Any]]:
        """SQL conditions, and their parameters from $1 on."""
        given = [
            ("site = any({})", sorted(self.reached) if self.reached is not None else None),
            ("site = {}", self.site),
            ("kind = {}", self.kind),
        ]
        asked = [(test, value) for test, value in given if value is not None]
        tests = [test.format(f"${n}") for n, (test, _) in enumerate(asked, 1)]
        return [*tests, *([] if self.with_retired else ["retired_at is null"])], [value for _, value in asked]


async def find(
    reads: ReadModels, wanted: DeviceFilter, sort: DeviceSort, arguments: PageArguments
) -> Page[Stored[Device]]:
    """A page of the devices that pass the filter."""
    table, query = reads.table(VIEW), KeysetQuery(sort.value, arguments)
    conditions, parameters = wanted.conditions()
    tail = query.tail(conditions, parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, table.stored)


async def count(reads: ReadModels, wanted: DeviceFilter) -> int:
    """How many devices pass the filter."""
    conditions, parameters = wanted.conditions()
    where = f"where {' and '.join(conditions)}" if conditions else ""
    found: int = await reads.fetchval(f"select count(*) from {reads.table(VIEW).table} {where}", *parameters)
    return found
