"""`python3 -m app import online-retail FILE`, from the settings to the account."""

import asyncio
import json
from pathlib import Path

from rich.console import Console

from app import bootstrap
from app.config import Settings
from app.infra.view_status import ViewStatus
from app.online_retail.account import Account
from app.online_retail.progress import Bar
from app.online_retail.run import run

_POLL_S = 0.2
_STUCK_S = 60.0


class ViewsStuck(Exception):
    """Everything was imported, but the views do not move; workers are missing, or a view fails."""


async def import_online_retail(settings: Settings, file: Path, console: Console) -> Account:
    """Imports the file, and returns once every view shows it. Raises BookError or ViewsStuck."""
    async with bootstrap.commands(settings) as side, bootstrap.read_models(settings) as (_, stores):
        status = ViewStatus(stores.pool)
        with Bar(console) as bar:
            return await run(file, side.bus, side.bus.accepted, lambda: caught_up(status, side), bar)


async def caught_up(status: ViewStatus, side: bootstrap.Commands) -> None:
    """Waits until every view has reached the log's present end. Raises ViewsStuck after a minute without movement."""
    end, reached, since = await side.head(), -1, asyncio.get_running_loop().time()
    while True:
        position = min(view.position for view in await status.all())
        if position >= end:
            return
        now = asyncio.get_running_loop().time()
        if position > reached:
            reached, since = position, now
        elif now - since > _STUCK_S:
            raise ViewsStuck(f"The views stand at {reached} of {end}. Are workers running? See: python3 -m app status")
        await asyncio.sleep(_POLL_S)


def show(account: Account, console: Console, *, as_json: bool) -> None:
    """Prints the account."""
    if as_json:
        print(json.dumps(account.as_json(), indent=2))
    else:
        console.print(account.table())
