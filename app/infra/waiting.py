"""Waiting until a look at a view shows enough: woken by hints, with a short poll beneath."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from app import tracing
from app.infra.hints import HintListener, HintSender, wait
from app.infra.serving import POLL_S
from app.infra.wanted import Wanted
from app.kernel.measures import Histograms
from app.kernel.view import View

Seen = TypeVar("Seen")

AT_ONCE: Final = "at once"
WAITED: Final = "waited"
BEHIND: Final = "behind"
PARKED: Final = "parked"
"""What becomes of a read that must be fresh: it need not wait, it waits and gets there, or it does not get there. One
that meets something parked is counted for that, too."""


class Waiting:
    """Waits for the views of a process, says so to their workers, and counts what comes of it."""

    def __init__(self, hints: HintListener, wishes: HintSender | None) -> None:
        self._hints, self._wishes = hints, wishes
        self.waits = Histograms()
        """Seconds that reads waited for what they wanted, by view and outcome."""
        self.unhinted = 0
        """How often a read that waited found what it wanted before any word of it: it was lost, or overtaken."""

    def count(self, view: View[Any], outcome: str) -> None:
        """Counts a read that did not wait."""
        self.waits.of(view.name, outcome).observe(0.0)

    async def until(
        self,
        view: View[Any],
        wanted: Wanted,
        look: Callable[[], Awaitable[Seen]],
        enough: Callable[[Seen], bool],
        glance: Callable[[], Awaitable[Seen]] | None = None,
    ) -> Seen:
        """The first look that shows enough, or the last one before the wait is over.

        A `glance` costs less than a look and may miss something: it is for the time between two looks.
        """
        began = time.monotonic()
        seen = await look()
        if (reached := enough(seen)) or wanted.wait_s <= 0:
            if wanted.anything:
                self.count(view, AT_ONCE if reached else BEHIND)
            return seen
        with tracing.span(f"wait {view.name}", position=wanted.position, version=wanted.version):
            seen = await self._look_again(view, began, began + wanted.wait_s, look, enough, glance or look)
        self.waits.of(view.name, WAITED if enough(seen) else BEHIND).observe(time.monotonic() - began)
        return seen

    async def _look_again(
        self,
        view: View[Any],
        looked: float,
        deadline: float,
        look: Callable[[], Awaitable[Seen]],
        enough: Callable[[Seen], bool],
        glance: Callable[[], Awaitable[Seen]],
    ) -> Seen:
        """What is seen when it is enough, or at the deadline. Somebody looked already, at `looked`."""
        hinted = True
        with self._hints.subscribed(view.name) as woken:
            while True:
                now = time.monotonic()
                if now < min(deadline, looked + POLL_S):
                    seen = await glance()
                else:
                    looked, seen = now, await look()
                if enough(seen):
                    self.unhinted += not hinted and not woken.is_set()
                    return seen
                if now >= deadline:
                    return seen
                if self._wishes:
                    self._wishes.wanted(view.name)
                hinted = await wait(woken, min(deadline - now, POLL_S))
