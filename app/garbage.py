"""What the garbage collector looks through in a process that runs for long."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 50_000
"""Objects made before the young are looked through; 700 by default, of which one order of 20 lines makes a third."""

_YOUNG_OF_MANY: Final = 1_000_000
_OLDER: Final = 20, 20

_growing = 0


def settle() -> None:
    """Leaves alone for ever what there is now, and looks through the rest less often.

    Events, rows and commands are trees, which reference counting frees; looking for cycles in what they hold cost a
    worker most of the time that it took to decode an event. What does make cycles, such as an exception, is small.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *_OLDER)


@contextmanager
def growing() -> Iterator[None]:
    """Looks through what is young hardly at all while the block lasts, which may run several times at once.

    It is for who makes rows by the ten thousand and keeps them: they were gone through again and again, which was a
    twelfth of what it took to rebuild a view, to find a few hundred objects in a million events.
    """
    global _growing  # noqa: PLW0603 - there is one collector in a process
    _growing += 1
    gc.set_threshold(_YOUNG_OF_MANY, *_OLDER)
    try:
        yield
    finally:
        _growing -= 1
        if _growing == 0:
            gc.set_threshold(_YOUNG, *_OLDER)
