"""The one home of time and of fresh ids; everything else is handed them."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

_UNIX_MS_SHIFT = 80
_VERSION_7 = 0x7 << 76
_VARIANT_RFC9562 = 0b10 << 62
_MARKS = _VERSION_7 | _VARIANT_RFC9562
_WITHOUT_MARKS = ~(0xF << 76 | 0b11 << 62)


def now() -> datetime:
    """The current time in UTC, to the microsecond."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562, section 5.7)."""
    number = time.time_ns() // 1_000_000 << _UNIX_MS_SHIFT | int.from_bytes(os.urandom(10))
    return UUID(int=number & _WITHOUT_MARKS | _MARKS)


def id_at(unix_ms: int, entropy: int) -> UUID:
    """The UUIDv7 of a moment in Unix milliseconds and 74 bits of entropy (higher bits are cut off)."""
    rand_a = (entropy >> 62) & 0xFFF
    rand_b = entropy & ((1 << 62) - 1)
    return UUID(int=(unix_ms << _UNIX_MS_SHIFT) | _VERSION_7 | (rand_a << 64) | _VARIANT_RFC9562 | rand_b)
