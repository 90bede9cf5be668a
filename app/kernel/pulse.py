"""Whether loops turn. One that has stopped with nothing to do is behind with nothing, so only its pulse tells."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

DEAD_AFTER_S: Final = 10.0
"""A loop that has not been heard of for so long is taken for dead, whatever its lag seems to be."""

HANGS_AFTER_S: Final = 9.0
"""Within its own process, where no word is under way: so what stops is known in ten seconds, also if it turned just
before, by whoever asks each second."""


class Pulse:
    """When a loop last turned, by the monotonic clock."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: float | None = time.monotonic()

    @property
    def age_s(self) -> float:
        """Seconds since it last turned; 0 while it rests."""
        return 0.0 if self._at is None else time.monotonic() - self._at

    def beat(self) -> None:
        """The loop turns."""
        self._at = time.monotonic()

    def rest(self) -> None:
        """The loop waits until somebody wants something of it, who calls `beat` for it then."""
        self._at = None


class Pulses:
    """The pulses of a process's loops. Several may have one name: a loop that hangs, and the one that follows it."""

    def __init__(self) -> None:
        self._beating: dict[Pulse, str] = {}

    def add(self, name: str) -> Pulse:
        """That of a loop which is to turn from now on."""
        pulse = Pulse()
        self._beating[pulse] = name
        return pulse

    def remove(self, pulse: Pulse) -> None:
        """The loop is over, as it should be."""
        self._beating.pop(pulse, None)

    @contextmanager
    def of(self, name: str) -> Iterator[Pulse]:
        """That of a loop which is to turn for as long as the block lasts."""
        pulse = self.add(name)
        try:
            yield pulse
        finally:
            self.remove(pulse)

    def ages_s(self) -> Mapping[str, float]:
        """Seconds since each loop last turned: the hindmost of a name."""
        ages: dict[str, float] = {}
        for pulse, name in self._beating.items():
            ages[name] = max(pulse.age_s, ages.get(name, 0.0))
        return ages

    def hanging(self) -> list[str]:
        """The loops that hang."""
        return sorted(name for name, age_s in self.ages_s().items() if age_s > HANGS_AFTER_S)
