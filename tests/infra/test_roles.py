"""What each database role may do, tried with real statements: the query role cannot see the write model."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app import bootstrap, registry
from app.infra.db import COMMAND_ROLE, PROJECTION_ROLE, QUERY_ROLE, open_pool
from app.infra.embedded import Servers
from tests.support.installation import Installation, installation

_TABLES = """
select table_schema || '.' || table_name as name, table_schema as schema from information_schema.tables
where table_schema in ('write', 'read', 'policy') order by 1
"""


@pytest.fixture(scope="module")
async def made(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        yield made


async def names(made: Installation, schema: str) -> list[str]:
    connection = await asyncpg.connect(made.database_url)
    try:
        return [row["name"] for row in await connection.fetch(_TABLES) if row["schema"] == schema]
    finally:
        await connection.close()


async def allowed(made: Installation, role: str, statement: str) -> bool:
    """Whether the role may do it; it is undone in any case."""
    connection = await asyncpg.connect(made.database_url)
    try:
        await connection.execute(f"set session role {role}")
        await connection.execute("begin")
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.close()
    return True


async def test_the_query_role_reads_nothing_of_the_write_model(made: Installation) -> None:
    tables = await names(made, "write")
    assert {"write.events", "write.commands", "write.log", "write.orders", "write.stock"} <= set(tables)
    for table in tables:
        assert not await allowed(made, QUERY_ROLE, f"select 1 from {table}"), table
        assert not await allowed(made, QUERY_ROLE, f"delete from {table}"), table
    assert not await allowed(made, QUERY_ROLE, "select nextval('write.events_position_seq')")
    assert not await allowed(made, QUERY_ROLE, "create table write.mine (n int)")


async def test_the_query_role_reads_every_read_model_and_writes_none(made: Installation) -> None:
    tables = await names(made, "read")
    assert len(tables) >= len(registry.VIEWS) + 3
    for table in tables:
        assert await allowed(made, QUERY_ROLE, f"select 1 from {table}"), table
        for writing in (f"delete from {table}", f"insert into {table} default values", f"truncate {table}"):
            assert not await allowed(made, QUERY_ROLE, writing), writing
    assert not await allowed(made, QUERY_ROLE, "update read.checkpoints set position = 0")


async def test_the_projection_role_reads_the_log_but_not_the_state_and_changes_neither(made: Installation) -> None:
    for table in await names(made, "write"):
        readable = table in {"write.events", "write.log"}
        assert await allowed(made, PROJECTION_ROLE, f"select 1 from {table}") == readable, table
        assert not await allowed(made, PROJECTION_ROLE, f"delete from {table}"), table
    assert not await allowed(made, PROJECTION_ROLE, "update write.events set version = 1")
    assert not await allowed(made, PROJECTION_ROLE, "insert into write.events default values")


async def test_the_projection_role_moves_read_models_and_deletes_no_row_of_them(made: Installation) -> None:
    """Of what it drops as a whole it takes the checkpoints away first; and dead letters, once they are settled."""
    assert await allowed(made, PROJECTION_ROLE, "update read.checkpoints set position = 0")
    for table in await names(made, "read"):
        assert await allowed(made, PROJECTION_ROLE, f"select 1 from {table}"), table
        may = table in {"read.checkpoints", "read.dead_letters"}
        assert await allowed(made, PROJECTION_ROLE, f"delete from {table}") == may, table
        assert not await allowed(made, PROJECTION_ROLE, f"truncate {table}"), table


async def test_the_projection_role_makes_and_drops_generations_and_nothing_else(made: Installation) -> None:
    for view in registry.VIEWS:
        assert await allowed(made, PROJECTION_ROLE, f"drop table read.{view.name}__1"), view.name
    for table in ("read.checkpoints", "read.generations", "read.log", "write.events"):
        assert not await allowed(made, PROJECTION_ROLE, f"drop table {table}"), table
    assert await allowed(made, PROJECTION_ROLE, "create table read.mine (n int)")
    assert not await allowed(made, PROJECTION_ROLE, "create table write.mine (n int)")
    for role in (QUERY_ROLE, COMMAND_ROLE):
        assert not await allowed(made, role, "create table read.mine (n int)"), role
        assert not await allowed(made, role, "drop table read.product__1"), role


async def test_the_command_role_appends_to_the_log_and_never_rewrites_it(made: Installation) -> None:
    for table in ("write.events", "write.commands"):
        assert await allowed(made, COMMAND_ROLE, f"select 1 from {table}")
        for rewriting in (f"update {table} set version = 1", f"delete from {table}", f"truncate {table}"):
            assert not await allowed(made, COMMAND_ROLE, rewriting), rewriting
    assert not await allowed(made, COMMAND_ROLE, "update write.log set log_id = gen_random_uuid()")
    for table in await names(made, "read"):
        assert not await allowed(made, COMMAND_ROLE, f"select 1 from {table}"), table


async def test_the_command_role_deletes_what_is_no_more_and_nothing_else(made: Installation) -> None:
    """Categories that a product left, and rules that were dropped."""
    deleted = {"write.product_categories", "write.alarm_rules", "write.alarm_states"}
    for table in await names(made, "write"):
        may = table in deleted
        assert await allowed(made, COMMAND_ROLE, f"delete from {table}") == may, table


async def test_commands_know_nothing_of_policies(made: Installation) -> None:
    tables = await names(made, "policy")
    assert set(tables) == {"policy.checkpoints", "policy.memories", "policy.scheduled_commands"}
    for table in tables:
        for statement in (f"select 1 from {table}", f"delete from {table}", f"insert into {table} default values"):
            assert not await allowed(made, COMMAND_ROLE, statement), statement


async def test_workers_run_policies_and_neither_start_nor_forget_one(made: Installation) -> None:
    for table in await names(made, "policy"):
        assert await allowed(made, PROJECTION_ROLE, f"select 1 from {table}"), table
        assert await allowed(made, PROJECTION_ROLE, f"update {table} set policy = policy"), table
        for losing in (f"delete from {table}", f"truncate {table}"):
            assert not await allowed(made, PROJECTION_ROLE, losing), losing
    assert not await allowed(made, PROJECTION_ROLE, "insert into policy.checkpoints values ('mine', 0, 0)")


async def test_queries_tell_how_policies_stand_and_change_none(made: Installation) -> None:
    for table in await names(made, "policy"):
        assert await allowed(made, QUERY_ROLE, f"select 1 from {table}") == (table != "policy.memories"), table
        assert not await allowed(made, QUERY_ROLE, f"update {table} set policy = policy"), table


@pytest.mark.parametrize("role", [COMMAND_ROLE, PROJECTION_ROLE, QUERY_ROLE])
async def test_every_role_compares_words_by_their_trigrams(made: Installation, role: str) -> None:
    assert await allowed(made, role, "select 'hart' <<% 'white heart', strict_word_similarity('hart', 'heart')")


async def test_queries_compare_words_by_thresholds_of_their_own(made: Installation) -> None:
    """The similarities are 0.375 and 0.4, which everyone else takes for too little."""
    alike = (
        "select 'hart' <<% 'white heart', 'hart' <% 'white heart', 'hxrt' <<% 'white heart', 'hxrt' <% 'white heart'"
    )
    for role, expected in ((QUERY_ROLE, (True, True, False, False)), (COMMAND_ROLE, (False,) * 4)):
        async with await open_pool(made.database_url, role, size=1) as pool:
            assert [tuple(row) for row in await pool.fetch(alike)] == [expected]


@pytest.mark.parametrize("role", [COMMAND_ROLE, PROJECTION_ROLE, QUERY_ROLE])
async def test_every_session_of_a_pool_acts_as_its_role(made: Installation, role: str) -> None:
    async with await open_pool(made.database_url, role, size=3) as pool:
        for _ in range(2):
            async with pool.acquire() as one, pool.acquire() as two, pool.acquire() as three:
                for session in (one, two, three):
                    assert await session.fetchval("select current_user") == role


async def test_a_process_reads_writes_and_projects_through_the_right_pool(made: Installation) -> None:
    async with (
        bootstrap.commands(made.settings) as commands,
        bootstrap.read_models(made.settings) as (reads, stores),
        bootstrap.projection_stores(made.settings) as projecting,
    ):
        assert stores.pool is reads.pool
        used = [await pool.fetchval("select current_user") for pool in (commands.pool, reads.pool, projecting.pool)]
        assert used == [COMMAND_ROLE, QUERY_ROLE, PROJECTION_ROLE]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reads.pool.fetch("select * from write.events")
        assert await reads.pool.fetchval("show transaction_read_only") == "on"
