"""`python3 -m app status`: how far every view is."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from msgspec import structs
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from app import bootstrap
from app.config import Settings
from app.infra.view_status import Status, ViewStatus

_STYLES = {"FRESH": "green", "LAGGING": "yellow", "STALLED": "red", "FAILING": "red"}


async def read_status(settings: Settings) -> list[Status]:
    """The status of every view."""
    async with bootstrap.read_models(settings) as (_, stores):
        return await ViewStatus(stores.pool).all()


def show_status(statuses: Sequence[Status], console: Console, *, as_json: bool) -> None:
    """Prints the status as a table for people, or as JSON for machines."""
    if as_json:
        print(json.dumps([_told(status) for status in statuses], default=str, indent=2))
        return
    head = max((status.head for status in statuses), default=0)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=f"The log reaches position {head:,}", title_justify="left")
    for title in ("View", "State", "Position", "Behind", "Lag", "Heartbeat", "Workers"):
        table.add_column(title, no_wrap=True)
    for status in statuses:
        table.add_row(*_cells(status), style=_STYLES[status.state])
    console.print(table)
    for status in statuses:
        if status.error is not None:
            console.print(f"{status.view}: {status.error}", style="red", markup=False)


def _told(status: Status) -> dict[str, Any]:
    leases = [structs.asdict(lease) for lease in status.leases]
    return {**asdict(status), "leases": leases, "events_behind": status.events_behind}


def _cells(status: Status) -> list[str]:
    return [
        status.view,
        status.state,
        f"{status.position:,}",
        f"{status.events_behind:,}",
        f"{status.lag_s:.1f} s",
        f"{status.heartbeat_at:%H:%M:%S}" if status.heartbeat_at else "never",
        str(len(status.owners)),
    ]
