"""TypeIDs: a prefix that names the type, and a UUID in Crockford base 32 (TypeID specification 0.3)."""

from uuid import UUID

from app.kernel.errors import MalformedId

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_LENGTH = 26


def encode(prefix: str, value: UUID) -> str:
    """`encode("order", uuid)` is `order_` and 26 characters."""
    number = value.int
    return prefix + "_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def decode(prefix: str, text: str) -> UUID:
    """The UUID in a TypeID of this prefix. Raises MalformedId when it is not one."""
    found, value = split(text)
    if found != prefix:
        raise MalformedId(text=text, expected=prefix)
    return value


def split(text: str) -> tuple[str, UUID]:
    """The prefix and the UUID of any TypeID. Raises MalformedId when it is not one."""
    prefix, separator, suffix = text.rpartition("_")
    if not separator or not prefix or len(suffix) != _LENGTH or suffix[0] > "7":
        raise MalformedId(text=text)
    try:
        number = 0
        for character in suffix:
            number = number << 5 | _VALUES[character]
    except KeyError:
        raise MalformedId(text=text) from None
    return prefix, UUID(int=number)
