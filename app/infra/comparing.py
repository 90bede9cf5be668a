"""Comparing two generations of one definition, row by row and document by document, while both go on.

A row at one position of the log is always the same, whoever folded it. So rows of one key and one position must be
equal, and so must those that both generations have passed; of the others nobody knows yet, and they are looked at
again.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from app.infra.db import Pool
from app.infra.redis_views import RedisView
from app.infra.table_views import TableView
from app.infra.tables import Stored, Table
from app.kernel.structs import Struct, field
from app.kernel.view import Key

MOST_NAMED: Final = 100
"""Differences that are named; of all others it is known how many."""

_MOST_ROWS = 2_000_000
"""Rows of a table that are compared; of a larger one as many, chosen by their keys."""

_MOST_DOCUMENTS = 20_000
_DOCUMENTS_AT_ONCE = 200

_MOST_FOUND = 10_000
"""Rows that are taken for different, or not comparable yet, of one table: whatever is beyond is not counted."""

_LOOKS = 40
_AGAIN_S = 0.1
"""How often, and how many seconds apart, what cannot be compared yet is looked at again."""

_PASSED = """
select coalesce(min(position), 0) from read.checkpoints where view = $1 and generation = any($2::integer[])
"""


class Difference(Struct, frozen=True):
    """What is not equal: in a table or among the documents of Redis, the key, and the columns or what is missing."""

    store: str
    key: str
    columns: list[str]


class Comparison(Struct, frozen=True):
    """What came of it: how many rows and documents were looked at, how many differ, and the first of these.

    `undecided` are those that one of the generations was always ahead with.
    """

    rows: int = 0
    documents: int = 0
    different: int = 0
    undecided: int = 0
    differences: list[Difference] = field(default_factory=list)

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(
            self.rows + other.rows,
            self.documents + other.documents,
            self.different + other.different,
            self.undecided + other.undecided,
            [*self.differences, *other.differences][:MOST_NAMED],
        )


class Compared:
    """Two generations of a view that are both being projected."""

    def __init__(self, pool: Pool, one: TableView[Any], other: TableView[Any]) -> None:
        self._pool, self._one, self._other = pool, one, other

    async def tables(self) -> Comparison:
        """Compares all rows, and those of the entities, where there are."""
        pairs = zip(self._one.tables, self._other.tables, strict=True)
        return sum([await self._table(one, other) for one, other in pairs], start=Comparison())

    async def are_together(self) -> bool:
        """Whether the other one gets to where this one stands; nobody may be projecting it."""
        place = self._one.view.name, [self._one.generation]
        reached = await self._pool.fetchval(_PASSED, *place)
        for _ in range(_LOOKS):
            if await self._pool.fetchval(_PASSED, self._other.view.name, [self._other.generation]) >= reached:
                return True
            await asyncio.sleep(_AGAIN_S)
        return False

    async def _table(self, one: Table[Any], other: Table[Any]) -> Comparison:
        rows = await self._pool.fetchval(f"select count(*) from {one.table}")
        share = max(1, -(-rows // _MOST_ROWS))
        found = await self._look(one, other, f"abs(hashtext({one.key}::text)) % {share} = 0")
        certain, open_ = _sorted(found)
        for _ in range(_LOOKS):
            if not open_:
                break
            await asyncio.sleep(_AGAIN_S)
            more, open_ = _sorted(await self._look(one, other, f"{one.key} = any($2)", open_))
            certain += more
        return Comparison(rows // share, 0, len(certain), len(open_), [*_named(one.table, certain)])

    async def _look(
        self, one: Table[Any], other: Table[Any], condition: str, keys: Collection[Key] | None = None
    ) -> Sequence[asyncpg.Record]:
        """The rows that are not equal at one moment, and whether they had to be."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            await connection.execute("set local statement_timeout = 0")
            await connection.execute("set local enable_seqscan = on")
            both = [self._one.generation, self._other.generation]
            passed = await connection.fetchval(_PASSED, self._one.view.name, both)
            given = [passed] if keys is None else [passed, list(keys)]
            return _differing(await connection.fetch(_unequal(one, other, condition), *given))

    async def documents(self, one: RedisView[Any], other: RedisView[Any]) -> Comparison:
        """Compares documents, as many as there is time for. Raises RedisError or OSError."""
        key, table = self._one.key, self._one.table
        found = await self._pool.fetch(
            f"select {key} from {table} order by hashtext({key}::text) limit $1", _MOST_DOCUMENTS
        )
        keys = [row[0] for row in found]
        certain, open_ = await _look_at_documents(one, other, keys)
        for _ in range(_LOOKS):
            if not open_:
                break
            await asyncio.sleep(_AGAIN_S)
            more, open_ = await _look_at_documents(one, other, list(open_))
            certain += more
        missing = [key for key, held in open_.items() if not all(held)]
        differences = [Difference("redis", str(key), ["document"]) for key in certain]
        differences += [Difference("redis", str(key), ["missing"]) for key in missing]
        undecided = len(open_) - len(missing)
        return Comparison(0, len(keys), len(differences), undecided, differences[:MOST_NAMED])


def _unequal(one: Table[Any], other: Table[Any], condition: str) -> str:
    columns = [*(column.name for column in one.columns), "version", "shard"]
    named = ", ".join(f"case when n.{name}::text is distinct from l.{name}::text then '{name}' end" for name in columns)
    return (
        f"select coalesce(n.{one.key}, l.{one.key}) as key, array_remove(array[{named}], null) as columns, "
        f"coalesce(n.position = l.position, false) or greatest(n.position, l.position) <= $1 as certain "
        f"from (select * from {one.table} where {condition}) n "
        f"full join (select * from {other.table} where {condition}) l on n.{one.key} = l.{one.key} "
        f"where n *<> l order by 1 limit {_MOST_FOUND}"
    )


def _differing(found: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Without rows of which only the positions differ: an amended row is at the one where that was done."""
    return [row for row in found if row["columns"]]


def _sorted(found: Sequence[asyncpg.Record]) -> tuple[list[asyncpg.Record], list[Key]]:
    """What differs for certain, and the keys of what may only be further on one side."""
    return [row for row in found if row["certain"]], [row["key"] for row in found if not row["certain"]]


def _named(store: str, found: Sequence[asyncpg.Record]) -> Iterator[Difference]:
    for row in found[:MOST_NAMED]:
        yield Difference(store, str(row["key"]), list(row["columns"]))


_Held = dict[Key, tuple[bytes | None, bytes | None]]
"""Documents of both that are not equal, and may only be further in one of them."""


async def _look_at_documents(
    one: RedisView[Any], other: RedisView[Any], keys: Sequence[Key]
) -> tuple[list[Key], _Held]:
    """The keys whose documents differ for certain, and those of which nobody knows yet."""
    certain, open_ = list[Key](), _Held()
    for start in range(0, len(keys), _DOCUMENTS_AT_ONCE):
        part = keys[start : start + _DOCUMENTS_AT_ONCE]
        both = await asyncio.gather(one.held(part), other.held(part))
        for key, mine, theirs in zip(part, *both, strict=True):
            if mine == theirs or (mine and theirs and _content(mine) == _content(theirs)):
                continue
            if mine and theirs and _decoded(mine).position == _decoded(theirs).position:
                certain.append(key)
            else:
                open_[key] = mine, theirs
    return certain, open_


_decoded: Final = msgspec.json.Decoder(Stored[Any]).decode


def _content(document: bytes) -> tuple[Any, int]:
    """All but the position."""
    stored = _decoded(document)
    return stored.row, stored.version
