"""What can be asked of devices, and of the rules that watch them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, Final
from uuid import UUID

from app.kernel.errors import InvalidValue
from app.kernel.messages import Command, generated_id
from app.kernel.values import require_text

SITE: Final = "site"
"""The kind of scope by which who is no operator reaches devices."""

MOST_READINGS: Final = 1_000
_MOST_METADATA = 50
_LARGEST = Decimal("1e12")
_FINEST = Decimal("0.000001")
_LAST_SEQUENCE = 2**62
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

_is_site = re.compile(r"[a-z0-9][a-z0-9-]{0,62}").fullmatch
_is_metric = lru_cache(4_096)(re.compile(r"[a-z][a-z0-9_.]{0,62}").fullmatch)


class Direction(StrEnum):
    """On which side of its threshold a rule raises an alarm."""

    ABOVE = "ABOVE"
    BELOW = "BELOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDevice(Command):
    """Put up a device at a site."""

    target: ClassVar[str] = "device_id"
    device_id: UUID = generated_id()
    kind: str
    site: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_text(self.kind, "kind", at_most=100)
        require_site(self.site)
        if len(self.metadata) > _MOST_METADATA:
            raise InvalidValue(f"A device has at most {_MOST_METADATA} metadata.", field="metadata")
        for name, value in self.metadata.items():
            require_text(name, "metadata", at_most=100)
            require_text(value, "metadata", at_most=1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A reading as the device sends it: numbered by the device, dated by its clock. At most six decimals."""

    sequence: int
    metric: str
    value: Decimal
    at: datetime

    def __post_init__(self) -> None:
        if not 1 <= self.sequence < _LAST_SEQUENCE:
            raise InvalidValue("A device numbers its readings from 1.", field="sequence")
        require_metric(self.metric)
        require_measurable(self.value, "value")
        if self.at.tzinfo is None or self.at < _EARLIEST:
            raise InvalidValue(f"Reading {self.sequence} is dated before 2000: is the clock set?", field="at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTelemetry(Command):
    """Deliver 1 to 1,000 readings, in any order, and again those that may not have arrived."""

    target: ClassVar[str] = "device_id"
    device_id: UUID
    readings: tuple[Measurement, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.readings) <= MOST_READINGS:
            raise InvalidValue(f"A batch has 1 to {MOST_READINGS:,} readings.", field="readings")
        seen: dict[int, Measurement] = {}
        for reading in self.readings:
            if seen.setdefault(reading.sequence, reading) != reading:
                raise InvalidValue(f"Two readings have the number {reading.sequence}.", field="readings")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireDevice(Command):
    """Take a device out of use, for good. Its alarms are over."""

    target: ClassVar[str] = "device_id"
    device_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineRule(Command):
    """Let a metric raise an alarm beyond `raise_at`, which is over when it is back at `clear_at`.

    It holds for one device, or for every one at a site.
    """

    target: ClassVar[str] = "rule_id"
    rule_id: UUID = generated_id()
    site: str | None = None
    device_id: UUID | None = None
    metric: str
    direction: Direction
    raise_at: Decimal
    clear_at: Decimal

    def __post_init__(self) -> None:
        if (self.site is None) == (self.device_id is None):
            raise InvalidValue("A rule is for a site or for a device: give one of them.", field="site")
        if self.site is not None:
            require_site(self.site)
        require_metric(self.metric)
        require_measurable(self.raise_at, "raiseAt")
        require_measurable(self.clear_at, "clearAt")


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRule(Command):
    """Let a rule hold no more. Its alarms are over."""

    target: ClassVar[str] = "rule_id"
    rule_id: UUID


def require_site(site: str, named: str = "site") -> None:
    """Raises InvalidValue unless the text can be the name of a site."""
    if not _is_site(site):
        raise InvalidValue("A site is named by up to 63 small letters, digits and dashes.", field=named)


def require_metric(metric: str) -> None:
    """Raises InvalidValue unless the text can be the name of a metric."""
    if not _is_metric(metric):
        raise InvalidValue(
            "A metric is named by up to 63 small letters, digits, underscores and dots, a letter first.", field="metric"
        )


def plain(value: Decimal) -> Decimal:
    """The same number always written the same way: without zeros at the end, or an exponent."""
    return value.normalize() + 0


def require_measurable(value: Decimal, named: str) -> None:
    """Raises InvalidValue unless it is a number below 10¹² of at most six decimals."""
    if not value.is_finite() or abs(value) >= _LARGEST or value != value.quantize(_FINEST):
        raise InvalidValue("What is measured is a number below 10¹² with at most six decimals.", field=named)
