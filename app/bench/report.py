"""Runs the measurements one table after the other, and prints what came out."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console

from app.bench import measurements, reads, searching
from app.bench.catalog import Size
from app.bench.filling import Say
from app.bench.machine import Machine, machine
from app.bench.measured import RAW, ROUTE, STOCK, Operation
from app.bench.measurements import Figure
from app.bench.rig import Rig, rig, temporary
from app.bench.tables import figures_table, operations_table


class Part(StrEnum):
    """What can be measured by itself."""

    WRITES = "writes"
    PROJECTIONS = "projections"
    READS = "reads"
    SEARCHING = "searching"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: `seconds` for each measurement, `rate` in commands a second while the lag is measured."""

    seconds: float
    rate: float
    parts: Sequence[Part] = tuple(Part)
    size: Size = Size()


@dataclass(slots=True)
class Report:
    """What came out."""

    machine: Machine
    operations: dict[Part, list[Operation]] = field(default_factory=dict)
    figures: dict[Part, list[Figure]] = field(default_factory=dict)

    def for_json(self) -> dict[str, Any]:
        """All of it, for machines."""
        operations = {part: [each.for_json() for each in found] for part, found in self.operations.items()}
        figures = {part: [asdict(each) for each in found] for part, found in self.figures.items()}
        return {"machine": self.machine.for_json(), "operations": operations, "figures": figures}

    def show(self, console: Console) -> None:
        """The tables, for people."""
        console.print(self.machine.words)
        if found := self.operations.get(Part.READS):
            title = f"Reads: one api process on one core, {reads.CONNECTIONS} connections"
            console.print(operations_table(title, found, "req/s", [STOCK, ROUTE, RAW]))
        for part, figures in self.figures.items():
            console.print(figures_table(part.value.capitalize(), figures))


async def bench(console: Console, wanted: Wanted, *, as_json: bool) -> None:
    """The bench, on servers of its own."""
    with temporary() as folder, console.status("Starting servers") as status:
        async with rig(Path(folder)) as made:
            report = await measure(made, wanted, status.update)
    if as_json:
        print(json.dumps(report.for_json(), indent=2))
    else:
        report.show(console)


async def measure(made: Rig, wanted: Wanted, say: Say) -> Report:
    """The wanted parts, one after the other."""
    report = Report(await machine(made))
    for part, steps in _figures(made, wanted, say).items():
        if part in wanted.parts:
            report.figures[part] = []
            for name, step in steps:
                say(name)
                report.figures[part] += await step()
        if part is Part.PROJECTIONS and Part.READS in wanted.parts:
            report.operations[Part.READS] = await reads.reads(made, wanted.seconds, wanted.size, say)
    return report


Step = tuple[str, Callable[[], Awaitable[list[Figure]]]]


def _figures(made: Rig, wanted: Wanted, say: Say) -> dict[Part, list[Step]]:
    seconds, rate = wanted.seconds, wanted.rate
    return {
        Part.WRITES: [
            ("Writing", lambda: measurements.orders(made, seconds)),
            ("Viewing", lambda: measurements.views(made, seconds)),
        ],
        Part.PROJECTIONS: [
            ("Catching up", lambda: measurements.catch_up(made)),
            ("From commit to visible", lambda: measurements.visible(made, seconds, rate)),
            ("Killing workers", lambda: measurements.take_over(made)),
        ],
        Part.SEARCHING: [("Searching", lambda: searching.searches(made, wanted.size, say))],
    }
