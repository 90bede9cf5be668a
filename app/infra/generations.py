"""Generations of views: a table for every definition, and for every rebuild of one.

A generation is BUILDING until it has come to the end of the log, then READY to be switched to, then LIVE. The one that
it supersedes is KEPT, so that a view can be rolled back, until it is PRUNED. Numbers are never used again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import asyncpg

from app.infra.db import PROJECTION_ROLE, Connection, Pool
from app.infra.table_views import TableView
from app.kernel.view import View

BUILDING: Final = "BUILDING"
READY: Final = "READY"
LIVE: Final = "LIVE"
KEPT: Final = "KEPT"
PRUNED: Final = "PRUNED"

_ALL = """
select g.view, g.generation, g.fingerprint, g.state, g.activated_at, g.indexed, g.only_checked,
       (select min(position) from read.checkpoints c where (c.view, c.generation) = (g.view, g.generation)) as position
from read.generations g where g.state <> 'PRUNED' order by g.view, g.generation
"""

_INSERT = """
insert into read.generations (view, generation, fingerprint, state, indexed, only_checked, activated_at, caught_up_at)
values ($1, $2, $3, $4::text, $4 = 'LIVE', $5,
        case when $4 = 'LIVE' then clock_timestamp() end, case when $4 = 'LIVE' then clock_timestamp() end)
"""

_SUPERSEDE = """
update read.generations set state = 'KEPT', superseded_at = clock_timestamp() where view = $1 and state = 'LIVE'
"""

_GO_BACK = """
update read.generations set state = 'READY', only_checked = false
where view = $1 and fingerprint = $2 and state = 'KEPT'
  and not exists (select from read.generations n where n.view = $1 and n.fingerprint = $2
                  and n.state in ('BUILDING', 'READY', 'LIVE'))
  and activated_at = (select max(activated_at) from read.generations n
                      where n.view = $1 and n.fingerprint = $2 and n.state = 'KEPT')
returning generation
"""


class NotMigrated(Exception):
    """The database does not know a registered view: `migrate` has not been run with this version of the code."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a view, as far as it is not pruned; `position` is that of its hindmost shard."""

    view: str
    number: int
    fingerprint: str
    state: str
    activated_at: datetime | None
    indexed: bool
    only_checked: bool
    position: int


@dataclass(frozen=True, slots=True)
class Served:
    """The generation that a process reads of a view; `answers` is false until it may be shown to anybody."""

    number: int
    answers: bool


async def known(connection: Connection | Pool) -> Sequence[Generation]:
    """Every generation that is not pruned."""
    return [_generation(row) for row in await connection.fetch(_ALL)]


_LIFE = """
select g.generation, g.state, g.created_at, g.caught_up_at, g.activated_at, g.superseded_at,
       (select min(position) from read.checkpoints c where (c.view, c.generation) = (g.view, g.generation)) as position
from read.generations g where g.view = $1 and g.state <> 'PRUNED' order by g.generation
"""


@dataclass(frozen=True, slots=True)
class Life:
    """What became of a generation so far, and when; `position` is that of its hindmost shard."""

    generation: int
    state: str
    position: int
    created_at: datetime
    caught_up_at: datetime | None
    activated_at: datetime | None
    superseded_at: datetime | None


async def lives(pool: Pool, view: str) -> list[Life]:
    """Those of a view that are not pruned, in order."""
    return [Life(**row) for row in await pool.fetch(_LIFE, view)]


def _generation(row: asyncpg.Record) -> Generation:
    return Generation(
        view=row["view"],
        number=row["generation"],
        fingerprint=row["fingerprint"],
        state=row["state"],
        activated_at=row["activated_at"],
        indexed=row["indexed"],
        only_checked=row["only_checked"],
        position=-1 if row["position"] is None else row["position"],
    )


@cache
def fingerprint(view: View[Any]) -> str:
    """What all generations of this definition have in common."""
    return TableView(view, 1).fingerprint


def served(view: View[Any], there: Iterable[Generation]) -> Served | None:
    """What code with this definition reads: the live generation, the one that was live last, or the next.

    One that has never been live answers nobody. One that was live and is not any more answers as soon as it is as far
    as the live one: perhaps nobody projects it now. None: there is none of this definition.
    """
    print_, all_ = fingerprint(view), [each for each in there if each.view == view.name]
    mine = [each for each in all_ if each.fingerprint == print_]
    if not mine:
        return None
    chosen = max(mine, key=lambda each: (each.state == LIVE, each.activated_at is not None, _activity(each)))
    live = next((each.position for each in all_ if each.state == LIVE), -1)
    return Served(chosen.number, chosen.activated_at is not None and chosen.position >= live)


def _activity(generation: Generation) -> tuple[float, int]:
    return generation.activated_at.timestamp() if generation.activated_at else 0.0, generation.number


async def tables(pool: Pool, views: Iterable[View[Any]]) -> Mapping[str, tuple[TableView[Any], bool]]:
    """The table of each view that code with these definitions reads, and whether it answers yet. Raises NotMigrated."""
    there = await known(pool)
    return {view.name: _table(view, served(view, there)) for view in views}


def _table(view: View[Any], found: Served | None) -> tuple[TableView[Any], bool]:
    if found is None:
        raise NotMigrated(f"The view {view.name} has no table yet; run `python3 -m app migrate`.")
    return TableView(view, found.number), found.answers


async def create_missing(connection: Connection, views: Iterable[View[Any]]) -> list[str]:
    """Makes a generation of every view whose definition has none. Returns the tables made.

    Where there is nothing to be filled from it is live at once.
    """
    return [table for view in views if (table := await _create_missing(connection, view))]


async def _create_missing(connection: Connection, view: View[Any]) -> str | None:
    print_ = fingerprint(view)
    if any((each.view, each.fingerprint) == (view.name, print_) for each in await known(connection)):
        return None
    async with connection.transaction():
        empty = not await connection.fetchval("select exists (select from write.events)")
        if empty:
            await connection.execute(_SUPERSEDE, view.name)
        return (await create(connection, view, LIVE if empty else BUILDING)).table


async def go_back(connection: Connection, views: Iterable[View[Any]]) -> list[str]:
    """Has views switched to what was kept of these definitions, where another one is live. Returns the tables."""
    found = [(view, await connection.fetchval(_GO_BACK, view.name, fingerprint(view))) for view in views]
    return [TableView(view, generation).table for view, generation in found if generation is not None]


async def create(connection: Connection, view: View[Any], state: str, *, only_checked: bool = False) -> TableView[Any]:
    """Makes the next generation of the view, within the transaction that is open.

    The tables are the projection role's, which drops them in the end. What is to be filled gets its indexes later, and
    until then no vacuum looks through it, again and again while it grows, and holds up the indexes.
    """
    newest = await connection.fetchval("select max(generation) from read.generations where view = $1", view.name)
    table = TableView(view, (newest or 0) + 1)
    await connection.execute(f"set local role {PROJECTION_ROLE}")
    for each in table.tables:
        await connection.execute(each.creation())
        await connection.execute(f"revoke delete, truncate on {each.table} from {PROJECTION_ROLE}")
        then = each.indexing() if state == LIVE else [f"alter table {each.table} set (autovacuum_enabled = off)"]
        for statement in then:
            await connection.execute(statement)
    await connection.execute(_INSERT, view.name, table.generation, table.fingerprint, state, only_checked)
    await connection.executemany(
        "insert into read.checkpoints (view, generation, shard) values ($1, $2, $3)",
        [(view.name, table.generation, shard) for shard in range(view.shards)],
    )
    return table
