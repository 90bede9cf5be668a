"""Rules and what they make of readings: pure.

A rule looks at the readings of its metric in the order of the device's own time. It raises an alarm at the first that
is beyond its threshold, and clears it at the first that is back; between the two it does neither. What arrives late,
older than the newest reading of its metric known before, raises and clears nothing: what it would have said is past.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import assert_never
from uuid import UUID, uuid5

from write_model.devices.commands import DefineRule, Direction, DropRule, plain
from write_model.devices.errors import ClearsBeyondRaising, RuleAlreadyDefined, RuleNotFound
from write_model.devices.events import AlarmCleared, AlarmRaised, Reading, RuleDefined, RuleDropped, RuleEvent

Place = tuple[datetime, int]
"""Where a reading stands among a device's: by its own time, and at the same time by its number."""


def place(reading: Reading) -> Place:
    """The reading's place."""
    return reading.at, reading.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A threshold on a metric: of one device, or where there is none, of each at the site."""

    rule_id: UUID
    site: str
    device_id: UUID | None
    metric: str
    direction: Direction
    raise_at: Decimal
    clear_at: Decimal
    dropped: bool = False
    version: int = 1

    def raised_by(self, value: Decimal) -> bool:
        """Whether the value is beyond the threshold; at it, it is not."""
        return value > self.raise_at if self.direction is Direction.ABOVE else value < self.raise_at

    def cleared_by(self, value: Decimal) -> bool:
        """Whether the value is back where there is no alarm, or at its edge."""
        return value <= self.clear_at if self.direction is Direction.ABOVE else value >= self.clear_at


def define(rule: Rule | None, command: DefineRule, site: str) -> list[RuleEvent]:
    """A rule begins, at the site that it is for or that its device is at. Raises a Refusal."""
    if rule is not None:
        raise RuleAlreadyDefined(command.rule_id)
    beyond = command.clear_at - command.raise_at
    if beyond > 0 if command.direction is Direction.ABOVE else beyond < 0:
        raise ClearsBeyondRaising(command.direction, command.raise_at, command.clear_at)
    return [
        RuleDefined(
            rule_id=command.rule_id,
            site=site,
            device_id=command.device_id,
            metric=command.metric,
            direction=command.direction.value,
            raise_at=plain(command.raise_at),
            clear_at=plain(command.clear_at),
            defined_at=command.at,
        )
    ]


def drop(rule: Rule | None, command: DropRule, open_alarms: Iterable[UUID]) -> list[RuleEvent]:
    """A rule ends, and with it the alarms that are open because of it. Raises RuleNotFound."""
    if rule is None or rule.dropped:
        raise RuleNotFound(command.rule_id)
    return [
        RuleDropped(rule_id=rule.rule_id, site=rule.site, cleared=tuple(sorted(open_alarms)), dropped_at=command.at)
    ]


def evolve(rule: Rule | None, event: RuleEvent) -> Rule:
    """The rule after the event."""
    match event:
        case RuleDefined():
            return Rule(
                rule_id=event.rule_id,
                site=event.site,
                device_id=event.device_id,
                metric=event.metric,
                direction=Direction(event.direction),
                raise_at=event.raise_at,
                clear_at=event.clear_at,
            )
        case RuleDropped():
            assert rule is not None
            return replace(rule, dropped=True, version=rule.version + 1)
        case _:
            assert_never(event)


def judged(
    device_id: UUID,
    site: str,
    readings: Iterable[Reading],
    newest: Mapping[str, Place],
    rules: Sequence[Rule],
    alarms: Mapping[UUID, UUID],
) -> list[AlarmRaised | AlarmCleared]:
    """What the rules make of a device's readings, in the order of the device's time; `alarms` are open, by rule."""
    if not rules:
        return []
    fresh = sorted((each for each in readings if _is_fresh(each, newest)), key=place)
    found: list[tuple[Place, AlarmRaised | AlarmCleared]] = []
    for rule in rules:
        mine = [reading for reading in fresh if reading.metric == rule.metric]
        found += _judged_by(rule, device_id, site, mine, alarms.get(rule.rule_id))
    return [event for _, event in sorted(found, key=lambda each: each[0])]


def _is_fresh(reading: Reading, newest: Mapping[str, Place]) -> bool:
    before = newest.get(reading.metric)
    return before is None or place(reading) > before


def _judged_by(
    rule: Rule, device_id: UUID, site: str, readings: Iterable[Reading], alarm: UUID | None
) -> Iterator[tuple[Place, AlarmRaised | AlarmCleared]]:
    for reading in readings:
        if alarm is None and rule.raised_by(reading.value):
            alarm = alarm_id(rule.rule_id, device_id, reading.sequence)
            yield place(reading), _raised(rule, device_id, site, alarm, reading)
        elif alarm is not None and rule.cleared_by(reading.value):
            yield place(reading), _cleared(rule, device_id, alarm, reading)
            alarm = None


def alarm_id(rule_id: UUID, device_id: UUID, sequence: int) -> UUID:
    """The alarm that a reading raises by a rule: a reading is judged once, so there is one such alarm."""
    return uuid5(rule_id, f"{device_id}/{sequence}")


def _raised(rule: Rule, device_id: UUID, site: str, alarm: UUID, reading: Reading) -> AlarmRaised:
    return AlarmRaised(
        alarm_id=alarm,
        rule_id=rule.rule_id,
        device_id=device_id,
        site=site,
        metric=rule.metric,
        direction=rule.direction.value,
        raise_at=rule.raise_at,
        clear_at=rule.clear_at,
        value=reading.value,
        sequence=reading.sequence,
        raised_at=reading.at,
    )


def _cleared(rule: Rule, device_id: UUID, alarm: UUID, reading: Reading) -> AlarmCleared:
    return AlarmCleared(
        alarm_id=alarm,
        rule_id=rule.rule_id,
        device_id=device_id,
        reason="READING",
        value=reading.value,
        sequence=reading.sequence,
        cleared_at=reading.at,
    )


def over(device_id: UUID, rule_id: UUID, alarm: UUID, at: datetime) -> AlarmCleared:
    """An alarm ends with its device."""
    return AlarmCleared(
        alarm_id=alarm,
        rule_id=rule_id,
        device_id=device_id,
        reason="DEVICE_RETIRED",
        value=None,
        sequence=None,
        cleared_at=at,
    )
