"""Buckets of telemetry against a plain recomputation: from whatever batches, cut and repeated as they may be."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.folding import fold
from app.infra.table_views import TableView
from app.infra.tables import Stored
from app.kernel.clock import new_id
from app.kernel.messages import Recorded
from app.kernel.view import Key
from read_model.devices.telemetry import VIEW, Bucket
from tests.read_model.devices.plain import Told, buckets, shown
from tests.support.installation import installation
from tests.support.projecting import project
from tests.write_model.devices.telemetry import AT, later
from tests.write_model.floor import envelope
from write_model.devices.aggregate import Device, decide, evolve
from write_model.devices.commands import MOST_READINGS, Measurement, RegisterDevice, ReportTelemetry
from write_model.devices.events import TelemetryReported

METRICS = ("temperature", "humidity")
DEVICES = [new_id() for _ in range(5)]
Place = tuple[str, datetime]
SITES = ("leeds", "leeds", "leeds", "york", "york")


def site_of(device_id: UUID) -> str:
    return SITES[DEVICES.index(device_id)]


@st.composite
def tellings(draw: st.DrawFn) -> Told:
    """What a device says under a number is always the same."""
    device_id, sequence = draw(st.sampled_from(DEVICES[1:4])), draw(st.integers(1, 30))
    rng = random.Random(f"{device_id}{sequence}")
    value = Decimal(rng.randrange(-50_000, 500_000)).scaleb(-rng.randrange(7))
    at = later(-20) + timedelta(seconds=rng.randrange(0, 3 * 86_400, 13) if sequence % 3 else rng.randrange(120))
    reading = Measurement(sequence=sequence, metric=METRICS[sequence % 2], value=value, at=at)
    return Told(device_id, site_of(device_id), reading)


@settings(deadline=None)
@given(st.lists(st.lists(tellings(), min_size=1, max_size=12), max_size=8), st.data())
def test_buckets_are_what_was_measured(batches: list[list[Told]], data: st.DataObject) -> None:
    rows = folded([event for batch in batches for event in reported_of(batch)], data)
    told = {(each.device_id, each.reading.sequence): each for batch in batches for each in batch}
    expected = buckets(told.values())
    found = {(each.row.series, each.row.start): each.row for each in rows.values()}
    assert {place: shown(row, expected[place].exact) for place, row in found.items()} == expected
    assert all(row.key == f"{row.series}|{row.start.isoformat()}" for row in found.values())


def reported_of(batch: list[Told]) -> list[ReportTelemetry]:
    """A batch for each device."""
    by_device: dict[UUID, list[Measurement]] = {}
    for each in batch:
        by_device.setdefault(each.device_id, []).append(each.reading)
    return [ReportTelemetry(at=later(9_000), device_id=who, readings=tuple(all_)) for who, all_ in by_device.items()]


def folded(commands: list[ReportTelemetry], data: st.DataObject) -> dict[Key, Stored[Bucket]]:
    """What the view makes of them, some of the events handed to it twice."""
    logs: dict[UUID, list[Any]] = {}
    rows: dict[Key, Stored[Bucket]] = {}
    log: list[Recorded[TelemetryReported]] = []
    for command in commands:
        own = logs.setdefault(command.device_id, list(decide(None, registration(command.device_id))))
        device: Device | None = reduce(evolve, own, None)
        (event,) = decide(device, command)
        assert isinstance(event, TelemetryReported)
        own.append(event)
        log.append(Recorded(len(log) + 1, "device", command.device_id, len(own), event, {}, AT))
        again = data.draw(st.integers(0, len(log)))
        for shard in range(VIEW.shards):
            rows |= fold(VIEW, shard, log[-again - 1 :], rows)
    return rows


def registration(device_id: UUID) -> RegisterDevice:
    return RegisterDevice(at=AT, device_id=device_id, kind="thermometer", site=site_of(device_id))


def a_day() -> list[Told]:
    """Five devices, two metrics, a reading each minute."""
    rng = random.Random(7)
    return [
        Told(
            device_id,
            site_of(device_id),
            Measurement(
                sequence=2 * minute + n + 1,
                metric=metric,
                value=Decimal(rng.randrange(-5_000, 45_000)).scaleb(-3),
                at=later(minute) + timedelta(seconds=rng.randrange(60)),
            ),
        )
        for device_id in DEVICES
        for minute in range(1_440)
        for n, metric in enumerate(METRICS)
    ]


def clean(told: list[Told]) -> list[ReportTelemetry]:
    """As the devices measured it, two hours a batch."""
    return cut(told, [240] * (len(told) // 240))


def messy(told: list[Told]) -> list[ReportTelemetry]:
    """A tenth comes twice, a tenth comes after all the rest, and everything is shuffled into batches of any size."""
    rng = random.Random(11)
    late = rng.sample(told, len(told) // 10)
    late_ones = {id(each) for each in late}
    first = [each for each in told if id(each) not in late_ones] + rng.sample(told, len(told) // 10)
    rng.shuffle(first)
    rng.shuffle(late)
    sizes = [rng.randrange(1, MOST_READINGS) for _ in range(1_000)]
    return cut(first, sizes) + cut(late, sizes)


def cut(told: list[Told], sizes: list[int]) -> list[ReportTelemetry]:
    commands, left = [], list(told)
    for size in sizes:
        commands += reported_of(left[:size])
        left = left[size:]
    assert not left
    return commands


async def projected(servers: Servers, commands: list[ReportTelemetry]) -> dict[Place, Bucket]:
    """The rows of the view after these batches."""
    table = TableView(VIEW, 1)
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as db:
        async with bootstrap.commands(made.settings) as side:
            for command in [*map(registration, DEVICES), *commands]:
                await side.bus.dispatch(command, envelope())
        await project(made)
        rows = [table.stored(row).row for row in await db.fetch(f"select {table.selected} from {table.table} present")]
        return {(row.series, row.start): row for row in rows}


async def test_a_day_that_comes_late_twice_and_shuffled_makes_the_same_buckets(
    servers: Servers, figure: Callable[[str], None]
) -> None:
    """14,400 readings, projected by the workers' own loops and written by PostgreSQL: the same to the last digit."""
    told = a_day()
    in_order, in_disorder = clean(told), messy(told)
    assert sum(len(each.readings) for each in in_disorder) == len(told) * 11 // 10
    straight, crooked = await projected(servers, in_order), await projected(servers, in_disorder)
    expected = buckets(told)
    assert {place: shown(row, expected[place].exact) for place, row in straight.items()} == expected
    assert crooked == straight
    assert {place: repr(row) for place, row in crooked.items()} == {place: repr(row) for place, row in straight.items()}
    figure(f"{len(told):,} readings in {len(in_order)} batches and in {len(in_disorder)}: {len(straight):,} same rows")
