"""Writing the tables of a generation that is being filled: many rows at a time, and the indexes after them."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.infra.db import Pool
from app.infra.dead_letters import DeadLetters, Letter
from app.infra.table_views import Progress, TableView, moving, parameters

_PART_BYTES = 400_000
"""What goes in one statement; PostgreSQL reads it as one JSON value."""

_GIVEN = "select $1::smallint as shard, $2::jsonb as documents"

_LOCK = """
select indexed from read.generations where view = $1 and generation = $2 for no key update skip locked
"""

_HINDMOST = "select min(position) from read.checkpoints where view = $1 and generation = $2"

_INDEXED = "update read.generations set indexed = true where view = $1 and generation = $2"


class FilledTables:
    """The tables of one generation, while it is BUILDING."""

    def __init__(self, pool: Pool, table: TableView[Any]) -> None:
        self._pool, self._table, self._move = pool, table, moving([], patient=True)
        self._upserts = [each.upsert(_GIVEN) for each in table.tables]

    async def write(
        self,
        progress: Progress,
        documents: tuple[Sequence[bytes], Sequence[bytes]],
        box: DeadLetters,
        letters: Sequence[Letter],
    ) -> None:
        """Writes rows, entities and the checkpoint, and parks letters, all in one transaction.

        Raises Fenced, and writes nothing then.
        """
        move = self._table.write(progress, (), ())
        async with self._pool.acquire() as connection, connection.transaction():
            for upsert, each in zip(self._upserts, documents, strict=False):
                for part in _parts(each):
                    await connection.execute(upsert, progress.shard, part)
            if await connection.fetchval(self._move, *parameters([], [move])) is None:
                raise move.fenced()
            if letters:
                await box.park(connection, letters)

    async def index(self, near: int) -> bool:
        """Makes the indexes, if every shard is as far as `near` and nobody is at it. Returns whether they are there.

        From then on the tables are vacuumed, too, as all others are.
        """
        place = self._table.view.name, self._table.generation
        async with self._pool.acquire() as connection, connection.transaction():
            indexed: bool | None = await connection.fetchval(_LOCK, *place)
            if indexed is not False:
                return bool(indexed)
            if await connection.fetchval(_HINDMOST, *place) < near:
                return False
            await connection.execute("set local statement_timeout = 0")
            for each in self._table.tables:
                vacuumed = f"alter table {each.table} reset (autovacuum_enabled)"
                for statement in (*each.indexing(), f"analyze {each.table}", vacuumed):
                    await connection.execute(statement)
            await connection.execute(_INDEXED, *place)
        return True


def _parts(documents: Sequence[bytes]) -> Iterator[str]:
    part, size = list[bytes](), 0
    for document in documents:
        part.append(document)
        size += len(document)
        if size > _PART_BYTES:
            yield f"[{b','.join(part).decode()}]"
            part, size = [], 0
    if part:
        yield f"[{b','.join(part).decode()}]"
