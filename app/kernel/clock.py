"""The one home of time and of fresh ids; everything else is handed them."""

import os
import struct
import time
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID, SafeUUID

_UNIX_MS_SHIFT = 80
_VERSION_7 = 0x7 << 76
_VARIANT_RFC9562 = 0b10 << 62
_MARKS = _VERSION_7 | _VARIANT_RFC9562
_WITHOUT_MARKS = ~(0xF << 76 | 0b11 << 62)
_TOP_12_BITS = 0xFFF << 64
_DRAWN_AT_ONCE = 512
_SAFETY = SafeUUID.unknown
_set = object.__setattr__


def _draw() -> tuple[int, ...]:
    """Random numbers of 64 bits from the operating system, many at a time: asking it costs more than all the rest."""
    return struct.unpack(f"{_DRAWN_AT_ONCE}Q", os.urandom(8 * _DRAWN_AT_ONCE))


_random = chain.from_iterable(iter(_draw, None))


def _draw_anew() -> None:
    """A process that was forked must not go on with its parent's numbers."""
    global _random  # noqa: PLW0603 - the state of a source of numbers
    _random = chain.from_iterable(iter(_draw, None))


os.register_at_fork(after_in_child=_draw_anew)


def now() -> datetime:
    """The current time in UTC, to the microsecond."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562, section 5.7)."""
    return uuid_of(_fresh())


def new_id_text() -> str:
    """The text of a fresh UUIDv7."""
    digits = f"{_fresh():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _fresh() -> int:
    number = time.time_ns() // 1_000_000 << _UNIX_MS_SHIFT | next(_random) << 64 & _TOP_12_BITS | next(_random)
    return number & _WITHOUT_MARKS | _MARKS


def uuid_of(number: int) -> UUID:
    """The UUID of a number of 128 bits, which is not checked: a third of what UUID's own constructor costs."""
    made = UUID.__new__(UUID)
    _set(made, "int", number)
    _set(made, "is_safe", _SAFETY)
    return made


def id_at(unix_ms: int, entropy: int) -> UUID:
    """The UUIDv7 of a moment in Unix milliseconds and 74 bits of entropy (higher bits are cut off)."""
    rand_a = (entropy >> 62) & 0xFFF
    rand_b = entropy & ((1 << 62) - 1)
    return UUID(int=(unix_ms << _UNIX_MS_SHIFT) | _VERSION_7 | (rand_a << 64) | _VARIANT_RFC9562 | rand_b)
