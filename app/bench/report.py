"""Runs the measurements one after the other, and prints what came out."""

import json
import platform
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.bench import measurements, searching
from app.bench.measurements import Figure
from app.bench.rig import Rig, rig, temporary


async def bench(console: Console, *, seconds: float, rate: float, as_json: bool) -> None:
    """The whole bench: `seconds` for each measurement, `rate` in commands a second for the lag."""
    with temporary() as folder, console.status("Starting servers") as status:
        async with rig(Path(folder)) as made:
            figures: list[Figure] = []
            for name, measure in _plan(made, seconds, rate):
                status.update(name)
                figures += await measure
    _print(console, figures, as_json)


def _plan(made: Rig, seconds: float, rate: float) -> list[tuple[str, Awaitable[list[Figure]]]]:
    return [
        ("Writing", measurements.orders(made, seconds)),
        ("Viewing", measurements.views(made, seconds)),
        ("Catching up", measurements.catch_up(made)),
        ("From commit to visible", measurements.visible(made, seconds, rate)),
        ("Killing workers", measurements.take_over(made)),
        ("Searching", searching.searches(made)),
    ]


def _print(console: Console, figures: list[Figure], as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
        return
    table = Table("What", "Figure", "Unit", title=f"{platform.machine()}, Python {platform.python_version()}")
    for figure in figures:
        table.add_row(figure.what, f"{figure.value:,.1f}", figure.unit)
    console.print(table)
