"""TypeIDs: a prefix that names the type, and a UUID in Crockford base 32 (TypeID specification 0.3)."""

from functools import lru_cache
from uuid import UUID

from app.kernel.clock import uuid_of
from app.kernel.errors import MalformedId

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_LOW_60_BITS = (1 << 60) - 1
_LENGTH = 26

_KEPT = 16_384
"""TypeIDs that are remembered, and as many UUIDs: what is asked for once is asked for again, or is in many answers."""

_PYTHONS_ALPHABET = b"0123456789abcdefghijklmnopqrstuv"
_TO_PYTHONS = bytearray(b"!" * 256)
for _ours, _theirs in zip(_ALPHABET.encode(), _PYTHONS_ALPHABET, strict=True):
    _TO_PYTHONS[_ours] = _theirs
"""From each character to the digit that `int` reads in its place, and from what is none to one that it refuses."""


@lru_cache(_KEPT)
def encode(prefix: str, value: UUID) -> str:
    """`encode("order", uuid)` is `order_` and 26 characters."""
    number, pairs = value.int, _PAIRS
    high, low = number >> 60, number & _LOW_60_BITS
    return (
        f"{prefix}_{pairs[high >> 60]}{pairs[high >> 50 & 1023]}{pairs[high >> 40 & 1023]}{pairs[high >> 30 & 1023]}"
        f"{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}{pairs[low >> 50]}"
        f"{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}"
        f"{pairs[low & 1023]}"
    )


@lru_cache(_KEPT)
def decode(prefix: str, text: str) -> UUID:
    """The UUID in a TypeID of this prefix. Raises MalformedId when it is not one."""
    try:
        found, value = split(text)
    except MalformedId:
        raise MalformedId(text=text, expected=prefix) from None
    if found != prefix:
        raise MalformedId(text=text, expected=prefix)
    return value


def split(text: str) -> tuple[str, UUID]:
    """The prefix and the UUID of any TypeID. Raises MalformedId when it is not one."""
    prefix, separator, suffix = text.rpartition("_")
    if not separator or not prefix or len(suffix) != _LENGTH or suffix[0] > "7":
        raise MalformedId(text=text)
    try:
        return prefix, uuid_of(int(suffix.encode("ascii").translate(_TO_PYTHONS), 32))
    except ValueError:
        raise MalformedId(text=text) from None
