"""What a look at the past costs: one statement, one place in an index, and no order that nobody asked for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.keyset import PageArguments
from app.infra.tables import Stored
from app.infra.wanted import Wanted
from app.kernel.clock import new_id
from read_model.orders import time_travel
from tests.infra.statements import statements_of
from tests.schema.older_events import LONG_AGO, life_of, stored
from tests.support.installation import installation
from tests.support.projecting import project

MOMENT = LONG_AGO + timedelta(hours=2.5)


@dataclass(frozen=True)
class Past:
    """Some orders, read over one connection."""

    reads: ReadModels
    order: UUID
    position: int


@pytest.fixture(scope="module")
async def past(servers: Servers) -> AsyncIterator[Past]:
    async with installation(servers) as made:
        db = await asyncpg.connect(made.database_url)
        orders = [await stored(db, *life_of(new_id())) for _ in range(20)]
        position = await db.fetchval("select max(position) from write.events")
        await db.close()
        await project(made)
        async with bootstrap.read_models(made.settings.model_copy(update={"db_pool_size": 1})) as (reads, _):
            yield Past(reads, orders[7], position)


async def test_the_past_is_one_statement_whatever_is_wanted(past: Past) -> None:
    for wanted in (Wanted(), Wanted(version=5), Wanted(position=past.position), Wanted(5, past.position, 1.0)):
        async with statements_of(past.reads.pool) as sent:
            seen = await time_travel.as_of(past.reads, past.order, MOMENT, wanted)
        assert isinstance(seen, Stored)
        assert (seen.version, seen.row.status, len(sent)) == (3, "SHIPPED", 1)


async def test_it_is_one_place_in_an_index(past: Past) -> None:
    async with statements_of(past.reads.pool) as sent:
        await time_travel.as_of(past.reads, past.order, MOMENT, Wanted())
    async with past.reads.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        rows = await connection.fetch(f"explain {sent[0]}", past.order, MOMENT)
    plan = "\n".join(row[0] for row in rows)
    (scan,) = [each for each in plan.split("->") if "order_history__1 present" in each]
    assert "Index Scan Backward" in scan
    assert "Filter" not in scan
    assert "recorded_at <=" in scan


@pytest.mark.parametrize("whole", [True, False])
async def test_orders_are_read_where_they_are_asked_for(past: Past, whole: bool) -> None:
    async with statements_of(past.reads.pool) as sent:
        found = await time_travel.read(past.reads, past.order, PageArguments(first=3), Wanted(), whole=whole)
    assert isinstance(found, time_travel.History)
    assert [each.entry.event for each in found.page.nodes] == ["OrderPlaced", "OrderPaid", "OrderShipped"]
    assert [each.order.row.status if each.order else None for each in found.page.nodes] == (
        ["PENDING", "PAID", "SHIPPED"] if whole else [None] * 3
    )
    assert ["snapshot" in statement for statement in sent] == [whole]
    assert found.page.has_next
