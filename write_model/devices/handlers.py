"""Load, decide, save: what the commands to devices and rules do. Who is no operator reaches some sites alone."""

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from app.kernel.errors import Forbidden
from write_model.devices.aggregate import Device, decide
from write_model.devices.alarms import define, drop
from write_model.devices.commands import (
    SITE,
    DefineRule,
    DropRule,
    RegisterDevice,
    ReportTelemetry,
    RetireDevice,
)
from write_model.devices.errors import DeviceAlreadyRetired, DeviceNotFound, RuleNotFound
from write_model.devices.repository import Devices, Watched
from write_model.devices.rules import Rules


async def register_device(command: RegisterDevice, work: Work) -> None:
    """Puts up a device."""
    _require_site(command.site, work)
    devices = Devices(work)
    device = await devices.fresh(command.device_id)
    devices.save(command.device_id, device, decide(device, command))


async def change_device(command: ReportTelemetry | RetireDevice, work: Work) -> None:
    """Carries out any command to one device, under the rules that watch it."""
    devices = Devices(work)
    found = _reached(await devices.load(command.device_id), command, work)
    work.expect(command.device_id, found.device.version)
    devices.save(command.device_id, found.device, decide(found.device, command, found.rules))


async def define_rule(command: DefineRule, work: Work) -> None:
    """Begins to watch a site, or a device, which stays where it is."""
    site = await _site_of(command, work)
    rules = Rules(work)
    rule = await rules.fresh(command.rule_id)
    rules.save(command.rule_id, None, define(rule, command, site))


async def drop_rule(command: DropRule, work: Work) -> None:
    """Ends a rule and its alarms."""
    rules = Rules(work)
    found = await rules.load(command.rule_id)
    if found is None or not work.actor.reaches(SITE, found.rule.site):
        raise RuleNotFound(command.rule_id)
    work.expect(command.rule_id, found.rule.version)
    rules.save(command.rule_id, found, drop(found.rule, command, found.open_alarms))


def _require_site(site: str, work: Work) -> None:
    if not work.actor.reaches(SITE, site):
        raise Forbidden(f"You do not reach the site {site}.")


def _reached(found: Watched | None, command: ReportTelemetry | RetireDevice | DefineRule, work: Work) -> Watched:
    if found is None or not work.actor.reaches(SITE, found.device.site):
        assert command.device_id is not None
        raise DeviceNotFound(command.device_id)
    return found


async def _site_of(command: DefineRule, work: Work) -> str:
    if command.device_id is None:
        assert command.site is not None
        _require_site(command.site, work)
        return command.site
    device: Device = _reached(await Devices(work).find(command.device_id), command, work).device
    if device.retired:
        raise DeviceAlreadyRetired(command.device_id)
    return device.site


HANDLERS: Handlers = {
    RegisterDevice: register_device,
    ReportTelemetry: change_device,
    RetireDevice: change_device,
    DefineRule: define_rule,
    DropRule: drop_rule,
}
