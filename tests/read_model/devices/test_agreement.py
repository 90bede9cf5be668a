"""The views of devices tell what the write model's tables hold and what the log says: compared by SQL."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.folding import fold
from app.kernel.clock import new_id, now
from app.kernel.messages import Recorded
from read_model.devices import alarms, device
from tests.support.installation import installation
from tests.support.projecting import project
from tests.support.replay import replayed, whole_log
from tests.write_model.devices.telemetry import (
    AT,
    REGISTER,
    REGISTERED,
    THERMOMETER,
    later,
    measured,
    reading,
    reported,
)
from tests.write_model.devices.test_alarms import HOT, cleared, raised
from tests.write_model.floor import Floor
from write_model.devices.commands import DefineRule, Direction, DropRule, Measurement, ReportTelemetry, RetireDevice
from write_model.devices.events import RuleDropped

DEVICES = (
    """select d.device_id, kind, site, registered_at, retired, version,
              (select sum(upper(r) - lower(r)) from unnest(delivered) as r), coalesce(metadata, '{}')
       from write.devices d left join (select device_id, jsonb_object_agg(name, value) as metadata
                                       from write.device_metadata group by 1) m using (device_id) order by 1""",
    """select device_id, kind, site, registered_at, retired_at is not null, version, nullif(readings, 0),
              metadata from read.device__1 order by 1""",
)
NEWEST = (
    "select device_id, metric, newest_at, newest_sequence from write.device_metrics order by 1, 2",
    """select device_id, metric, (said ->> 'at')::timestamptz, (said ->> 'sequence')::bigint
       from read.device__1, jsonb_each(latest) as l (metric, said) order by 1, 2""",
)
SEEN = (
    """select aggregate_id, max((data ->> 'reported_at')::timestamptz), count(*),
              sum(jsonb_array_length(data -> 'readings'))
       from write.events where type = 'TelemetryReported' group by 1 order by 1""",
    "select device_id, last_seen_at, reports, readings from read.device__1 where reports > 0 order by 1",
)
OPEN = (
    "select alarm_id, device_id, rule_id from write.alarm_states where alarm_id is not null order by 1",
    "select alarm_id, device_id, rule_id from read.alarms__1 where cleared_at is null order by 1",
)
RULES = (
    "select rule_id, site, device_id, metric, direction, raise_at, clear_at from write.alarm_rules order by 1",
    """select rule_id, site, device_id, metric, direction, raise_at, clear_at from read.alarm_rules__1
       where dropped_at is null order by 1""",
)
ALL_ALARMS = (
    "select count(*) from write.events where type = 'AlarmRaised'",
    "select count(*) from read.alarms__1",
)
ENDS = (
    """select reason, count(*) from (
           select data ->> 'reason' as reason from write.events where type = 'AlarmCleared'
           union all select 'RULE_DROPPED' from write.events, jsonb_array_elements(data -> 'cleared')
                     where type = 'RuleDropped') as ends group by 1 order by 1""",
    "select cleared_by, count(*) from read.alarms__1 where cleared_at is not null group by 1 order by 1",
)
LIST = {
    "devices": DEVICES,
    "newest": NEWEST,
    "seen": SEEN,
    "open": OPEN,
    "rules": RULES,
    "all alarms": ALL_ALARMS,
    "ends": ENDS,
}


@pytest.fixture(scope="module")
async def hall(servers: Servers) -> AsyncIterator[Floor]:
    """Some devices at two sites after a busy day, projected."""
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db:
        async with bootstrap.commands(made.settings) as side:
            floor = Floor(made, side, db)
            await _busy_day(floor)
        await project(made)
        yield floor


async def _busy_day(floor: Floor) -> None:
    rng = random.Random(3)
    devices = [
        (await floor.send(replace(REGISTER, device_id=new_id(), site=site))).aggregate_id
        for site in ("leeds", "york") * 4
    ]
    rules = [await _rule(floor, site=site) for site in ("leeds", "york", "leeds")]
    rules.append(await _rule(floor, device_id=devices[0]))
    for _ in range(60):
        await floor.send(_batch(rng, rng.choice(devices)))
    await floor.send(DropRule(at=now(), rule_id=rules[2]))
    for gone in devices[:2]:
        await floor.send(RetireDevice(at=now(), device_id=gone))
    for _ in range(20):
        await floor.send(_batch(rng, rng.choice(devices[2:])))


async def _rule(floor: Floor, **of: Any) -> UUID:
    hot = DefineRule(
        at=now(),
        rule_id=new_id(),
        metric="temperature",
        direction=Direction.ABOVE,
        raise_at=Decimal("30.5"),
        clear_at=Decimal(28),
        **of,
    )
    return (await floor.send(hot)).aggregate_id


def _batch(rng: random.Random, device_id: UUID) -> ReportTelemetry:
    """What a device says under a number is always the same."""
    numbers = rng.sample(range(1, 200), 20)
    return ReportTelemetry(at=now(), device_id=device_id, readings=tuple(map(_reading, numbers)))


def _reading(number: int) -> Measurement:
    rng = random.Random(number)
    return measured(number, str(rng.randrange(10, 50)), metric=rng.choice(["temperature", "humidity"]))


@pytest.mark.parametrize(("written", "shown"), LIST.values(), ids=LIST)
async def test_a_view_shows_what_is_written(hall: Floor, written: str, shown: str) -> None:
    expected = [tuple(row) for row in await hall.db.fetch(written)]
    assert expected
    assert [tuple(row) for row in await hall.db.fetch(shown)] == expected


async def test_every_way_in_which_an_alarm_ends_was_seen(hall: Floor) -> None:
    assert [row["reason"] for row in await hall.db.fetch(ENDS[0])] == ["DEVICE_RETIRED", "READING", "RULE_DROPPED"]


async def test_what_is_stored_is_a_replay_of_the_log(hall: Floor) -> None:
    log = await whole_log(hall.made.database_url)
    for view in (device.VIEW, alarms.VIEW):
        rows = await hall.db.fetch(f"select {view.key}, version, position from read.{view.name}__1 order by 1")
        expected = sorted((key, each.version, each.position) for key, each in replayed(view, log).items())
        assert [tuple(row) for row in rows] == expected


def test_a_device_is_online_as_long_as_it_was_heard_of_lately() -> None:
    row = device.evolve(None, Recorded(1, "device", THERMOMETER, 1, REGISTERED, {}, AT), THERMOMETER)
    assert row is not None
    within = later(5) - AT
    assert not row.is_online(AT, within), "it has delivered nothing yet"
    said = reported(reading(1, "20"), at=later(10))
    row = device.evolve(row, Recorded(2, "device", THERMOMETER, 2, said, {}, AT), THERMOMETER)
    assert row is not None
    assert row.is_online(later(15), within)
    assert not row.is_online(later(15.1), within)


def test_an_alarm_whose_beginning_is_parked_has_no_end() -> None:
    """The rule is another aggregate: its end may come to the view before the parked beginning does."""
    first = reading(1, "35")
    begun = raised(HOT, first)
    ended = RuleDropped(rule_id=HOT.rule_id, site="leeds", cleared=(begun.alarm_id,), dropped_at=later(9))
    end = Recorded(2, "rule", HOT.rule_id, 2, ended, {}, AT)
    assert fold(alarms.VIEW, 0, [end], {}) == {}
    beginning = Recorded(1, "device", THERMOMETER, 2, begun, {}, AT)
    (stored,) = fold(alarms.VIEW, 0, [beginning, end], {}).values()
    assert (stored.row.cleared_at, stored.row.cleared_by, stored.row.cleared_value) == (later(9), "RULE_DROPPED", None)
    back = Recorded(2, "device", THERMOMETER, 3, cleared(HOT, first, reading(2, "20")), {}, AT)
    (stored,) = fold(alarms.VIEW, 0, [beginning, back], {}).values()
    assert (stored.row.cleared_at, stored.row.cleared_by, stored.row.cleared_value) == (
        later(2),
        "READING",
        Decimal(20),
    )
