"""Commands to devices, and to the rules that watch them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import strawberry

from app.kernel.clock import new_id, now
from app.kernel.errors import InvalidValue
from schema.command_result import ChangeInput, CommandInput, CommandResult, dispatch
from schema.context import Info
from schema.devices.enums import Direction
from schema.reading import decode_id, decode_optional_id
from schema.scalars import BigInt
from write_model.devices import commands


@strawberry.input(description="Something worth knowing of a device, under a name.")
class DeviceMetadatumInput:
    name: str
    value: str


@strawberry.input
class RegisterDeviceInput(CommandInput):
    kind: str = strawberry.field(description="Such as thermometer.")
    site: str = strawberry.field(description="Where it is: up to 63 small letters, digits and dashes.")
    metadata: list[DeviceMetadatumInput] = strawberry.field(default_factory=list)

    def command(self) -> commands.RegisterDevice:
        return commands.RegisterDevice(
            at=now(), device_id=new_id(), kind=self.kind, site=self.site, metadata=_metadata(self.metadata)
        )


def _metadata(given: Sequence[DeviceMetadatumInput]) -> dict[str, str]:
    metadata = {each.name: each.value for each in given}
    if len(metadata) < len(given):
        raise InvalidValue("A name of metadata is given twice.", field="metadata")
    return metadata


@strawberry.input(description="What a device measured.")
class ReadingInput:
    sequence: BigInt = strawberry.field(
        description="The device's own number of the reading, counted from 1 over all metrics. What comes again under "
        "the same number is a duplicate, and does nothing."
    )
    metric: str
    value: Decimal = strawberry.field(description="At most six decimals.")
    at: datetime = strawberry.field(description="When it was measured, by the device's clock.")

    def measured(self) -> commands.Measurement:
        return commands.Measurement(sequence=self.sequence, metric=self.metric, value=self.value, at=self.at)


@strawberry.input
class ReportTelemetryInput(ChangeInput):
    device_id: strawberry.ID
    readings: list[ReadingInput] = strawberry.field(description="1 to 1,000, in any order.")

    def command(self) -> commands.ReportTelemetry:
        device_id = decode_id("device", self.device_id, "deviceId")
        if len(self.readings) > commands.MOST_READINGS:
            raise InvalidValue(f"A batch has 1 to {commands.MOST_READINGS:,} readings.", field="readings")
        readings = tuple(reading.measured() for reading in self.readings)
        return commands.ReportTelemetry(at=now(), device_id=device_id, readings=readings)


@strawberry.input
class RetireDeviceInput(ChangeInput):
    device_id: strawberry.ID

    def command(self) -> commands.RetireDevice:
        return commands.RetireDevice(at=now(), device_id=decode_id("device", self.device_id, "deviceId"))


@strawberry.input
class DefineRuleInput(CommandInput):
    site: str | None = strawberry.field(default=None, description="For every device at this site.")
    device_id: strawberry.ID | None = strawberry.field(default=None, description="For this device alone.")
    metric: str
    direction: Direction
    raise_at: Decimal = strawberry.field(description="Beyond this an alarm is raised.")
    clear_at: Decimal = strawberry.field(description="At this, or further away from it, the alarm is over.")

    def command(self) -> commands.DefineRule:
        return commands.DefineRule(
            at=now(),
            rule_id=new_id(),
            site=self.site,
            device_id=decode_optional_id("device", self.device_id, "deviceId"),
            metric=self.metric,
            direction=self.direction,
            raise_at=self.raise_at,
            clear_at=self.clear_at,
        )


@strawberry.input
class DropRuleInput(ChangeInput):
    rule_id: strawberry.ID

    def command(self) -> commands.DropRule:
        return commands.DropRule(at=now(), rule_id=decode_id("rule", self.rule_id, "ruleId"))


@strawberry.type
class DevicesMutation:
    @strawberry.mutation(description="Put up a device at a site that you reach.")
    async def register_device(self, info: Info, input: RegisterDeviceInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(
        description="Deliver what a device measured. What was delivered before is left out, so a batch of which nobody "
        "knows whether it arrived can be sent again. A batch of nothing new is accepted, too."
    )
    async def report_telemetry(self, info: Info, input: ReportTelemetryInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Take a device out of use, for good; its alarms are over.")
    async def retire_device(self, info: Info, input: RetireDeviceInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(
        description="Let a metric of a site's devices, or of one device, raise an alarm beyond a threshold. The rule "
        "looks at readings that are newer than all that the device delivered before."
    )
    async def define_rule(self, info: Info, input: DefineRuleInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Let a rule hold no more; its alarms are over.")
    async def drop_rule(self, info: Info, input: DropRuleInput) -> CommandResult:
        return await dispatch(info, input, input.command)
