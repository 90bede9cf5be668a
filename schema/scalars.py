"""The scalars: exact amounts, moments in UTC, log positions."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import NewType

import msgspec
import strawberry
from strawberry.schema.config import StrawberryConfig

BigInt = NewType("BigInt", int)

_AMOUNT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_NO_MOMENT = 'A moment is a string such as "2026-01-31T12:00:00Z", with its offset from UTC.'


def _parse_amount(value: object) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError('An amount is a decimal in a string, such as "12.50".')
    return Decimal(value)


def show_amount(amount: Decimal) -> str:
    """Two decimals at least, more only where they say something."""
    shown = str(amount)
    if len(shown) > 3 and shown[-3] == ".":  # there is no exponent then, which has three characters at least
        return shown
    whole, _, decimals = (shown if "E" not in shown else f"{amount:f}").partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def _parse_moment(value: object) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(_NO_MOMENT)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(_NO_MOMENT) from None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("This moment is out of range.") from None


def _show_moment(moment: datetime) -> str:
    """As `isoformat` with a Z, which takes nine times as long."""
    shown: str = msgspec.to_builtins(moment if moment.tzinfo is UTC else moment.astimezone(UTC))
    return shown


def _parse_big_int(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("A whole number is needed.")
    return value


CONFIG = StrawberryConfig(
    scalar_map={
        Decimal: strawberry.scalar(
            name="Decimal",
            description='An exact decimal number in a string, such as "12.50".',
            serialize=show_amount,
            parse_value=_parse_amount,
        ),
        datetime: strawberry.scalar(
            name="DateTime",
            description="A moment, as ISO 8601 with its offset; answered in UTC.",
            serialize=_show_moment,
            parse_value=_parse_moment,
        ),
        BigInt: strawberry.scalar(
            name="BigInt",
            description="A whole number beyond 32 bits, such as a position in the log.",
            serialize=int,
            parse_value=_parse_big_int,
        ),
    }
)
