"""The dead letters on a terminal."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from app import bootstrap
from app.config import Settings
from app.infra.dead_letter_box import Cause, DeadLetterBox, ParkedAggregate


async def read(settings: Settings, consumer: str | None) -> list[Cause]:
    """What a consumer has parked, or all have."""
    async with bootstrap.read_models(settings) as (_, stores):
        return await DeadLetterBox(stores.pool).causes(consumer)


def show(causes: Sequence[Cause], console: Console, *, as_json: bool) -> None:
    """Prints them as tables for people, or as JSON for machines."""
    if as_json:
        print(json.dumps([asdict(cause) for cause in causes], default=str, indent=2))
    elif not causes:
        console.print("Nothing is parked.", style="green")
    for cause in () if as_json else causes:
        console.print(_table(cause))


def _table(cause: Cause) -> Table:
    title = f"{cause.consumer}: {cause.exception or 'to be tried again'} at {cause.place or 'an earlier event'}"
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", title_style="red")
    for name in ("Position", "Aggregate", "Event", "Behind it", "Attempts", "Message"):
        table.add_column(name, no_wrap=name != "Message")
    for parked in cause.aggregates:
        table.add_row(*_cells(parked))
    return table


def _cells(parked: ParkedAggregate) -> list[str]:
    return [
        f"{parked.position}",
        f"{parked.aggregate_type} {parked.sequence}",
        f"{parked.type} {parked.version}",
        f"{parked.waiting}",
        f"{parked.attempts}" + (" (again)" if parked.retrying else ""),
        parked.message or "",
    ]
