"""Values that several contexts share: money, addresses, and the checks on texts and numbers."""

import re
from decimal import Decimal
from functools import lru_cache

from app.kernel.errors import CurrencyMismatch, InvalidValue
from app.kernel.structs import Struct

_MAX_AMOUNT = Decimal("1e12")
_FINEST = Decimal("0.0001")
_CURRENCY = re.compile("[A-Z]{3}")
_MAX_PIECES = 1_000_000_000
_ordinary = re.compile(r"\w[ -~\u00a0-\ud7ff]{0,99}").fullmatch
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Money(Struct, frozen=True):
    """An exact amount, at most four decimals, of one ISO 4217 currency."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or abs(self.amount) >= _MAX_AMOUNT:
            raise InvalidValue("An amount must be a number below 10¹².", field="amount")
        if self.amount != self.amount.quantize(_FINEST):
            raise InvalidValue("An amount has at most four decimals.", field="amount")
        if not _CURRENCY.fullmatch(self.currency):
            raise InvalidValue("A currency is three capital letters, such as GBP (ISO 4217).", field="currency")

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(expected=self.currency, actual=other.currency)
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, pieces: int) -> "Money":
        return Money(self.amount * pieces, self.currency)


class Address(Struct, frozen=True, kw_only=True):
    """Where someone lives or goods go. Records from old books may know the country alone."""

    street: str | None
    city: str | None
    postal_code: str | None
    country: str

    def __post_init__(self) -> None:
        if _are_ordinary(self.street, self.city, self.postal_code, self.country):
            return
        for field in ("street", "city", "postal_code"):
            if getattr(self, field) is not None:
                require_text(getattr(self, field), field, at_most=200)
        require_text(self.country, "country", at_most=100)

    def lines(self) -> str:
        """The address as one line, the way that it is shown."""
        town = " ".join(part for part in (self.postal_code, self.city) if part)
        return ", ".join(part for part in (self.street, town, self.country) if part)


@lru_cache(4_096)
def _are_ordinary(*parts: str | None) -> bool:
    """Whether every part is short and begins with a letter or digit, as nearly all do: then nothing is wrong.

    The same address is read again and again: with every order, twice.
    """
    return all(part is None or _ordinary(part) for part in parts)


def require_text(text: str, field: str, *, at_most: int) -> None:
    """Raises InvalidValue unless the text has 1 to `at_most` characters and none that PostgreSQL cannot hold."""
    if not text.strip():
        raise InvalidValue(f"{field} must not be empty.", field=field)
    if len(text) > at_most:
        raise InvalidValue(f"{field} has {len(text)} characters; at most {at_most} are allowed.", field=field)
    require_storable(text, field)


def require_storable(text: str, field: str) -> None:
    """Raises InvalidValue for a text with a null character or a lone surrogate, which have no UTF-8 in PostgreSQL."""
    if _UNSTORABLE.search(text):
        raise InvalidValue(f"{field} holds a character that cannot be stored.", field=field)


def require_pieces(pieces: int, field: str) -> None:
    """Raises InvalidValue unless 1 <= pieces <= 10⁹."""
    if not 1 <= pieces <= _MAX_PIECES:
        raise InvalidValue(f"{field} must be between 1 and {_MAX_PIECES:,}.", field=field)
