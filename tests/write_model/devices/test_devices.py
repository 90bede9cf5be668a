"""Devices, rules and alarms in PostgreSQL: the tables are the fold of the log, also when all happens at once."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from app.kernel.clock import new_id, now
from app.kernel.errors import Forbidden, Refusal, VersionConflict
from app.kernel.messages import Principal
from tests.support.replay import whole_log
from tests.write_model.devices.telemetry import REGISTER, measured
from tests.write_model.floor import Floor
from write_model.devices import aggregate, alarms
from write_model.devices.commands import (
    DefineRule,
    Direction,
    DropRule,
    Measurement,
    RegisterDevice,
    ReportTelemetry,
    RetireDevice,
)
from write_model.devices.errors import DeviceAlreadyRetired, DeviceNotFound, RuleNotFound
from write_model.devices.events import AlarmCleared, AlarmRaised, RuleDropped, TelemetryReported

HOT = DefineRule(
    at=now(),
    site="leeds",
    rule_id=new_id(),
    metric="temperature",
    direction=Direction.ABOVE,
    raise_at=Decimal(30),
    clear_at=Decimal(28),
)
LEEDS, LYON = (
    Principal(f"gateway-{site}", frozenset(), scopes=frozenset({f"site:{site}"})) for site in ("leeds", "lyon")
)


async def device(floor: Floor, site: str = "leeds") -> UUID:
    """A thermometer at a site."""
    return (await floor.send(replace(REGISTER, device_id=new_id(), site=site))).aggregate_id


async def rule(floor: Floor, **said: Any) -> UUID:
    return (await floor.send(replace(HOT, rule_id=new_id(), **said))).aggregate_id


def batch(device_id: UUID, *readings: Measurement) -> ReportTelemetry:
    return ReportTelemetry(at=now(), device_id=device_id, readings=readings)


async def events(floor: Floor, kind: type) -> list[Any]:
    return [each.event for each in await whole_log(floor.made.database_url) if isinstance(each.event, kind)]


async def assert_tables_equal_the_fold(floor: Floor) -> None:
    """Devices and what is known of them; rules that hold; alarms that are open."""
    log = await whole_log(floor.made.database_url)
    devices, rules = _folded(log, "device", aggregate.evolve), _folded(log, "rule", alarms.evolve)
    dropped = {key for key, each in rules.items() if each.dropped}
    rows = await floor.db.fetch("select device_id, site, retired, delivered::text, version from write.devices")
    assert sorted(map(tuple, rows)) == sorted(
        (key, each.site, each.retired, _multirange(each.delivered.runs), each.version) for key, each in devices.items()
    )
    rows = await floor.db.fetch("select device_id, metric, newest_at, newest_sequence from write.device_metrics")
    assert sorted(map(tuple, rows)) == sorted(
        (key, metric, *place) for key, each in devices.items() for metric, place in each.newest.items()
    )
    rows = await floor.db.fetch("select rule_id, device_id, raise_at, clear_at, version from write.alarm_rules")
    assert {tuple(row) for row in rows} == {
        (key, each.device_id, each.raise_at, each.clear_at, each.version)
        for key, each in rules.items()
        if not each.dropped
    }
    rows = await floor.db.fetch(
        "select device_id, rule_id, alarm_id from write.alarm_states where alarm_id is not null"
    )
    assert {tuple(row) for row in rows} == {
        (key, of, alarm) for key, each in devices.items() for of, alarm in each.alarms.items() if of not in dropped
    }


def _folded(log: Sequence[Any], kind: str, evolve: Any) -> dict[UUID, Any]:
    keys = {each.aggregate_id for each in log if each.aggregate_type == kind}
    return {key: reduce(evolve, [each.event for each in log if each.aggregate_id == key], None) for key in keys}


def _multirange(runs: Sequence[tuple[int, int]]) -> str:
    return "{" + ",".join(f"[{begin},{end})" for begin, end in runs) + "}"


async def ends(floor: Floor) -> Counter[UUID]:
    """How often each alarm ended."""
    ended = [each.alarm_id for each in await events(floor, AlarmCleared)]
    return Counter(ended + [alarm for each in await events(floor, RuleDropped) for alarm in each.cleared])


async def test_a_life(floor: Floor) -> None:
    one = await device(floor)
    await rule(floor)
    await rule(floor, site=None, device_id=one, metric="humidity")
    await floor.send(batch(one, measured(1, "35.5"), measured(3, "20", metric="humidity")))
    await floor.send(batch(one, measured(1, "35.5"), measured(2, "31"), measured(5, "45", metric="humidity")))
    await assert_tables_equal_the_fold(floor)
    receipt = await floor.send(batch(one, measured(1, "35.5")))
    assert receipt.version == 6
    await floor.send(batch(one, measured(4, "20")))
    await assert_tables_equal_the_fold(floor)
    await floor.send(RetireDevice(at=now(), device_id=one))
    await assert_tables_equal_the_fold(floor)
    assert isinstance(await floor.try_to(batch(one, measured(9, "1"))), DeviceAlreadyRetired)
    stored = await floor.db.fetchval("select data from write.events where type = 'TelemetryReported' order by position")
    assert json.loads(stored)["readings"][0] == [1, "temperature", "35.5", "2026-03-01T12:01:00Z"]
    described = await floor.db.fetch("select name, value from write.device_metadata where device_id = $1", one)
    assert [tuple(row) for row in described] == [("room", "cellar")]
    assert set((await ends(floor)).values()) == {1}


async def test_sent_again_it_does_nothing_and_answers_the_first_receipt(floor: Floor) -> None:
    one, command_id = await device(floor), new_id()
    first = await floor.send(batch(one, measured(1, "20")), command_id=command_id)
    before = await floor.contents()
    assert await floor.send(batch(one, measured(1, "20")), command_id=command_id) == first
    assert await floor.contents() == before


async def test_ten_deliver_the_same_and_each_reading_is_written_once(floor: Floor) -> None:
    one = await device(floor, "bath")
    await rule(floor, site=None, device_id=one)
    halves = [[measured(n, str(n)) for n in range(first, first + 30)] for first in (1, 16)]
    receipts = await asyncio.gather(*(floor.send(batch(one, *halves[n % 2])) for n in range(10)))
    assert len({each.version for each in receipts}) == 10
    reported = [each for each in await events(floor, TelemetryReported) if each.device_id == one]
    assert sorted(each.sequence for event in reported for each in event.readings) == [*range(1, 46)]
    assert sum(event.duplicates for event in reported) == 300 - 45
    raised = [each for each in await events(floor, AlarmRaised) if each.device_id == one]
    assert len(raised) == 1
    await assert_tables_equal_the_fold(floor)


@pytest.mark.parametrize("turn", range(4))
async def test_alarms_end_once_whoever_ends_them(floor: Floor, turn: int) -> None:
    """Readings raise and clear, the rule is dropped and a device retires, all at the same time."""
    devices = [await device(floor) for _ in range(4)]
    hot = await rule(floor)
    for one in devices[turn % 2 :]:
        await floor.send(batch(one, measured(1, "40" if turn < 2 else "20")))

    async def swing(one: UUID) -> None:
        for n in range(2, 12):
            await floor.try_to(batch(one, measured(n, "40" if n % 2 else "20")))

    async def end() -> None:
        await asyncio.sleep(0.002 * turn)
        await asyncio.gather(
            floor.send(DropRule(at=now(), rule_id=hot)), floor.send(RetireDevice(at=now(), device_id=devices[0]))
        )

    await asyncio.gather(*map(swing, devices), end())
    await assert_tables_equal_the_fold(floor)
    raised = {each.alarm_id for each in await events(floor, AlarmRaised) if each.rule_id == hot}
    ended = {alarm: times for alarm, times in (await ends(floor)).items() if alarm in raised}
    assert ended == dict.fromkeys(raised, 1)


async def test_a_rule_is_dropped_with_what_is_open_and_only_once(floor: Floor) -> None:
    hot, devices = await rule(floor, site="york"), [await device(floor, "york") for _ in range(3)]
    for one, value in zip(devices, ("40", "20", "50"), strict=True):
        await floor.send(batch(one, measured(1, value)))
    conflict = await floor.try_to(DropRule(at=now(), rule_id=hot), expected_version=2)
    assert isinstance(conflict, VersionConflict)
    assert (await floor.send(DropRule(at=now(), rule_id=hot), expected_version=1)).version == 2
    (dropped,) = [each for each in await events(floor, RuleDropped) if each.rule_id == hot]
    assert set(dropped.cleared) == {alarms.alarm_id(hot, one, 1) for one in (devices[0], devices[2])}
    assert isinstance(await floor.try_to(DropRule(at=now(), rule_id=hot)), RuleNotFound)
    await floor.send(batch(devices[0], measured(2, "10"), measured(3, "60")))
    assert [each.device_id for each in await events(floor, AlarmRaised) if each.device_id == devices[0]] == [devices[0]]
    await assert_tables_equal_the_fold(floor)


async def test_who_does_not_reach_a_site_can_do_nothing_there_and_learns_nothing(floor: Floor) -> None:
    one, hot = await device(floor), await rule(floor)
    before = await floor.contents()
    refused: list[tuple[Any, type[Refusal]]] = [
        (RegisterDevice(at=now(), device_id=new_id(), kind="k", site="leeds"), Forbidden),
        (batch(one, measured(1, "20")), DeviceNotFound),
        (RetireDevice(at=now(), device_id=one), DeviceNotFound),
        (replace(HOT, rule_id=new_id()), Forbidden),
        (replace(HOT, rule_id=new_id(), site=None, device_id=one), DeviceNotFound),
        (DropRule(at=now(), rule_id=hot), RuleNotFound),
    ]
    nobody = Principal("nobody", frozenset())
    for command, refusal in refused:
        assert type(await floor.try_to(command, actor=LYON)) is refusal, command
        assert type(await floor.try_to(command, actor=nobody)) is Forbidden, command
    for command in (batch(one, measured(1, "20")), RetireDevice(at=now(), device_id=one)):
        assert type(await floor.try_to(command, actor=LYON, expected_version=7)) is DeviceNotFound
    assert type(await floor.try_to(DropRule(at=now(), rule_id=hot), actor=LYON, expected_version=7)) is RuleNotFound
    assert await floor.contents() == before
    for command, _ in sorted(refused, key=lambda each: isinstance(each[0], RetireDevice)):
        await floor.send(command, actor=LEEDS)
