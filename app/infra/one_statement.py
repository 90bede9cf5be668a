"""One statement of several: writes in their order, then what is assumed, and the last one only where that holds.

PostgreSQL carries out data-modifying common table expressions in no order that it promises. Here the last statement
asks for them one by one in a `case`, whose branches are evaluated in their order; so rows are locked in the order of
the writes, and what the last one draws from a sequence is drawn when nothing is waited for any more.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

_PARAMETER = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class Write:
    """An insert, update or delete, without `returning`."""

    text: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Assumption:
    """A `select`, and how many rows it must find."""

    text: str
    parameters: tuple[Any, ...]
    rows: int


def as_one(
    last: str, parameters: Sequence[Any], writes: Sequence[Write], assumptions: Sequence[Assumption]
) -> tuple[str, list[Any]]:
    """The text and the parameters of one statement.

    `last` begins with `with {before}`, which makes room for all others, and names `{all_is_well}` as a condition.
    The text is the same object for the same texts, so that it is prepared once for each connection.
    """
    values = list(parameters)
    for write in writes:
        values += write.parameters
    for assumption in assumptions:
        values += assumption.parameters
        values.append(assumption.rows)
    texts = tuple([write.text for write in writes]), tuple([assumption.text for assumption in assumptions])
    return _text(last, len(parameters), *texts), values


@lru_cache(maxsize=1_000)
def _text(last: str, used: int, writes: tuple[str, ...], assumptions: tuple[str, ...]) -> str:
    parts, conditions = [], []
    for number, (text, following) in enumerate(_renumbered(writes, used, own=0)):
        parts.append(f"write_{number} as ({text} returning 1), ")
        conditions.append(f"when (select count(*) from write_{number}) < 0 then false")
        used = following
    for number, (text, following) in enumerate(_renumbered(assumptions, used, own=1)):
        parts.append(f"assumed_{number} as materialized ({text}), ")
        conditions.append(f"when (select count(*) from assumed_{number}) <> ${following}::bigint then false")
    all_is_well = f"case {' '.join(conditions)} else true end" if conditions else "true"
    return last.format(before="".join(parts), all_is_well=all_is_well)


def _renumbered(texts: Sequence[str], used: int, *, own: int) -> Iterator[tuple[str, int]]:
    """Each text with its parameters numbered after those `used`, and the last number that is its, with its `own`."""
    for text in texts:
        yield _PARAMETER.sub(partial(_moved, used), text), (used := used + _parameters(text) + own)


def _parameters(text: str) -> int:
    return max((int(number) for number in _PARAMETER.findall(text)), default=0)


def _moved(by: int, parameter: re.Match[str]) -> str:
    return f"${by + int(parameter[1])}"
