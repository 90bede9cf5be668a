"""Views that are built from the log while everything else runs already: told on the terminal."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from app.up.listening import readiness

_EACH_S = 2.0


class Building:
    """Asks the API which views it cannot show yet, and says how far they are, until there are none."""

    def __init__(self, host: str, port: int, say: Callable[[str], None]) -> None:
        self._host, self._port, self._say = host, port, say
        self._views: Mapping[str, Mapping[str, int]] = {}
        self._asked = 0.0

    def can_be_used(self) -> bool:
        """Whether the API runs, even if some views have to be built first."""
        said = readiness(self._host, self._port)
        self._views = said.get("views", {})
        return bool(said.get("ready") or self._views)

    def tell(self) -> None:
        """Says what is new, every two seconds at most."""
        if not self._views or time.monotonic() - self._asked < _EACH_S:
            return
        self._asked, said = time.monotonic(), readiness(self._host, self._port)
        if said.get("ready"):
            self._say("Every view is built")
            self._views = {}
        elif self._views != (views := said.get("views", self._views)):
            self._views = views
            self._say(f"Building from the log: {', '.join(map(_part, sorted(views.items())))}")


def _part(view: tuple[str, Mapping[str, Any]]) -> str:
    name, far = view
    return f"{name} {100 * far['done'] // max(far['of'], 1)} %"
