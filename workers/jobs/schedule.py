"""Dispatching what a policy has scheduled, when it is due: at least once, under ids that make once more harmless."""

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog

from app.infra.bus import Bus
from app.infra.hints import wait
from app.infra.schedule import Due, Schedule
from app.kernel.errors import Busy, Refusal, VersionConflict
from app.kernel.policy import Policy
from app.kernel.pulse import Pulse

_log = structlog.get_logger()

SWEEP_S = 4.0
"""How long to wait at most before looking again, and showing that the loop turns; what is due by then is waited for."""

_AT_ONCE = 16
"""Commands under way at the same time."""


class Dispatcher:
    """Sends a policy's commands to the bus, and takes down what came of each."""

    def __init__(self, policy: Policy[Any], schedule: Schedule, bus: Bus) -> None:
        self._policy, self._schedule, self._bus = policy, schedule, bus
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Says that something may be due."""
        self._woken.set()

    async def run(self, pulse: Pulse) -> None:
        """Dispatches for ever. Raises what the schedule raises; who comes next dispatches again what was under way."""
        while True:
            pulse.beat()
            due = _first_of_each(await self._schedule.due(self._policy.name, _AT_ONCE))
            if due:
                pulse.rest()  # a command may take longer than a loop that hangs: the bus sees to its end
            done = await asyncio.gather(*map(self._dispatch, due), return_exceptions=True)
            for error in filter(None, done):
                raise error
            if not due:
                await wait(self._woken, await self._pause())

    async def _pause(self) -> float:
        """Until the next command is due. Whatever is scheduled meanwhile is scheduled by who runs here, and says so."""
        next_in = await self._schedule.next_in(self._policy.name)
        return SWEEP_S if next_in is None else min(SWEEP_S, max(0.0, next_in))

    async def _dispatch(self, due: Due) -> None:
        try:
            await self._bus.dispatch(self._schedule.command(due), due.envelope(self._policy.principal))
        except Busy as busy:
            await self._schedule.postpone(due, busy.message)
        except Refusal as refusal:
            await self._schedule.settle(due, "REFUSED", f"{refusal.code}: {refusal.message}")
        except VersionConflict as conflict:
            await self._schedule.settle(due, "REFUSED", str(conflict))
        except Exception as error:  # noqa: BLE001 - one command that fails must not hold up the others
            _log.exception("command failed", policy=self._policy.name, command=str(due.command_id))
            await self._schedule.postpone(due, f"{type(error).__name__}: {error}")
        else:
            await self._schedule.settle(due, "ACCEPTED")


def _first_of_each(due: Iterable[Due]) -> list[Due]:
    """Of several to one aggregate the first: the others follow it."""
    firsts: dict[Any, Due] = {}
    for each in due:
        firsts.setdefault(each.aggregate_id, each)
    return [*firsts.values()]
