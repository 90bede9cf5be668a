"""A view that appends is written without a look at what is there."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import Any, NoReturn

import asyncpg

from app.infra.db import Connection, Pool
from app.infra.leases import Lease, ShardId
from app.infra.table_views import TableView
from app.kernel.clock import new_id
from app.kernel.view import Key
from read_model.orders.order_history import VIEW
from tests.schema.older_events import life_of, stored
from tests.support.installation import Installation
from tests.support.projecting import acquired, worker
from tests.support.replay import replayed, whole_log
from tests.write_model.floor import until

_REACHED = "select position >= (select max(position) from write.events) from read.checkpoints where view = $1"


class Unread(TableView[Any]):
    """A table that nobody may read by key."""

    async def load(self, connection: Connection | Pool, keys: Collection[Key]) -> NoReturn:
        raise AssertionError(f"{self.table} is read for {keys}")


async def nobody(_: ShardId) -> None:
    """The shard is handed on to nobody."""


async def test_it_is_written_without_being_read(bare: Installation) -> None:
    db = await asyncpg.connect(bare.database_url)
    async with worker(bare) as context:
        table = Unread(VIEW, context.tables[VIEW.name].generation)
        unread = replace(context, tables={**context.tables, VIEW.name: table})
        lease: Lease = await acquired(context, ShardId(VIEW.name, table.generation, 0))
        unread.start(lease, nobody)
        for _ in range(3):
            await stored(db, *life_of(new_id()))
            async with asyncio.timeout(20):
                await until(lambda: db.fetchval(_REACHED, VIEW.name))
        await unread.stop()
        rows = await db.fetch(f"select {table.selected} from {table.table} present")
    log = await whole_log(bare.database_url)
    await db.close()
    assert {row[VIEW.key]: table.stored(row) for row in rows} == replayed(VIEW, log)
    assert len(rows) == len(log) == 15
