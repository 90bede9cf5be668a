"""A worker of which one loop can be stopped: SIGUSR1 stops it, SIGUSR2 lets it go on. Its argument says which."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from app.config import load_settings
from app.infra.log_tail import LogTail
from workers import arq_worker, settings
from workers.jobs.shard import ShardProjector

STOPPABLE: dict[str, tuple[Any, str]] = {
    "customer_profile/0": (ShardProjector, "_advance"),
    "log tail": (LogTail, "_advance"),
    "arq": (arq_worker.BeatingWorker, "run_cron"),
}
"""Where each loop comes by with every turn."""


class Stop:
    """Whether the loop is to stand still."""

    def __init__(self) -> None:
        self._stands = False
        signal.signal(signal.SIGUSR1, lambda *_: self._set(stands=True))
        signal.signal(signal.SIGUSR2, lambda *_: self._set(stands=False))

    def _set(self, *, stands: bool) -> None:
        self._stands = stands

    def before(self, turn: Callable[..., Awaitable[Any]], loop: str) -> Callable[..., Awaitable[Any]]:
        """The turn, which is not taken while the loop stands still."""

        async def taken(it: Any, *arguments: Any) -> Any:
            while self._stands and name_of(it) in (None, loop):  # noqa: ASYNC110 - a signal says so
                await asyncio.sleep(0.02)
            return await turn(it, *arguments)

        return taken


def name_of(it: Any) -> str | None:
    """Of shards there are many: which this is."""
    return f"{it._view.name}/{it._shard}" if isinstance(it, ShardProjector) else None


def main() -> None:
    (loop,) = sys.argv[1:]
    kind, name = STOPPABLE[loop]
    setattr(kind, name, Stop().before(getattr(kind, name), loop))
    settings.run(load_settings())


if __name__ == "__main__":
    main()
