"""What is remembered of checkpoints ends with the life of the server: a crash takes commits that were not on disk."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.infra.db import TRANSIENT, Pool
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.server_lives import ServerLives
from app.infra.wanted import Behind, Listed, Wanted
from tests.infra.statements import statements_of
from tests.infra.stores import A
from tests.infra.tally import VIEW, Workshop, progress, reading, row, workshops
from tests.support.installation import Installation, installation

QUIET = {"autovacuum": "off", "bgwriter_lru_maxpages": "0"}
"""Nobody but the WAL writer writes what an unhurried commit has left in memory."""


@pytest.fixture(scope="module")
def fragile() -> Iterator[Servers]:
    """Servers of these tests' own, to be killed."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Servers(Path(folder), postgres_parameters=QUIET) as running:
            yield running


@pytest.fixture
async def made(fragile: Servers) -> AsyncIterator[Installation]:
    async with installation(fragile) as made:
        yield made


@dataclass(frozen=True)
class Reader:
    """A process that reads the flat tables over one connection."""

    shop: Workshop
    pool: Pool
    lives: ServerLives
    reads: ReadModels

    async def page(self) -> list[int]:
        """A list: the positions of all rows."""
        rows = await self.pool.fetch(f"select position from {self.shop.table.table} order by 1")
        return [row["position"] for row in rows]

    async def listed(self, position: int | None, wait_s: float = 0.0) -> list[int] | Behind:
        wanted = Wanted(position=position, wait_s=wait_s)
        found = await self.reads.listed((VIEW,), wanted, self.page)
        return found if isinstance(found, Behind) else found.found

    async def settled(self, position: int | None = None) -> list[int] | Behind:
        """The list, once the connections of before are known to be gone."""
        async with asyncio.timeout(30):
            while True:
                try:
                    return await self.listed(position)
                except TRANSIENT:
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def reader_of(shop: Workshop) -> AsyncIterator[Reader]:
    async with reading(shop, size=1) as (pool, lives, reads):
        yield Reader(shop, pool, lives, reads)


@pytest.fixture
async def reader(made: Installation) -> AsyncIterator[Reader]:
    async with workshops(made, VIEW) as shops, reader_of(shops[VIEW.name]) as reader:
        yield reader


async def crash(servers: Servers) -> None:
    servers.kill_postgres()
    await asyncio.to_thread(servers.revive)


@asynccontextmanager
async def nothing_reaches_the_disk(made: Installation) -> AsyncIterator[None]:
    """For as long as the block lasts, which a crash must end."""
    connection = await asyncpg.connect(made.database_url)
    writer = await connection.fetchval("select pid from pg_stat_activity where backend_type = 'walwriter'")
    os.kill(writer, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(writer, signal.SIGKILL)
        connection.terminate()


class TestCounting:
    async def test_new_connections_to_the_same_life_change_nothing(self, reader: Reader) -> None:
        before = reader.lives.count
        for _ in range(3):
            await reader.pool.expire_connections()
            await reader.page()
        assert reader.lives.count == before > 0

    async def test_a_restart_and_a_crash_begin_another_life(self, reader: Reader, fragile: Servers) -> None:
        for end in (fragile.restart_postgres, fragile.kill_postgres):
            before = reader.lives.count
            await asyncio.to_thread(end)
            await asyncio.to_thread(fragile.revive)
            await reader.settled()
            assert reader.lives.count == before + 1

    async def test_so_does_the_crash_of_a_single_session(self, reader: Reader, made: Installation) -> None:
        """The postmaster lives on and says that it started when it did; what was in memory is gone all the same."""
        before = reader.lives.count
        connection = await asyncpg.connect(made.database_url)
        started = await connection.fetchval("select pg_postmaster_start_time()")
        os.kill(connection.get_server_pid(), signal.SIGKILL)
        connection.terminate()
        async with asyncio.timeout(30):
            while reader.lives.count == before:
                await reader.settled()
        assert reader.lives.count == before + 1
        assert await reader.pool.fetchval("select pg_postmaster_start_time()") == started

    async def test_another_database_in_the_same_place_is_another_life(self, reader: Reader, made: Installation) -> None:
        before, name = reader.lives.count, urlsplit(made.database_url).path[1:]
        administrator = await asyncpg.connect(made.servers.database_url)
        await administrator.execute(f"alter database {name} allow_connections false")
        await administrator.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        await administrator.execute(f"create database {name}_copy template {name}")
        await administrator.execute(f"drop database {name} with (force)")
        await administrator.execute(f"alter database {name}_copy rename to {name}")
        await administrator.close()
        await reader.settled()
        assert reader.lives.count == before + 1


class TestRemembering:
    async def test_a_view_that_is_known_to_be_far_enough_is_not_asked_again(self, reader: Reader) -> None:
        lease = await reader.shop.hire("a")
        await reader.shop.table.apply(reader.shop.pool, progress(lease, 0, 7), row(A, 5))
        async with statements_of(reader.pool) as sent:
            assert await reader.listed(None) == [5]
            assert len(sent) == 1
            assert await reader.listed(7) == [5]
            assert len(sent) == 3
            assert [await reader.listed(position) for position in (7, 6, 1)] == [[5]] * 3
            assert len(sent) == 6
            assert isinstance(await reader.listed(8), Behind)

    async def test_a_checkpoint_that_a_crash_takes_back_is_not_trusted(self, reader: Reader, fragile: Servers) -> None:
        shop, lease = reader.shop, await reader.shop.hire("a")
        await shop.table.apply(shop.pool, progress(lease, 0, 3), row(A, 2))
        await shop.hire("a")  # a commit that waits for the disk takes along what was before it
        lease = await shop.hire("a")
        async with nothing_reaches_the_disk(shop.made):
            await shop.table.apply(shop.pool, progress(lease, 3, 7), row(A, 2, 5))
            assert await reader.listed(7) == [5]
            async with statements_of(reader.pool) as sent:
                assert await reader.listed(7) == [5]
            assert len(sent) == 1, "it is remembered"
            fragile.kill_postgres()
        await asyncio.to_thread(fragile.revive)
        assert await reader.settled() == [2], "the crash has taken it back"
        behind = await reader.listed(7)
        assert isinstance(behind, Behind)
        assert behind.checkpoint == 3
        assert await reader.listed(3) == [2]

    async def test_nor_is_it_when_the_crash_comes_between_look_and_list(self, reader: Reader, fragile: Servers) -> None:
        shop, lease = reader.shop, await reader.shop.hire("a")
        pages: list[list[int]] = []
        async with nothing_reaches_the_disk(shop.made):
            await shop.table.apply(shop.pool, progress(lease, 0, 7), row(A, 5))
            assert await reader.listed(7) == [5]
            fragile.kill_postgres()

        async def crashing() -> list[int]:
            """The first list begins when the view is known to be far enough, and is read in the next life."""
            if not pages:
                await asyncio.to_thread(fragile.revive)
                await reader.settled()
            pages.append(await reader.page())
            return pages[-1]

        found = await reader.reads.listed((VIEW,), Wanted(position=7), crashing)
        assert isinstance(found, Behind)
        assert pages == [[]], "it was read, and not shown"

    async def test_without_a_token_a_list_is_shown_as_it_is(self, reader: Reader, fragile: Servers) -> None:
        await reader.page()
        await crash(fragile)
        assert await reader.settled() == []
        told = await reader.reads.listed((VIEW,), Wanted(), reader.page, telling=True)
        assert isinstance(told, Listed)
        assert told.freshness is not None
        assert told.freshness.position == 0

    async def test_a_process_that_does_not_look_at_lives_remembers_nothing(self, reader: Reader) -> None:
        lease = await reader.shop.hire("a")
        await reader.shop.table.apply(reader.shop.pool, progress(lease, 0, 7), row(A, 5))
        forgetful = ReadModels(reader.pool, {VIEW.name: reader.shop.table}, {}, reader.reads.hints)
        async with statements_of(reader.pool) as sent:
            for _ in range(2):
                assert isinstance(await forgetful.listed((VIEW,), Wanted(position=7), reader.page), Listed)
        assert len(sent) == 4
