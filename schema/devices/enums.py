"""The devices context's enums, with what GraphQL says about them."""

import strawberry

from read_model.devices.alarms import AlarmSort, Ending
from read_model.devices.device import DeviceSort
from read_model.devices.telemetry import Resolution
from write_model.devices.commands import Direction

__all__ = ["AlarmSort", "DeviceSort", "Direction", "Ending", "Resolution"]

strawberry.enum(Direction, name="AlarmDirection", description="On which side of its threshold a rule raises an alarm.")
strawberry.enum(Ending, name="AlarmEnding", description="What ended an alarm.")
strawberry.enum(
    Resolution, name="TelemetryResolution", description="How long a bucket of telemetry is; days are UTC's."
)
strawberry.enum(DeviceSort, description="How a list of devices is sorted.")
strawberry.enum(AlarmSort, description="How a list of alarms is sorted.")
