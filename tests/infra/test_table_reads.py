"""Rows of the flat table by key: one statement for all who ask, and each is told how far their shards were."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.server_lives import ServerLives
from app.infra.sessions import Sessions
from app.infra.table_reads import TableReads
from app.infra.wanted import Behind, Found, Wanted
from app.kernel.clock import new_id
from read_model.catalog.product import VIEW
from tests.infra.statements import statements_of
from tests.support.installation import Installation, installation
from tests.support.projecting import project
from tests.write_model.floor import Floor


@pytest.fixture(scope="module")
async def made(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        yield made


@pytest.fixture(scope="module")
async def products(made: Installation) -> dict[UUID, int]:
    """Twelve products with the pieces that there are of each, projected; both shards have some."""
    async with (
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        bootstrap.commands(made.settings) as side,
    ):
        pieces = {await Floor(made, side, db).product(n): n for n in range(1, 13)}
    await project(made)
    assert {VIEW.shard_of(key) for key in pieces} == {0, 1}
    return pieces


@pytest.fixture
async def reads(made: Installation) -> AsyncIterator[ReadModels]:
    """A process with one connection to PostgreSQL, and without Redis."""
    settings = made.settings.model_copy(update={"redis_url": "unix:///nowhere/redis.sock", "db_pool_size": 1})
    async with bootstrap.read_models(settings) as (reads, _):
        yield reads


async def test_what_many_ask_for_in_one_turn_is_one_statement(reads: ReadModels, products: dict[UUID, int]) -> None:
    asked = [*products, *products, new_id()]
    async with statements_of(reads.pool) as sent:
        found = await asyncio.gather(*(reads.get(VIEW, key, Wanted(position=1)) for key in asked))
    assert [each.stored.row.on_hand if each.stored else None for each in found if isinstance(each, Found)] == [
        *products.values(),
        *products.values(),
        None,
    ]
    assert len(sent) == 1


async def test_lists_of_keys_go_with_them(reads: ReadModels, products: dict[UUID, int]) -> None:
    keys = list(products)
    async with statements_of(reads.pool) as sent:
        halves = await asyncio.gather(
            reads.get_many(VIEW, keys[:7], Wanted(position=1)),
            reads.get_many(VIEW, [*keys[5:], new_id()], Wanted()),
            reads.get(VIEW, keys[0], Wanted()),
        )
    assert [{key: each.row.on_hand for key, each in half.items()} for half in halves[:2] if isinstance(half, dict)] == [
        {key: products[key] for key in keys[:7]},
        {key: products[key] for key in keys[5:]},
    ]
    assert len(sent) == 1


@pytest.mark.parametrize("shard", [0, 1])
async def test_a_shard_that_is_behind_holds_up_its_own_keys_alone(
    made: Installation, reads: ReadModels, products: dict[UUID, int], shard: int
) -> None:
    table = reads.table(VIEW)
    connection = await asyncpg.connect(made.database_url)
    behind = f"update read.checkpoints set position = position - 1 where view = '{VIEW.name}' and shard = {shard}"
    head = await connection.fetchval("select min(position) from read.checkpoints where view = $1", VIEW.name)
    await connection.execute(behind)
    try:
        checkpoints = {
            key: (await TableReads(Sessions(reads.pool, ServerLives()), table).read((key,)))[0] for key in products
        }
        assert checkpoints == {key: head - 1 if VIEW.shard_of(key) == shard else head for key in products}
        wanted = Wanted(position=head)
        found = await asyncio.gather(*(reads.get(VIEW, key, wanted) for key in products))
        assert [isinstance(each, Behind) for each in found] == [VIEW.shard_of(key) == shard for key in products]
        assert isinstance(await reads.get_many(VIEW, list(products), wanted), Behind)
        others = [key for key in products if VIEW.shard_of(key) != shard]
        assert isinstance(await reads.get_many(VIEW, others, wanted), dict)
    finally:
        await connection.execute(behind.replace("- 1", "+ 1"))
        await connection.close()


async def test_a_shard_that_nobody_knows_is_not_taken_for_an_empty_one(reads: ReadModels) -> None:
    unknown = type(reads.table(VIEW))(replace(VIEW, shards=3), reads.table(VIEW).generation)
    keys = [key for key in (new_id() for _ in range(50)) if unknown.view.shard_of(key) == 2]
    assert await TableReads(Sessions(reads.pool, ServerLives()), unknown).read(keys) == (None, {}, False)


async def test_one_who_gives_up_disturbs_nobody(reads: ReadModels, products: dict[UUID, int]) -> None:
    asking = [asyncio.create_task(reads.get(VIEW, key, Wanted())) for key in products]
    await asyncio.sleep(0)
    asking[3].cancel()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(each, Found) for each in found] == [n != 3 for n in range(len(products))]
