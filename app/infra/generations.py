"""Which table serves which definition of a view: a generation is made for every definition, and found again by it."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.infra.db import Connection, Pool
from app.infra.table_views import TableView
from app.kernel.view import View


class NotMigrated(Exception):
    """The database does not know a registered view: `migrate` has not been run with this version of the code."""


async def create_missing(connection: Connection, views: Iterable[View[Any]]) -> list[str]:
    """Makes table and checkpoints for every view whose definition has none. Returns the tables made."""
    return [table for view in views if (table := await _create_missing(connection, view))]


async def _create_missing(connection: Connection, view: View[Any]) -> str | None:
    rows = await connection.fetch("select generation, fingerprint from read.generations where view = $1", view.name)
    wanted = TableView(view, 1).fingerprint
    if any(row["fingerprint"] == wanted for row in rows):
        return None
    table = TableView(view, max((row["generation"] for row in rows), default=0) + 1)
    async with connection.transaction():
        await _create(connection, table)
    return table.table


async def _create(connection: Connection, table: TableView[Any]) -> None:
    for statement in table.definitions():
        await connection.execute(statement)
    name, generation = table.view.name, table.generation
    await connection.execute("insert into read.generations values ($1, $2, $3)", name, generation, table.fingerprint)
    await connection.executemany(
        "insert into read.checkpoints (view, generation, shard) values ($1, $2, $3)",
        [(name, generation, shard) for shard in range(table.view.shards)],
    )


async def tables(pool: Pool, views: Iterable[View[Any]]) -> Mapping[str, TableView[Any]]:
    """The table of each view's present definition. Raises NotMigrated when one has none."""
    rows = await pool.fetch("select view, generation, fingerprint from read.generations")
    known = {(row["view"], row["fingerprint"]): row["generation"] for row in rows}
    return {view.name: _known(view, known) for view in views}


def _known(view: View[Any], known: Mapping[tuple[str, str], int]) -> TableView[Any]:
    generation = known.get((view.name, TableView(view, 1).fingerprint))
    if generation is None:
        raise NotMigrated(f"The view {view.name} has no table yet; run `python3 -m app migrate`.")
    return TableView(view, generation)
