"""The rules of devices: every reading counted once, in whatever order and however often it comes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.kernel.clock import new_id
from app.kernel.errors import InvalidValue
from tests.write_model.devices.telemetry import (
    AT,
    REGISTER,
    REGISTERED,
    THERMOMETER,
    later,
    measured,
    reading,
    report,
    reported,
)
from tests.write_model.scenario import Scenario
from write_model.devices.aggregate import MOST_GAPS, MOST_METRICS, TOLERANCE, Device, decide, evolve
from write_model.devices.commands import Measurement, RegisterDevice, ReportTelemetry, RetireDevice
from write_model.devices.errors import (
    DeviceAlreadyRegistered,
    DeviceAlreadyRetired,
    DeviceNotFound,
    ReadingFromTheFuture,
    TooManyGaps,
    TooManyMetrics,
)
from write_model.devices.events import DeviceRetired, TelemetryReported
from write_model.devices.sequences import Sequences

RETIRE = RetireDevice(at=later(700), device_id=THERMOMETER)
RETIRED = DeviceRetired(device_id=THERMOMETER, retired_at=later(700))

device = Scenario[Device](decide, evolve)
thermometer = device.given(REGISTERED)


def test_a_device_is_registered_once() -> None:
    device.when(REGISTER).then(REGISTERED)
    thermometer.when(REGISTER).then_refused(DeviceAlreadyRegistered, device_id=THERMOMETER)


@pytest.mark.parametrize("command", [report(measured(1, "20")), RETIRE], ids=lambda each: type(each).__name__)
def test_nothing_is_asked_of_a_device_that_is_not_there_or_retired(command: Any) -> None:
    device.when(command).then_refused(DeviceNotFound, device_id=THERMOMETER)
    thermometer.when(RETIRE).then(RETIRED)
    thermometer.given(RETIRED).when(command).then_refused(DeviceAlreadyRetired, device_id=THERMOMETER)


def test_readings_are_kept_in_the_order_of_their_numbers_and_written_plainly() -> None:
    batch = report(measured(3, "-0.000"), measured(1, "21.500"), measured(2, "200"))
    thermometer.when(batch).then(reported(reading(1, "21.5"), reading(2, "200"), reading(3, "0")))
    (event,) = decide(thermometer.state, batch)
    assert isinstance(event, TelemetryReported)
    assert [str(each.value) for each in event.readings] == ["21.5", "200", "0"]


def test_what_was_delivered_before_is_left_out_and_counted() -> None:
    past = reported(reading(1, "20"), reading(2, "21"), reading(5, "24"))
    again = report(measured(1, "20"), measured(2, "21"), measured(3, "22"), measured(3, "22"))
    thermometer.given(past).when(again).then(reported(reading(3, "22"), duplicates=3))


def test_a_batch_of_nothing_new_is_accepted_and_says_so() -> None:
    past = reported(reading(1, "20"))
    thermometer.given(past).when(report(measured(1, "20"))).then(reported(duplicates=1))
    thermometer.given(past).when(report(measured(1, "99", minutes=7))).then(reported(duplicates=1))


def test_the_fold_knows_what_was_delivered_and_what_is_newest_by_the_devices_time() -> None:
    state = thermometer.given(
        reported(reading(1, "20"), reading(2, "50", metric="humidity")),
        reported(reading(7, "21"), reading(8, "20", minutes=7), duplicates=4),
        reported(reading(3, "19"), duplicates=0),
    ).state
    assert state == Device(
        device_id=THERMOMETER,
        site="leeds",
        delivered=Sequences(((1, 4), (7, 9))),
        newest={"temperature": (later(7), 8), "humidity": (later(2), 2)},
        version=4,
    )


def test_a_clock_may_be_ahead_by_some_minutes_and_no_more() -> None:
    now = later(10)
    just = measured(1, "20", minutes=10 + TOLERANCE / timedelta(minutes=1))
    beyond = Measurement(sequence=2, metric="temperature", value=Decimal(20), at=now + TOLERANCE + timedelta(seconds=1))
    thermometer.when(report(just, at=now)).then(reported(reading(1, "20", minutes=15), at=now))
    thermometer.when(report(just, beyond, at=now)).then_refused(ReadingFromTheFuture, sequence=2, at=beyond.at)


def test_numbers_with_too_many_gaps_are_refused_and_those_that_fill_them_are_not() -> None:
    odd = tuple((n, n + 1) for n in range(1, 2 * MOST_GAPS + 2, 2))
    full = Device(device_id=THERMOMETER, site="leeds", delivered=Sequences(odd))
    assert full.delivered.gaps == MOST_GAPS
    one_more = 2 * MOST_GAPS + 3
    asked = Scenario[Device](lambda _, command: list(decide(full, command)), evolve)
    asked.when(report(measured(one_more, "20", minutes=1))).then_refused(TooManyGaps, gaps=MOST_GAPS + 1)
    asked.when(report(measured(2, "20"))).then(reported(reading(2, "20")))


def test_a_device_measures_a_hundred_things_at_most() -> None:
    many = reported(*(reading(n, "1", metric=f"m{n}") for n in range(1, MOST_METRICS + 1)))
    thermometer.given(many).when(report(measured(200, "1", metric="m1"))).then(reported(reading(200, "1", metric="m1")))
    thermometer.given(many).when(report(measured(200, "1", metric="n"))).then_refused(TooManyMetrics, metrics=101)


@pytest.mark.parametrize("size", [0, 1_001])
def test_a_batch_has_one_to_a_thousand_readings(size: int) -> None:
    with pytest.raises(InvalidValue) as refused:
        report(*(measured(n, "20", minutes=1) for n in range(1, size + 1)))
    assert refused.value.field == "readings"


def test_a_number_stands_for_one_reading() -> None:
    with pytest.raises(InvalidValue):
        report(measured(1, "20"), measured(1, "21"))
    assert len(ReportTelemetry(at=AT, device_id=THERMOMETER, readings=(measured(1, "20"),) * 2).readings) == 2


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("sequence", 0),
        ("sequence", 2**62),
        ("metric", ""),
        ("metric", "Temperature"),
        ("metric", "a|b"),
        ("metric", "t" * 64),
        ("value", Decimal("NaN")),
        ("value", Decimal("-Infinity")),
        ("value", Decimal("1e12")),
        ("value", Decimal("0.0000001")),
        ("at", datetime(1999, 12, 31, tzinfo=UTC)),
        ("at", datetime(2026, 1, 1)),  # noqa: DTZ001 - it is the missing zone that is refused
    ],
    ids=str,
)
def test_a_reading_is_numbered_named_exact_and_dated(field: str, wrong: Any) -> None:
    said: dict[str, Any] = {"sequence": 1, "metric": "temperature", "value": Decimal(20), "at": AT, field: wrong}
    with pytest.raises(InvalidValue) as refused:
        Measurement(**said)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("kind", " "),
        ("site", "Leeds"),
        ("site", "leeds|york"),
        ("site", "-"),
        ("metadata", {"room": ""}),
        ("metadata", {"room": "\x00"}),
        ("metadata", {str(n): "x" for n in range(51)}),
    ],
    ids=lambda each: str(each)[:20],
)
def test_a_device_is_of_a_kind_and_at_a_site(field: str, wrong: Any) -> None:
    said: dict[str, Any] = {"at": AT, "device_id": new_id(), "kind": "thermometer", "site": "leeds", field: wrong}
    with pytest.raises(InvalidValue) as refused:
        RegisterDevice(**said)
    assert refused.value.field == field
