"""Rollups: rows that are sums over aggregates, kept by taking off what an aggregate gave and adding what it gives now.

A figure such as a day's turnover is the sum of what every order contributes to it. When an event changes an order, the
difference of its contributions goes to the rows that they name, whatever day it is: an order cancelled in March is
taken off the day in January on which it was placed. The sum cannot drift from its definition, and a correction needs no
code of its own. (What databases call incremental view maintenance; Gupta and Mumick, 1995.)
"""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar, get_origin, get_type_hints

from app.kernel.structs import names, replace
from app.kernel.view import Change, Entity, Key, Ranked, View

Row = TypeVar("Row")
State = TypeVar("State")


def rollup(
    *,
    name: str,
    row: type[Row],
    sums: tuple[str, ...],
    of: Entity[State],
    contributions: Callable[[State], Iterable[Row]],
    finish: Callable[[Row], Row] | None = None,
    documents: bool = False,
    rankings: Callable[[Row], Iterable[Ranked]] | None = None,
    indexes: tuple[str, ...] = (),
    revision: int = 1,
) -> View[Row]:
    """A view whose rows sum the contributions of every aggregate.

    A contribution is a row with one aggregate's share in the fields that `sums` names: numbers, or mappings from texts
    to numbers, which are added entry by entry and keep no zeros. The first field is the row's key; the remaining
    fields must be the same in all contributions to a key. Contributions of one aggregate to one key are added up.
    `finish` sets fields that follow from the sums. A row that sums to nothing stays, with zeros.
    """
    arithmetic = _Arithmetic(row, sums)

    def shares(change: Change[State]) -> Mapping[Key, Row]:
        return arithmetic.difference(_given(contributions, change.before), _given(contributions, change.after))

    def keys(change: Change[State]) -> Iterable[Key]:
        return change.once(shares)

    def evolve(present: Row | None, change: Change[State], key: Key) -> Row:
        share = change.once(shares)[key]
        added = share if present is None else arithmetic.plus(present, share)
        return finish(added) if finish else added

    return View(
        name=name,
        row=row,
        handles=of.handles,
        keys=keys,
        evolve=evolve,
        entity=of,
        commutes=True,
        documents=documents,
        rankings=rankings,
        indexes=indexes,
        revision=revision,
    )


def _given(contributions: Callable[[State], Iterable[Row]], state: State | None) -> Iterable[Row]:
    return contributions(state) if state is not None else ()


class _Arithmetic:
    """Adds and subtracts rows of one type in the fields that are sums."""

    def __init__(self, row: type[Any], sums: tuple[str, ...]) -> None:
        key, *others = names(row)
        if strange := set(sums) - set(others):
            raise ValueError(f"{row.__name__} has no sums {sorted(strange)} beside its key")
        self._sums = sums
        hints = get_type_hints(row)
        self._mappings = [name for name in sums if get_origin(hints[name]) is not None]
        self._numbers = [name for name in sums if name not in self._mappings]
        self._key = attrgetter(key)
        self._values = attrgetter(*sums) if len(sums) > 1 else lambda row: (getattr(row, sums[0]),)

    def plus(self, row: Any, share: Any) -> Any:
        sums = {name: getattr(row, name) + getattr(share, name) for name in self._numbers}
        for name in self._mappings:
            sums[name] = _plus(getattr(row, name), getattr(share, name))
        return replace(row, **sums)

    def difference(self, before: Iterable[Any], after: Iterable[Any]) -> dict[Key, Any]:
        """What has to be added to each row; rows to which nothing changes are left out."""
        total: dict[Key, Any] = {}
        for share in after:
            self._add(total, self._each(share, _without_zeros) if self._mappings else share)
        for share in before:
            self._add(total, self._each(share, _minus))
        return {key: row for key, row in total.items() if any(self._values(row))}

    def _each(self, share: Any, made: Callable[[Any], Any]) -> Any:
        return replace(share, **{name: made(getattr(share, name)) for name in self._sums})

    def _add(self, total: dict[Key, Any], share: Any) -> None:
        key = self._key(share)
        total[key] = self.plus(total[key], share) if key in total else share


def _plus(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    added = {**one}
    for name, value in other.items():
        added[name] = added[name] + value if name in added else value
    return {name: value for name, value in added.items() if value}


def _without_zeros(value: Any) -> Any:
    return {name: each for name, each in value.items() if each} if isinstance(value, Mapping) else value


def _minus(value: Any) -> Any:
    return {name: -each for name, each in value.items() if each} if isinstance(value, Mapping) else -value
