"""Generations: a definition has one table, found again by what it says; a changed one gets a table of its own."""

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import registry
from app.bootstrap import policies
from app.infra import generations
from app.infra.embedded import Servers
from app.infra.generations import NotMigrated
from app.infra.table_views import TableView
from app.kernel.structs import Struct
from app.kernel.view import View
from app.migrations.migrate import migrate
from tests.infra.tally import VIEW
from tests.support.installation import Installation, installation
from write_model.customers.events import CustomerRegistered


class WiderTally(Struct, frozen=True, kw_only=True):
    customer_id: UUID
    positions: tuple[int, ...]
    note: str | None


CHANGES: dict[str, View[Any]] = {
    "columns": View(**{f.name: getattr(VIEW, f.name) for f in fields(VIEW)} | {"row": WiderTally}),
    "shards": replace(VIEW, shards=2),
    "indexes": replace(VIEW, indexes=("positions",)),
    "events": replace(VIEW, handles=(*VIEW.handles, CustomerRegistered)),
    "logic": replace(VIEW, revision=2),
}


@pytest.fixture(scope="module")
async def made(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        yield made


@pytest.fixture
async def connection(made: Installation) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(made.database_url)
    yield connection
    await connection.execute("delete from read.generations where view = 'tally'")
    for number in (1, 2):
        await connection.execute(f"drop table if exists read.tally__{number}")
    await connection.close()


async def test_migrating_again_does_nothing(made: Installation) -> None:
    assert await migrate(made.database_url, registry.VIEWS, policies(made.settings)) == []


async def test_a_view_that_was_not_migrated_is_missed_at_start(made: Installation) -> None:
    async with asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as pool:
        assert set(await generations.tables(pool, registry.VIEWS)) == {view.name for view in registry.VIEWS}
        with pytest.raises(NotMigrated, match="tally"):
            await generations.tables(pool, [*registry.VIEWS, VIEW])


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_definition_gets_a_generation_beside_the_old_one(
    made: Installation, connection: asyncpg.Connection, change: str
) -> None:
    assert await generations.create_missing(connection, [VIEW]) == ["read.tally__1"]
    assert await generations.create_missing(connection, [CHANGES[change]]) == ["read.tally__2"]
    assert await generations.create_missing(connection, [VIEW, CHANGES[change]]) == []
    async with asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as pool:
        serving = {
            name: await generations.tables(pool, [view]) for name, view in (("old", VIEW), ("new", CHANGES[change]))
        }
    assert {name: tables["tally"][0].generation for name, tables in serving.items()} == {"old": 1, "new": 2}
    shards = await connection.fetch(
        "select generation, count(*) from read.checkpoints where view = 'tally' group by 1 order by 1"
    )
    assert [tuple(row) for row in shards] == [(1, 1), (2, CHANGES[change].shards)]


def test_the_same_definition_has_the_same_fingerprint_whatever_its_generation() -> None:
    prints = {TableView(view, number).fingerprint for view in (VIEW, replace(VIEW)) for number in (1, 7)}
    assert len(prints) == 1
