"""A thermometer in Leeds, what it says, and the rules that watch it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.kernel.clock import new_id
from write_model.devices.alarms import Rule
from write_model.devices.commands import Direction, Measurement, RegisterDevice, ReportTelemetry
from write_model.devices.events import DeviceRegistered, Reading, TelemetryReported

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
THERMOMETER = UUID(int=0x7E3)

REGISTER = RegisterDevice(at=AT, device_id=THERMOMETER, kind="thermometer", site="leeds", metadata={"room": "cellar"})
REGISTERED = DeviceRegistered(
    device_id=THERMOMETER, kind="thermometer", site="leeds", metadata={"room": "cellar"}, registered_at=AT
)


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


EVENING = later(600)
"""When batches arrive, unless they say otherwise."""


def measured(sequence: int, value: str, minutes: float | None = None, metric: str = "temperature") -> Measurement:
    """Reading number n, taken n minutes after noon unless it says otherwise."""
    at = later(sequence if minutes is None else minutes)
    return Measurement(sequence=sequence, metric=metric, value=Decimal(value), at=at)


def reading(sequence: int, value: str, minutes: float | None = None, metric: str = "temperature") -> Reading:
    """The same in the log."""
    return Reading(sequence, metric, Decimal(value), later(sequence if minutes is None else minutes))


def report(*readings: Measurement, at: datetime = EVENING) -> ReportTelemetry:
    return ReportTelemetry(at=at, device_id=THERMOMETER, readings=readings)


def reported(*readings: Reading, duplicates: int = 0, at: datetime = EVENING) -> TelemetryReported:
    return TelemetryReported(
        device_id=THERMOMETER, site="leeds", readings=readings, duplicates=duplicates, reported_at=at
    )


def rule(raise_at: str, clear_at: str, direction: Direction = Direction.ABOVE, **said: Any) -> Rule:
    """A rule on the temperature at Leeds."""
    facts: dict[str, Any] = {"rule_id": new_id(), "site": "leeds", "device_id": None, "metric": "temperature"} | said
    return Rule(direction=direction, raise_at=Decimal(raise_at), clear_at=Decimal(clear_at), **facts)
