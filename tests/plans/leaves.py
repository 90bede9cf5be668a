"""Leaves of every scalar, with values that fit, that a scalar turns into what fits, that do not fit, and none."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, Final, NewType
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from schema.scalars import BigInt


@strawberry.enum
class Colour(Enum):
    RED = "red"
    GREEN = "green"
    BLUE = strawberry.enum_value("blue", name="AZURE", description="As the sky.")


@strawberry.enum
class Level(IntEnum):
    LOW = 0
    HIGH = 1


@strawberry.enum
class Kind(Enum):
    """Which of the samples a field shows."""

    PLAIN = "plain"
    ODD = "odd"
    HUGE = "huge"
    WRONG = "wrong"
    EMPTY = "empty"


class Text(str):
    __slots__ = ()


class Word(StrEnum):
    ONE = "one"


class Number(int):
    pass


class Real(float):
    pass


Hush = NewType("Hush", str)
HUSH: Final[dict[object, ScalarDefinition]] = {
    Hush: strawberry.scalar(name="Hush", serialize=lambda said: said or None)
}
"""A scalar that has nothing to show of the empty text."""


@strawberry.type(description="One of each scalar, where null may stand.")
class Leaves:
    text: str | None
    whole: int | None
    real: float | None
    truth: bool | None
    key: strawberry.ID | None
    amount: Decimal | None
    moment: datetime | None
    day: date | None
    clock: time | None
    big: BigInt | None
    uuid: UUID | None
    colour: Colour | None
    level: Level | None
    anything: JSON | None

    @strawberry.field
    def void(self) -> None:
        shown_as_null: Any = self.truth
        return shown_as_null  # type: ignore[no-any-return]

    @strawberry.field
    def hush(self, said: str = "") -> Hush | None:
        return Hush(said)

    @strawberry.field
    def full(self) -> "FullLeaves | None":
        return FullLeaves(**{name: getattr(self, name) for name in NAMES})


@strawberry.type(description="One of each scalar, where null may not stand.")
class FullLeaves:
    text: str
    whole: int
    real: float
    truth: bool
    key: strawberry.ID
    amount: Decimal
    moment: datetime
    day: date
    clock: time
    big: BigInt
    uuid: UUID
    colour: Colour
    level: Level
    anything: JSON

    @strawberry.field
    def loose(self) -> Leaves:
        return Leaves(**{name: getattr(self, name) for name in NAMES})


NAMES: Final = (
    *("text", "whole", "real", "truth", "key", "amount", "moment", "day", "clock", "big", "uuid", "colour", "level"),
    "anything",
)
_ID: Final = UUID("0190d3d7-5f8c-7000-8000-000000000001")
_NOON: Final = datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC)
_EAST: Final = timezone(timedelta(hours=5, minutes=30))

_VALUES: Final[dict[str, tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]]] = {
    "text": (
        ("plain", "", 'quote " back \\ line\n tab\t', "ü 漢 😀", "\u2028\u2029\x7f", "a\x00b\x1f", "</script>"),
        (7, True, False, 1.5, 2.0, Text("text"), Word.ONE, Number(3), 10**30, "\ud800", Colour.RED.value),
        ([], {}, ["a"], b"bytes", object, _ID, Decimal(1), math.nan, Colour.RED),
    ),
    "whole": (
        (0, 1, -7, 2**31 - 1, -(2**31)),
        (True, False, 3.0, "12", "-0", Number(3), Level.HIGH, Decimal(4), "1.0"),
        (2**31, -(2**31) - 1, 1.5, "x", "", [1], math.inf, math.nan, 10**30, "1_0", " 1", "\u0661"),
    ),
    "real": (
        (0.0, 1.5, -0.0, 1e300, 5e-324, 0.1 + 0.2, 1e16, 123456789.123),
        (1, True, "1.5", Real(2.5), Decimal("1.25"), 10**22, 2**63, "1e3"),
        (math.nan, math.inf, -math.inf, "x", "", [], "nan", 10**400),
    ),
    "truth": ((True, False), (1, 0, 0.0, 2.5, -1, Number(0)), ("true", [], math.nan, "", Decimal(1))),
    "key": (
        (strawberry.ID("a"), strawberry.ID("")),
        (7, 0, 1.0, Number(5), Text("id"), 10**30, -1),
        (1.5, True, [], _ID, math.inf, b"a"),
    ),
    "amount": (
        (Decimal("1.50"), Decimal(0), Decimal("-0.00"), Decimal("1E+5"), Decimal("1.2345")),
        (3, 1.5, 10**25),
        ("1.50", Decimal("NaN"), Decimal("Infinity"), [], object),
    ),
    "moment": (
        (_NOON, _NOON.replace(microsecond=0), _NOON.astimezone(_EAST), datetime.max.replace(tzinfo=UTC)),
        (_NOON.replace(tzinfo=None),),
        ("2026-03-01T12:00:00Z", date(2026, 3, 1), 1, datetime.min.replace(tzinfo=_EAST)),
    ),
    "day": ((date(2026, 3, 1), date.min), (_NOON,), ("2026-03-01", 1, [])),
    "clock": ((time(1, 2), time(1, 2, 3, 4, UTC)), (), ("01:02", _NOON.date(), 5)),
    "big": ((0, 2**40, -(2**63), 2**63 - 1), (True, "12", 1.9, 2**63, 2**64, 10**30), ("x", None.__class__, [])),
    "uuid": ((_ID,), ("no uuid", 5, [1]), ()),
    "colour": ((Colour.RED, Colour.BLUE), ("green", Level.LOW, "RED"), ("nope", 5, [], Colour)),
    "level": ((Level.LOW, Level.HIGH), (0, 1, True, 0.0), (7, "HIGH", None.__class__)),
    "anything": (
        (None, {}, {"b": [1, {"a": None}], "a": "x"}, [1, [2.5, True]], "text", 5),
        (
            {1: "one", False: 2, None: 3, 1.5: 4},
            (1, 2),
            {"n": 1e308},
            2**64,
            "\ud800",
            Text("t"),
            Word.ONE,
        ),
        (),
    ),
}


def _pick(name: str, kind: Kind, number: int) -> Any:
    plain, odd, wrong = _VALUES[name]
    match kind:
        case Kind.PLAIN:
            among = plain
        case Kind.ODD:
            among = odd or plain
        case Kind.HUGE:
            among = (plain * 3)[-1:]
        case Kind.WRONG:
            among = wrong or odd
        case Kind.EMPTY:
            among = (None,)
    return among[number % len(among)]


def sample(kind: Kind, number: int) -> Leaves:
    """The leaves of a kind; the number goes round among them."""
    return Leaves(**{name: _pick(name, kind, number) for name in NAMES})


def nearly(kind: Kind, number: int) -> Leaves:
    """Plain leaves with a single one of the kind among them."""
    odd_one = NAMES[number % len(NAMES)]
    return Leaves(**{name: _pick(name, kind if name == odd_one else Kind.PLAIN, number) for name in NAMES})


SAMPLES: Final[dict[str, Callable[[Kind, int], Leaves]]] = {"sample": sample, "nearly": nearly}
"""Both ways to make leaves, by name."""
