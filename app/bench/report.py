"""Runs what is wanted, one part after the other, and shows what came out."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from app.bench import feed, measurements, projections, reads, searching, telemetry, transfers, writes
from app.bench.catalog import Size
from app.bench.filling import Say, filled
from app.bench.machine import Machine, machine
from app.bench.measured import ORM, RAW, ROUTE, STOCK, Operation
from app.bench.measurements import Figure
from app.bench.plan import Plan, plan
from app.bench.rig import Rig, rig, temporary
from app.bench.tables import figures_table, operations_table, plan_tables


class Part(StrEnum):
    """What can be measured by itself."""

    WRITES = "writes"
    PROJECTIONS = "projections"
    READS = "reads"
    SEARCHING = "searching"
    FEED = "feed"
    TELEMETRY = "telemetry"
    PLAN = "plan"


TABLES = (Part.WRITES, Part.PROJECTIONS, Part.READS, Part.SEARCHING, Part.FEED, Part.TELEMETRY)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: `seconds` for each measurement, `rates` in commands a second at which the lag is measured.

    `events` is how long the log is from which a view is rebuilt.
    """

    seconds: float
    rates: Sequence[float] = (200.0, 500.0)
    parts: Sequence[Part] = TABLES
    size: Size = Size()
    events: int = 1_000_000


@dataclass(slots=True)
class Report:
    """What came out."""

    machine: Machine
    operations: dict[Part, list[Operation]] = field(default_factory=dict)
    figures: dict[Part, list[Figure]] = field(default_factory=dict)
    plan: Plan | None = None

    def for_json(self) -> dict[str, Any]:
        """All of it, for machines."""
        return {
            "machine": self.machine.for_json(),
            "operations": {part: [each.for_json() for each in found] for part, found in self.operations.items()},
            "figures": {part: [each.for_json() for each in found] for part, found in self.figures.items()},
            "plan": self.plan.for_json() if self.plan else None,
        }

    def show(self, console: Console) -> None:
        """The tables, for people."""
        console.print(self.machine.words)
        if found := self.operations.get(Part.READS):
            title = f"1. Reads: one api process on one core, {reads.CONNECTIONS} connections"
            console.print(operations_table(title, found, "req/s", [STOCK, ROUTE, ORM, RAW]))
        if found := self.operations.get(Part.WRITES):
            title = f"2. Writes: one api process on one core, {writes.CLIENTS} clients"
            console.print(operations_table(title, found, "commands/s", [ORM]))
        for part, figures in self.figures.items():
            console.print(figures_table(_TITLES[part], figures))
        if self.plan:
            for table in plan_tables(self.plan):
                console.print(table)


_TITLES = {
    Part.WRITES: "2. Writes, beneath GraphQL",
    Part.PROJECTIONS: "3. Projections and lag",
    Part.SEARCHING: "4. Searching, beneath GraphQL",
    Part.FEED: "5. Home timelines, beneath GraphQL",
    Part.TELEMETRY: "6. Telemetry, beneath GraphQL",
}


async def bench(console: Console, wanted: Wanted, *, as_json: bool, plot: Path | None = None) -> None:
    """The bench, on servers of its own."""
    with temporary() as folder, console.status("Starting servers") as status:
        async with rig(folder) as made:
            report = await measure(made, wanted, status.update)
    if plot:
        from app.bench.plot import draw  # noqa: PLC0415 - needs what only development has

        draw(plot, report.machine.words, report.operations[Part.READS], report.operations.get(Part.WRITES, []))
    if as_json:
        print(json.dumps(report.for_json(), indent=2))
    else:
        report.show(console)


async def measure(made: Rig, wanted: Wanted, say: Say) -> Report:
    """The wanted parts, one after the other; catching up comes last, since it leaves other views far behind."""
    report, parts = Report(await machine(made)), wanted.parts
    if Part.WRITES in parts:
        report.operations[Part.WRITES] = [await writes.placing(made, wanted.seconds, say)]
        report.figures[Part.WRITES] = await _steps(_writes(made, wanted), say)
    if Part.PROJECTIONS in parts:
        report.figures[Part.PROJECTIONS] = await _steps(_projections(made, wanted), say)
    if Part.READS in parts or Part.PLAN in parts:
        await _reads(report, made, wanted, say)
    if Part.SEARCHING in parts:
        say("Searching")
        report.figures[Part.SEARCHING] = await searching.searches(made, wanted.size, say)
    if Part.FEED in parts:
        say("Home timelines")
        report.figures[Part.FEED] = await feed.timelines(made, wanted.seconds)
    if Part.TELEMETRY in parts:
        report.figures[Part.TELEMETRY] = await _steps(
            [("Delivering readings", partial(telemetry.readings, made, wanted.seconds))], say
        )
    if Part.PROJECTIONS in parts:
        say("A new view catches up")
        report.figures[Part.PROJECTIONS] += await projections.new_view(made, wanted.size.caught_up)
        say(f"Laying a log of {wanted.events:,} events, and rebuilding a view from it")
        report.figures[Part.PROJECTIONS] += await projections.rebuilt(wanted.events)
    return report


async def _reads(report: Report, made: Rig, wanted: Wanted, say: Say) -> None:
    shop = await filled(made, wanted.size, say)
    asked = await reads.learned(made, shop, say)
    if Part.READS in wanted.parts:
        report.operations[Part.READS] = await reads.reads(made, shop, asked, wanted.seconds, say)
    if Part.PLAN in wanted.parts:
        report.plan = await plan(made, asked, wanted.seconds, say)


Step = tuple[str, Callable[[], Awaitable[list[Figure]]]]


async def _steps(steps: Sequence[Step], say: Say) -> list[Figure]:
    figures: list[Figure] = []
    for name, step in steps:
        say(name)
        figures += await step()
    return figures


def _writes(made: Rig, wanted: Wanted) -> list[Step]:
    return [
        ("Writing", partial(measurements.orders, made, wanted.seconds)),
        ("Viewing", partial(measurements.views, made, wanted.seconds)),
        ("Transferring", partial(transfers.transfers, made, wanted.seconds)),
    ]


def _projections(made: Rig, wanted: Wanted) -> list[Step]:
    lags = [
        (f"From commit to visible at {rate:,.0f} a second", partial(projections.lag, made, wanted.seconds, rate))
        for rate in wanted.rates
    ]
    return [
        ("Catching up", partial(measurements.catch_up, made)),
        *lags,
        ("Doing nothing", partial(projections.idle, made, wanted.seconds)),
        ("Killing workers", partial(measurements.take_over, made)),
    ]
