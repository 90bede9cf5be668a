"""What the garbage collector looks through in a process that runs for long."""

import gc

_YOUNG = 50_000
"""Objects made before the young are looked through; 700 by default, of which one order of 20 lines makes a third."""


def settle() -> None:
    """Leaves alone for ever what there is now, and looks through the rest less often.

    Events, rows and commands are trees, which reference counting frees; looking for cycles in what they hold cost a
    worker most of the time that it took to decode an event. What does make cycles, such as an exception, is small.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
