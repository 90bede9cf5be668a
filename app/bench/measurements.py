"""The measurements, each a coroutine from the rig to figures."""

import asyncio
import math
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from app.bench.cpu import own_cpu_s
from app.bench.figures import Goal, Target
from app.bench.rig import Rig, at_once, clock
from app.infra.view_status import ViewStatus

CLIENTS = 16


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    what: str
    value: float
    unit: str
    target: Target | None = None

    @property
    def goal(self) -> Goal | None:
        """The figure beside its target, if it has one."""
        return Goal("", self.target, self.value) if self.target else None

    def for_json(self) -> dict[str, Any]:
        """All of it; null where it is infinite."""
        value = self.value if math.isfinite(self.value) else None
        goal = self.goal.for_json() if self.goal else None
        return {"what": self.what, "value": value, "unit": self.unit, "goal": goal}


async def orders(rig: Rig, seconds: float) -> list[Figure]:
    """`PlaceOrder` with 3 lines from 16 clients, as fast as they go; nobody projects meanwhile."""
    return await write("PlaceOrder", "PlaceOrder, 3 lines", seconds, lambda n: rig.dispatch(rig.order(n)))


async def views(rig: Rig, seconds: float) -> list[Figure]:
    """`ViewProduct` of a customer's own, from 16 clients, as fast as they go; nobody projects meanwhile."""
    return await write("ViewProduct", "ViewProduct", seconds, lambda n: rig.dispatch(rig.view(n), rig.customer))


async def write(command: str, what: str, seconds: float, do: Callable[[int], Awaitable[object]]) -> list[Figure]:
    """Three hundred commands for every second, from 16 clients."""
    number = max(CLIENTS, int(seconds * 300))
    began, used = clock(), own_cpu_s()
    await at_once(CLIENTS, range(number), do)
    took, cpu = clock() - began, own_cpu_s() - used
    return [
        Figure(f"{what}, {CLIENTS} clients", number / took, "commands/s"),
        Figure(f"{command}, CPU of the process", cpu / number * 1e6, "µs/command"),
    ]


async def catch_up(rig: Rig) -> list[Figure]:
    """Two fresh workers take every view from where it stands to the head."""
    behind, began = await rig.commands.head(), clock()
    for _ in range(2):
        rig.start_worker()
    await until_reached(rig, behind)
    took = clock() - began
    return [Figure("All views catch up, 2 workers, their start included", behind / took, "events/s")]


async def take_over(rig: Rig, times: int = 3) -> list[Figure]:
    """A worker is killed with kill -9; until an order written right after is visible in every view."""
    longest = 0.0
    for number in range(times):
        victim = rig.workers.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        began = clock()
        receipt = await rig.dispatch(rig.order(number))
        await until_reached(rig, receipt.position)
        longest = max(longest, clock() - began)
        rig.start_worker()
        await asyncio.sleep(2.0)
    return [Figure(f"Take-over after kill -9, longest of {times}", longest, "s")]


async def until_reached(rig: Rig, position: int) -> None:
    """Waits until every view has reached the position."""
    status = ViewStatus(rig.reads.pool)
    while min(view.position for view in await status.all()) < position:  # noqa: ASYNC110 - other processes get there
        await asyncio.sleep(0.01)
