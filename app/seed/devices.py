"""The devices of the small shop: what keeps its cellar cold, with a morning of what they measured.

Readings are dated on one day of the past, so that the example operations can name it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from app.kernel.clock import now
from app.kernel.messages import Command
from app.seed.names import seeded_id
from write_model.devices.commands import DefineRule, Direction, Measurement, RegisterDevice, ReportTelemetry

_MORNING: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
_MINUTES: Final = 120


@dataclass(frozen=True, slots=True)
class _Device:
    kind: str
    site: str
    room: str
    measures: Mapping[str, Callable[[int], Decimal]]
    """By metric, its value so many minutes into the morning."""


@dataclass(frozen=True, slots=True)
class _Rule:
    site: str | None
    device: str | None
    metric: str
    direction: Direction
    raise_at: str
    clear_at: str


def _cellar(minute: int) -> Decimal:
    """Five degrees, and nearly ten after an hour."""
    return Decimal(500 + max(0, 40 - abs(60 - minute)) * 12).scaleb(-2)


def _freezer(minute: int) -> Decimal:
    """Eighteen below zero, until somebody leaves the door open."""
    return Decimal(-180 + max(0, minute - 109) * 27).scaleb(-1)


DEVICES: Final[Mapping[str, _Device]] = {
    "cellar": _Device("thermometer", "leeds", "Cellar", {"temperature": _cellar}),
    "freezer": _Device("thermometer", "leeds", "Kitchen", {"temperature": _freezer}),
    "greenhouse": _Device(
        "climate station",
        "york",
        "Greenhouse",
        {
            "temperature": lambda minute: Decimal(180 + minute // 2).scaleb(-1),
            "humidity": lambda minute: Decimal(600 - minute).scaleb(-1),
        },
    ),
}

RULES: Final[Mapping[str, _Rule]] = {
    "warm": _Rule("leeds", None, "temperature", Direction.ABOVE, "8", "6"),
    "dry": _Rule(None, "greenhouse", "humidity", Direction.BELOW, "30", "35"),
}


def steps() -> Iterator[tuple[str, Command]]:
    """What they are made of, each step by a name of its own."""
    for name, device in DEVICES.items():
        yield (
            f"device/{name}",
            RegisterDevice(
                at=now() - timedelta(days=30),
                device_id=seeded_id("device", name),
                kind=device.kind,
                site=device.site,
                metadata={"room": device.room},
            ),
        )
    for name, rule in RULES.items():
        yield f"rule/{name}", _definition(name, rule)
    for name, device in DEVICES.items():
        device_id = seeded_id("device", name)
        yield f"report/{name}", ReportTelemetry(at=now(), device_id=device_id, readings=tuple(_readings(device)))


def _definition(name: str, rule: _Rule) -> DefineRule:
    return DefineRule(
        at=now() - timedelta(days=30),
        rule_id=seeded_id("rule", name),
        site=rule.site,
        device_id=seeded_id("device", rule.device) if rule.device else None,
        metric=rule.metric,
        direction=rule.direction,
        raise_at=Decimal(rule.raise_at),
        clear_at=Decimal(rule.clear_at),
    )


def _readings(device: _Device) -> Iterator[Measurement]:
    every = [(minute, metric) for minute in range(_MINUTES) for metric in device.measures]
    for sequence, (minute, metric) in enumerate(every, 1):
        value, at = device.measures[metric](minute), _MORNING + timedelta(minutes=minute)
        yield Measurement(sequence=sequence, metric=metric, value=value, at=at)
