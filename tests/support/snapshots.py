"""Everything that the views of an installation hold, as it is stored: to be compared bit for bit."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from app import bootstrap
from app.infra.redis_views import RedisView
from tests.support.installation import Installation

Places = list[tuple[bytes, float]]


@dataclass(frozen=True)
class Snapshot:
    """Rows as PostgreSQL writes them, by table; documents and sorted sets of Redis, by key without its prefix.

    Checkpoints, epochs and unions are left out: when they were made is their nature.
    """

    tables: dict[str, list[str]]
    keys: dict[str, bytes | Places]


async def snapshot(made: Installation) -> Snapshot:
    """What the views hold once Redis has come as far as the tables."""
    async with bootstrap.projection_stores(made.settings) as stores:
        tables: dict[str, list[str]] = {}
        keys: dict[str, bytes | Places] = {}
        for table in stores.tables.values():
            for each in (table, *([table.entities] if table.entities else [])):
                rows = await stores.pool.fetch(f"select present::text from {each.table} present order by {each.key}")
                tables[each.table] = [row[0] for row in rows]
        for name, documents in stores.documents.items():
            await _level(stores, documents)
            base = f"{stores.prefix}:{name}:{documents.table.generation}:"
            keys |= {f"{name}:{key.removeprefix(base)}": held async for key, held in _held(stores, base)}
        return Snapshot(tables, keys)


async def _held(stores: bootstrap.Stores, base: str) -> Any:
    async for raw in stores.redis.scan_iter(f"{base}*"):
        key = raw.decode()
        if key.startswith(f"{base}doc:"):
            yield key, await stores.redis.get(raw)
        elif key.startswith(f"{base}rank:"):
            yield key, await stores.redis.zrange(raw, 0, -1, withscores=True)


async def _level(stores: bootstrap.Stores, documents: RedisView[Any], seconds: float = 10) -> None:
    """Waits until Redis stands where the table does."""
    shards, deadline = range(documents.view.shards), time.monotonic() + seconds
    positions = "select position from read.checkpoints where view = $1 and generation = $2 order by shard"
    while True:
        rows = await stores.pool.fetch(positions, documents.view.name, documents.table.generation)
        held = await stores.redis.mget([documents._shard_keys(shard)[0] for shard in shards])
        if [row["position"] for row in rows] == [int(each or -1) for each in held]:
            return
        assert time.monotonic() < deadline, (documents.view.name, rows, held)
        await asyncio.sleep(0.02)
