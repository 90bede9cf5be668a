"""Rules raise beyond a threshold and clear on its safe side, by the device's own time."""

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from app.kernel.clock import new_id
from app.kernel.errors import InvalidValue
from tests.write_model.devices.telemetry import (
    AT,
    REGISTERED,
    THERMOMETER,
    later,
    measured,
    reading,
    report,
    reported,
    rule,
)
from tests.write_model.scenario import Scenario
from write_model.devices import alarms
from write_model.devices.aggregate import MOST_ALARMS, Device, decide, evolve
from write_model.devices.alarms import Rule, alarm_id
from write_model.devices.commands import DefineRule, Direction, DropRule, RetireDevice
from write_model.devices.errors import ClearsBeyondRaising, RuleAlreadyDefined, RuleNotFound, TooManyAlarms
from write_model.devices.events import (
    AlarmCleared,
    AlarmRaised,
    DeviceRetired,
    Reading,
    RuleDefined,
    RuleDropped,
)

HOT, COLD = rule("30", "28"), rule("5", "7", Direction.BELOW)


def watched(*rules: Rule) -> Scenario[Device]:
    """The thermometer under these rules."""
    return Scenario[Device](partial(decide, rules=rules), evolve).given(REGISTERED)


def raised(by: Rule, at: Reading) -> AlarmRaised:
    return AlarmRaised(
        alarm_id=alarm_id(by.rule_id, THERMOMETER, at.sequence),
        rule_id=by.rule_id,
        device_id=THERMOMETER,
        site="leeds",
        metric=at.metric,
        direction=by.direction.value,
        raise_at=by.raise_at,
        clear_at=by.clear_at,
        value=at.value,
        sequence=at.sequence,
        raised_at=at.at,
    )


def cleared(by: Rule, since: Reading, at: Reading) -> AlarmCleared:
    return AlarmCleared(
        alarm_id=alarm_id(by.rule_id, THERMOMETER, since.sequence),
        rule_id=by.rule_id,
        device_id=THERMOMETER,
        reason="READING",
        value=at.value,
        sequence=at.sequence,
        cleared_at=at.at,
    )


def test_an_alarm_is_raised_once_and_cleared_where_the_rule_says() -> None:
    """At 30 it is not beyond 30; at 29 it is not back yet; at 28 it is."""
    batch = [("30", 1), ("30.1", 2), ("40", 3), ("29", 4), ("31", 5), ("28", 6), ("29", 7)]
    readings = [reading(n, value) for value, n in batch]
    watched(HOT).when(report(*(measured(n, value) for value, n in batch))).then(
        reported(*readings), raised(HOT, readings[1]), cleared(HOT, readings[1], readings[5])
    )


def test_below_is_the_same_the_other_way_round() -> None:
    batch = [("5", 1), ("4.9", 2), ("6", 3), ("7", 4), ("3", 5)]
    readings = [reading(n, value) for value, n in batch]
    watched(COLD, HOT).when(report(*(measured(n, value) for value, n in batch))).then(
        reported(*readings),
        raised(COLD, readings[1]),
        cleared(COLD, readings[1], readings[3]),
        raised(COLD, readings[4]),
    )


def test_an_alarm_stays_open_from_batch_to_batch() -> None:
    first, second, third = reading(1, "35"), reading(2, "33"), reading(3, "20")
    past = watched(HOT).given(reported(first), raised(HOT, first))
    past.when(report(measured(2, "33"))).then(reported(second))
    past.given(reported(second)).when(report(measured(3, "20"))).then(reported(third), cleared(HOT, first, third))


@pytest.mark.parametrize("value", ["50", "20"])
def test_what_is_older_than_the_newest_reading_raises_and_clears_nothing(value: str) -> None:
    newest = reading(9, "29")
    for past in (watched(HOT).given(reported(newest)), watched(HOT).given(reported(newest), raised(HOT, newest))):
        past.when(report(measured(3, value))).then(reported(reading(3, value)))
        past.when(report(measured(8, value, minutes=9))).then(reported(reading(8, value, minutes=9)))


def test_of_two_readings_at_the_same_moment_the_number_decides() -> None:
    past = watched(HOT).given(reported(reading(9, "29")))
    later_one = reading(10, "50", minutes=9)
    past.when(report(measured(10, "50", minutes=9))).then(reported(later_one), raised(HOT, later_one))


def test_a_batch_is_judged_by_the_devices_time_not_by_its_order() -> None:
    batch = [measured(1, "20", minutes=30), measured(2, "40", minutes=10), measured(3, "20", minutes=20)]
    readings = [reading(1, "20", minutes=30), reading(2, "40", minutes=10), reading(3, "20", minutes=20)]
    watched(HOT).when(report(*batch)).then(
        reported(*readings), raised(HOT, readings[1]), cleared(HOT, readings[1], readings[2])
    )


def test_a_rule_looks_at_its_own_metric() -> None:
    humid = rule("60", "50", metric="humidity")
    batch = [measured(1, "70"), measured(2, "70", metric="humidity")]
    readings = [reading(1, "70"), reading(2, "70", metric="humidity")]
    watched(humid).when(report(*batch)).then(reported(*readings), raised(humid, readings[1]))
    past = watched(HOT).given(reported(reading(9, "99", metric="humidity")))
    past.when(report(measured(1, "31"))).then(reported(reading(1, "31")), raised(HOT, reading(1, "31")))


def test_duplicates_raise_nothing() -> None:
    first = reading(1, "35")
    past = watched(HOT).given(reported(first), raised(HOT, first), reported(reading(2, "20")))
    past.given(cleared(HOT, first, reading(2, "20"))).when(report(measured(1, "35"))).then(reported(duplicates=1))


def test_a_batch_that_flaps_is_refused_as_a_whole() -> None:
    """Between 29 and 29 there is nothing: every other reading raises and clears."""
    nervous = rule("29", "29")
    flapping = [measured(n, "30" if n % 2 else "20") for n in range(1, MOST_ALARMS + 2)]
    watched(nervous).when(report(*flapping)).then_refused(TooManyAlarms, alarms=MOST_ALARMS + 1)
    assert len(decide(watched(nervous).state, report(*flapping[:-1]), [nervous])) == MOST_ALARMS + 1


def test_with_a_device_its_alarms_are_over() -> None:
    first = reading(1, "35")
    over = AlarmCleared(
        alarm_id=alarm_id(HOT.rule_id, THERMOMETER, 1),
        rule_id=HOT.rule_id,
        device_id=THERMOMETER,
        reason="DEVICE_RETIRED",
        value=None,
        sequence=None,
        cleared_at=later(700),
    )
    past = watched(HOT).given(reported(first), raised(HOT, first))
    past.when(RetireDevice(at=later(700), device_id=THERMOMETER)).then(
        DeviceRetired(device_id=THERMOMETER, retired_at=later(700)), over
    )
    state = past.given(over).state
    assert state is not None
    assert state.alarms == {}


DEFINE = DefineRule(
    at=AT,
    rule_id=new_id(),
    site="leeds",
    metric="temperature",
    direction=Direction.ABOVE,
    raise_at=Decimal("30.50"),
    clear_at=Decimal(28),
)
DEFINED = RuleDefined(
    rule_id=DEFINE.rule_id,
    site="leeds",
    device_id=None,
    metric="temperature",
    direction="ABOVE",
    raise_at=Decimal("30.5"),
    clear_at=Decimal(28),
    defined_at=AT,
)


def _decide(state: Rule | None, command: Any) -> list[Any]:
    if isinstance(command, DefineRule):
        return list(alarms.define(state, command, "leeds"))
    return list(alarms.drop(state, command, OPEN))


OPEN = sorted(new_id() for _ in range(3))
DROP = DropRule(at=later(5), rule_id=DEFINE.rule_id)
DROPPED = RuleDropped(rule_id=DEFINE.rule_id, site="leeds", cleared=tuple(OPEN), dropped_at=later(5))
written = Scenario[Rule](_decide, alarms.evolve)


def test_a_rule_is_defined_once_and_dropped_once_with_its_alarms() -> None:
    written.when(DEFINE).then(DEFINED)
    written.given(DEFINED).when(DEFINE).then_refused(RuleAlreadyDefined, rule_id=DEFINE.rule_id)
    written.given(DEFINED).when(DROP).then(DROPPED)
    written.when(DROP).then_refused(RuleNotFound, rule_id=DEFINE.rule_id)
    written.given(DEFINED, DROPPED).when(DROP).then_refused(RuleNotFound, rule_id=DEFINE.rule_id)


@pytest.mark.parametrize(("direction", "clear_at"), [(Direction.ABOVE, "30.6"), (Direction.BELOW, "30.4")])
def test_an_alarm_is_cleared_on_the_safe_side(direction: Direction, clear_at: str) -> None:
    wrong = replace(DEFINE, direction=direction, clear_at=Decimal(clear_at))
    written.when(wrong).then_refused(ClearsBeyondRaising, direction=direction, clear_at=Decimal(clear_at))
    at_the_edge = replace(wrong, clear_at=Decimal("30.5"))
    (event,) = alarms.define(None, at_the_edge, "leeds")
    assert isinstance(event, RuleDefined)


@pytest.mark.parametrize(
    "wrong",
    [
        {"site": None},
        {"device_id": THERMOMETER},
        {"site": "Leeds"},
        {"metric": "Temperature"},
        {"raise_at": Decimal("NaN")},
        {"clear_at": Decimal("0.0000001")},
    ],
    ids=str,
)
def test_a_rule_is_for_a_site_or_a_device_and_exact(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        replace(DEFINE, **wrong)
