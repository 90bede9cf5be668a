"""Readings a second: delivered in batches beneath GraphQL, and the same with workers until every view shows them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from app.bench.cpu import own_cpu_s
from app.bench.figures import Target
from app.bench.measurements import CLIENTS, Figure, until_reached
from app.bench.rig import Rig, at_once, clock
from app.kernel.clock import new_id, now
from write_model.devices.commands import Measurement, RegisterDevice, ReportTelemetry

DEVICES = 100
READINGS = 100
"""In a batch."""

_RATE = 10_000
_TARGET = Target("at least", _RATE)


async def readings(rig: Rig, seconds: float) -> list[Figure]:
    """Batches of a hundred readings, one a second, of a hundred devices at four sites, two metrics each."""
    devices = [await _device(rig, number) for number in range(DEVICES)]
    batches = max(2 * CLIENTS, int(seconds * _RATE / READINGS))
    what = f"Readings, batches of {READINGS}, {CLIENTS} clients"
    rig.stop_workers()
    used = own_cpu_s()
    alone = await _deliver(rig, devices, range(batches))
    cpu = (own_cpu_s() - used) / (batches * READINGS)
    for _ in range(2):
        rig.start_worker()
    await until_reached(rig, await rig.commands.head())
    began = clock()
    await _deliver(rig, devices, range(batches, 2 * batches))
    await until_reached(rig, await rig.commands.head())
    shown = clock() - began
    rig.stop_workers()
    return [
        Figure(what, batches * READINGS / alone, "readings/s"),
        Figure("Readings, CPU of the process that takes them", cpu * 1e6, "µs/reading"),
        Figure(f"{what}, until all views show them, 2 workers", batches * READINGS / shown, "readings/s", _TARGET),
    ]


async def _device(rig: Rig, number: int) -> UUID:
    site = f"site-{number % 4}"
    return (
        await rig.dispatch(RegisterDevice(at=now(), device_id=new_id(), kind="thermometer", site=site))
    ).aggregate_id


async def _deliver(rig: Rig, devices: Sequence[UUID], numbers: range) -> float:
    """Seconds that it takes."""
    began = clock()
    await at_once(CLIENTS, numbers, lambda number: rig.dispatch(_batch(devices, number)))
    return clock() - began


def _batch(devices: Sequence[UUID], number: int) -> ReportTelemetry:
    """The next batch of one of the devices."""
    first, at = number // len(devices) * READINGS + 1, now()
    measured = tuple(
        Measurement(
            sequence=sequence,
            metric="temperature" if sequence % 2 else "humidity",
            value=Decimal(sequence * 7_919 % 30_000).scaleb(-3),
            at=at - timedelta(days=1) + timedelta(seconds=sequence),
        )
        for sequence in range(first, first + READINGS)
    )
    return ReportTelemetry(at=at, device_id=devices[number % len(devices)], readings=measured)
