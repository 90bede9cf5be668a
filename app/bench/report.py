"""Runs what is wanted, one part after the other, and shows what came out."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console

from app.bench import measurements, reads, searching, writes
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
    PLAN = "plan"


TABLES = (Part.WRITES, Part.PROJECTIONS, Part.READS, Part.SEARCHING)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: `seconds` for each measurement, `rates` in commands a second at which the lag is measured."""

    seconds: float
    rates: Sequence[float] = (200.0, 500.0)
    parts: Sequence[Part] = TABLES
    size: Size = Size()


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
}


async def bench(console: Console, wanted: Wanted, *, as_json: bool, plot: Path | None = None) -> None:
    """The bench, on servers of its own."""
    with temporary() as folder, console.status("Starting servers") as status:
        async with rig(Path(folder)) as made:
            report = await measure(made, wanted, status.update)
    if plot:
        from app.bench.plot import draw  # noqa: PLC0415 - needs what only development has

        draw(plot, report.machine.words, report.operations[Part.READS], report.operations.get(Part.WRITES, []))
    if as_json:
        print(json.dumps(report.for_json(), indent=2))
    else:
        report.show(console)


async def measure(made: Rig, wanted: Wanted, say: Say) -> Report:
    """The wanted parts, one after the other."""
    report = Report(await machine(made))
    if Part.WRITES in wanted.parts:
        report.operations[Part.WRITES] = [await writes.placing(made, wanted.seconds, say)]
    for part, steps in _figures(made, wanted, say).items():
        if part in wanted.parts:
            report.figures[part] = []
            for name, step in steps:
                say(name)
                report.figures[part] += await step()
    if Part.READS in wanted.parts or Part.PLAN in wanted.parts:
        await _reads(report, made, wanted, say)
    return report


async def _reads(report: Report, made: Rig, wanted: Wanted, say: Say) -> None:
    shop = await filled(made, wanted.size, say)
    asked = await reads.learned(made, shop, say)
    if Part.READS in wanted.parts:
        report.operations[Part.READS] = await reads.reads(made, shop, asked, wanted.seconds, say)
    if Part.PLAN in wanted.parts:
        report.plan = await plan(made, asked, wanted.seconds, say)


Step = tuple[str, Callable[[], Awaitable[list[Figure]]]]


def _figures(made: Rig, wanted: Wanted, say: Say) -> dict[Part, list[Step]]:
    seconds = wanted.seconds
    lags: list[Step] = [
        (f"From commit to visible at {rate:.0f} a second", lambda rate=rate: measurements.visible(made, seconds, rate))  # type: ignore[misc]
        for rate in wanted.rates
    ]
    return {
        Part.WRITES: [
            ("Writing", lambda: measurements.orders(made, seconds)),
            ("Viewing", lambda: measurements.views(made, seconds)),
        ],
        Part.PROJECTIONS: [
            ("Catching up", lambda: measurements.catch_up(made)),
            *lags,
            ("Killing workers", lambda: measurements.take_over(made)),
        ],
        Part.SEARCHING: [("Searching", lambda: searching.searches(made, wanted.size, say))],
    }
