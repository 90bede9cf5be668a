"""What `/livez` and `/readyz` say: whether loops turn, whether stores answer, whether views are projected.

Who is not alive is to be started anew; who is not ready is to be waited for. A process is judged by its own loops
alone: starting the API anew, or taking it away from its clients, helps no view whose worker is gone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from app.infra.db import TRANSIENT, Pool
from app.infra.view_status import ViewStatus
from app.kernel.pulse import Pulses
from app.observability.stores import PATIENCE_S

_BEAT_S: Final = 1.0
_BAD: Final = ("STALLED", "FAILING")
_AWAY: Final = (TimeoutError, asyncpg.PostgresError, *TRANSIENT)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is well, and what is to be said of it."""

    well: bool
    told: Mapping[str, Any]


@dataclass(frozen=True)
class Health:
    """The health of a process. `running` says of tasks that must not end whether they still run.

    `waits_for_views`: the process is ready only while every view is projected, by whomever. `building` tells of views
    that have nothing to show yet: a process that answers from them is not ready before they have.
    """

    pulses: Pulses
    pools: Sequence[Pool] = ()
    status: ViewStatus | None = None
    running: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    waits_for_views: bool = False
    building: Callable[[], Awaitable[Mapping[str, Any]]] | None = None

    def alive(self) -> Verdict:
        """Whether every loop of this process turns."""
        stopped = self.pulses.hanging() + [name for name, runs in self.running.items() if not runs()]
        return Verdict(not stopped, {"alive": not stopped, **({"stopped": stopped} if stopped else {})})

    async def ready(self) -> Verdict:
        """Whether its stores answer, and for one that waits for views, whether these are projected."""
        if not self.pools:
            return Verdict(well=False, told={"ready": False, "reason": "starting"})
        try:
            async with asyncio.timeout(PATIENCE_S):
                for pool in self.pools:
                    await pool.fetchval("select 1")
                building = await self.building() if self.building else {}
        except _AWAY as error:
            return Verdict(well=False, told={"ready": False, "reason": type(error).__name__})
        if building:
            return Verdict(well=False, told={"ready": False, "reason": "building", "views": building})
        views = await self.views() if self.waits_for_views else Verdict(well=True, told={})
        return Verdict(views.well, {"ready": views.well, **self.told, **views.told})

    async def views(self) -> Verdict:
        """Whether every view is projected by somebody, as its heartbeats tell, and none fails."""
        if self.status is None:
            return Verdict(well=False, told={"reason": "this process does not read views"})
        try:
            async with asyncio.timeout(PATIENCE_S):
                bad = {each.view: each.state for each in await self.status.all() if each.state in _BAD}
        except _AWAY as error:
            return Verdict(well=False, told={"reason": type(error).__name__})
        return Verdict(not bad, {"projected": not bad, **({"views": bad} if bad else {})})


@asynccontextmanager
async def turning(pulses: Pulses) -> AsyncIterator[None]:
    """The event loop of this process has a pulse for as long as the block lasts."""
    task = asyncio.create_task(_turn(pulses))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _turn(pulses: Pulses) -> None:
    with pulses.of("event loop") as pulse:
        while True:
            pulse.beat()
            await asyncio.sleep(_BEAT_S)
