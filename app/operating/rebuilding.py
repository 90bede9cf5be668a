"""`python3 -m app rebuild`: asking for it, following it, and telling what came of it. Workers do the work."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from app import bootstrap, registry
from app.config import Settings
from app.infra.db import Pool
from app.infra.generations import fingerprint
from app.infra.rebuild_progress import Pace, Progress, left_s, progress
from app.kernel.clock import now
from app.operating.asking import NotCarriedOut, ask_all
from write_model.operations.commands import RebuildView

Begun = Sequence[tuple[str, int]]
"""Views with the generations that they will have."""

_LOOK_S: Final = 0.2
_ALONE_S: Final = 10.0
"""How long nobody may be at it before that is worth saying."""

_NAMED: Final = 10
"""Differences that people are shown."""

_NEWEST: Final = """
select max(generation) from read.generations where view = $1 and fingerprint = $2
"""


async def begin(settings: Settings, views: Sequence[str], *, check: bool) -> Begun:
    """Asks for views to be rebuilt. Raises NotAsked and NotCarriedOut."""
    outcomes = await ask_all(settings, [RebuildView(at=now(), consumer=view, only_check=check) for view in views])
    for view, outcome in zip(views, outcomes, strict=True):
        if outcome.failed:
            raise NotCarriedOut(f"{view} cannot be rebuilt: {outcome.words}.")
    known = {view.name: fingerprint(view) for view in registry.VIEWS}
    async with bootstrap.read_models(settings) as (_, stores):
        return [(view, await stores.pool.fetchval(_NEWEST, view, known[view])) for view in views]


async def follow(settings: Settings, begun: Begun, console: Console) -> list[Progress]:
    """Shows how far it is until all is done. Returns how it ended."""
    async with bootstrap.read_models(settings) as (_, stores):
        with _bars(console) as bars:
            following = _Following(bars, console)
            while True:
                found = await _look(stores.pool, begun)
                following.show(found)
                if not any(each.under_way for each in found):
                    return found
                await asyncio.sleep(_LOOK_S)


async def _look(pool: Pool, begun: Begun) -> list[Progress]:
    return [each for each in await progress(pool, begun) if (each.view, each.generation) in begun]


def _bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
        console=console,
    )


class _Following:
    """A bar for each view."""

    def __init__(self, bars: Bars, console: Console) -> None:
        self._bars, self._console = bars, console
        self._tasks: dict[str, TaskID] = {}
        self._paces: dict[str, Pace] = {}
        self._attended = time.monotonic()

    def show(self, found: Sequence[Progress]) -> None:
        """Moves all bars, and says so if nobody works."""
        for each in found:
            self._move(each)
        if any(each.attended or not each.under_way for each in found):
            self._attended = time.monotonic()
        elif time.monotonic() - self._attended > _ALONE_S:
            self._attended = time.monotonic()
            self._console.print("No worker is at it. Is one running? python3 -m app status", style="yellow")

    def _move(self, each: Progress) -> None:
        if each.view not in self._tasks:
            self._tasks[each.view] = self._bars.add_task(each.view, total=None, pace="", left="")
            self._paces[each.view] = Pace()
        done = min(each.done, each.target) if each.under_way else each.target
        pace = self._paces[each.view].at(done)
        self._bars.update(
            self._tasks[each.view],
            completed=done,
            total=each.target,
            description=f"{each.view} {_WORDS.get(each.state, each.state)}",
            pace=f"{pace:,.0f}/s" if pace else "",
            left=_left(left_s(each, pace)) if each.state == "BUILDING" else "",
        )


_WORDS: Final = {"BUILDING": "is built", "READY": "is ready", "LIVE": "is live", "KEPT": "was live"}


def _left(seconds: float | None) -> str:
    return f"{seconds:.0f} s left" if seconds is not None else ""


def show(rebuilt: Sequence[Progress], console: Console, *, as_json: bool) -> None:
    """Tells how each view compares with what was live."""
    if as_json:
        print(json.dumps([_told(each) for each in rebuilt], default=str, indent=2))
        return
    for each in rebuilt:
        became = f"generation {each.generation} {_WORDS.get(each.state, each.state)}"
        console.print(f"{each.view}: {became}, {_compared(each)}", highlight=False, soft_wrap=True)
        for difference in each.comparison.differences[:_NAMED] if each.comparison else ():
            console.print(f"  {difference.store} {difference.key}: {', '.join(difference.columns)}", markup=False)


def _told(each: Progress) -> Mapping[str, Any]:
    compared = msgspec.to_builtins(each.comparison) if each.comparison else None
    return {**asdict(each), "comparison": compared}


def _compared(each: Progress) -> str:
    found = each.comparison
    if found is None:
        return "with nothing live to compare it with"
    looked = f"{found.rows:,} rows and {found.documents:,} documents compared"
    if not found.different:
        return f"{looked}, no difference"
    return f"{looked}, {found.different:,} differ from what was live"
