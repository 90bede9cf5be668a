"""What this process has asked any worker to take, and for how long nobody has."""

import time
from collections.abc import Collection, Hashable


class Asked:
    """Shards and policies, from one sweep to the next."""

    def __init__(self) -> None:
        self._since: dict[Hashable, float] = {}

    def overdue(self, untaken: Collection[Hashable], patience_s: float) -> set[Hashable]:
        """Those of all that are untaken now which were so in every sweep of the last `patience_s` seconds."""
        now = time.monotonic()
        self._since = {each: self._since.get(each, now) for each in untaken}
        return {each for each, since in self._since.items() if now - since >= patience_s}
