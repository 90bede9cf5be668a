"""How a shard's checkpoint in Redis is written: its position, and a letter where there is more to say.

`p`: something of the shard is parked. `a`: rows of it are being amended, so Redis may not be asked for them.
"""

from typing import Final

_PARKED: Final = "p"
_AMENDING: Final = "a"


def reached(position: int, *, parked: bool) -> str:
    """That of a shard that shows everything up to a position, but for what is parked."""
    return f"{position}{_PARKED if parked else ''}"


def amending(position: int) -> str:
    """That of a shard of which rows are about to be amended."""
    return f"{position}{_AMENDING}"


def read(text: bytes | None) -> tuple[int | None, bool]:
    """The position that it tells, None for one that is lost or being amended, and whether anything is parked."""
    if text is None:
        return None, False
    try:
        return int(text), False
    except ValueError:
        return (int(text[:-1]), True) if text.endswith(_PARKED.encode()) else (None, False)
