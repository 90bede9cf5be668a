"""What happened to devices and to the rules that watch them.

`at` of a reading, and so the time of an alarm, is the device's own; every other time is that of the command.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.kernel.messages import Event, Upcasters
from app.kernel.structs import Struct


class DeviceRegistered(Event, frozen=True, kw_only=True):
    """A device was put up at a site."""

    device_id: UUID
    kind: str
    site: str
    metadata: dict[str, str]
    registered_at: datetime


class Reading(Struct, frozen=True, array_like=True):
    """What a device measured. Stored as a list of four, since the log holds more of these than of all else."""

    sequence: int
    metric: str
    value: Decimal
    at: datetime


class TelemetryReported(Event, frozen=True, kw_only=True):
    """A device delivered readings, of which `duplicates` were known and are left out: perhaps all of them."""

    device_id: UUID
    site: str
    readings: tuple[Reading, ...]
    duplicates: int
    reported_at: datetime


class DeviceRetired(Event, frozen=True, kw_only=True):
    """A device is not to be heard of again."""

    device_id: UUID
    retired_at: datetime


class AlarmRaised(Event, frozen=True, kw_only=True):
    """A reading went beyond what a rule allows. The rule is told as it was then."""

    alarm_id: UUID
    rule_id: UUID
    device_id: UUID
    site: str
    metric: str
    direction: str
    raise_at: Decimal
    clear_at: Decimal
    value: Decimal
    sequence: int
    raised_at: datetime


class AlarmCleared(Event, frozen=True, kw_only=True):
    """An alarm is over: by a reading (READING), or because its device was retired (DEVICE_RETIRED)."""

    alarm_id: UUID
    rule_id: UUID
    device_id: UUID
    reason: str
    value: Decimal | None
    sequence: int | None
    cleared_at: datetime


class RuleDefined(Event, frozen=True, kw_only=True):
    """A threshold was set for a metric: of one device, or where there is none, of each at the site."""

    rule_id: UUID
    site: str
    device_id: UUID | None
    metric: str
    direction: str
    raise_at: Decimal
    clear_at: Decimal
    defined_at: datetime


class RuleDropped(Event, frozen=True, kw_only=True):
    """A threshold holds no more. The alarms of it that were open are over: `cleared`."""

    rule_id: UUID
    site: str
    cleared: tuple[UUID, ...]
    dropped_at: datetime


DeviceEvent = DeviceRegistered | TelemetryReported | DeviceRetired | AlarmRaised | AlarmCleared
RuleEvent = RuleDefined | RuleDropped

UPCASTERS: Upcasters = {}
