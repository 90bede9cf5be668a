"""What a look at an account's past costs: one statement, and one place in an index, however long the past is."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.keyset import PageArguments
from app.infra.wanted import Behind, Wanted
from app.kernel.clock import new_id
from read_model.ledger import statement
from tests.infra.statements import statements_of
from tests.support.installation import installation
from tests.support.projecting import project
from tests.write_model.floor import Floor
from tests.write_model.ledger.bank import deposit, opening

BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
DEPOSITS = 150
"""To each account, a pound an hour from the first hour on."""

NOTHING = Wanted()


@dataclass(frozen=True)
class Past:
    """Two accounts, read over one connection, and the position of the last event."""

    reads: ReadModels
    account: UUID
    position: int


@pytest.fixture(scope="module")
async def past(servers: Servers) -> AsyncIterator[Past]:
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as db:
        async with bootstrap.commands(made.settings) as side:
            floor = Floor(made, side, db)
            accounts = [replace(opening(await floor.customer()), at=BEGAN) for _ in range(2)]
            for account in accounts:
                await floor.send(account)
            for hour in range(1, DEPOSITS + 1):
                for account in accounts:
                    last = await floor.send(replace(deposit(account.account_id, 1), at=after(hour)))
        await project(made)
        async with bootstrap.read_models(made.settings.model_copy(update={"db_pool_size": 1})) as (reads, _):
            yield Past(reads, accounts[0].account_id, last.position)


def after(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


async def balance(past: Past, moment: datetime, wanted: Wanted = NOTHING) -> list[Decimal | int]:
    """What the account held, and its version."""
    found = await statement.balance_at(past.reads, past.account, moment, wanted)
    assert isinstance(found, statement.BalanceAt)
    return [found.balance, found.version]


async def test_the_balance_at_a_moment_is_what_was_booked_by_then(past: Past) -> None:
    for hour in (0, 1, 2, 77, DEPOSITS - 1, DEPOSITS, DEPOSITS + 1_000):
        held = min(hour, DEPOSITS)
        assert await balance(past, after(hour)) == [held, held + 1]
        assert await balance(past, after(hour + 0.99)) == [held, held + 1]
    assert await balance(past, BEGAN - timedelta(microseconds=1)) == [0, 0]


async def test_it_is_one_statement_whatever_is_wanted(past: Past) -> None:
    for wanted in (NOTHING, Wanted(version=5), Wanted(position=past.position), Wanted(5, past.position, 1.0)):
        async with statements_of(past.reads.pool) as sent:
            assert await balance(past, after(5), wanted) == [5, 6]
        assert len(sent) == 1


async def test_what_the_view_has_not_reached_is_not_answered(past: Past) -> None:
    for wanted in (Wanted(version=DEPOSITS + 2), Wanted(position=past.position + 1)):
        found = await statement.balance_at(past.reads, past.account, after(5), wanted)
        assert isinstance(found, Behind)
        page = await statement.history(past.reads, past.account, PageArguments(), wanted)
        assert isinstance(page, Behind)
        period = await statement.statement_of(past.reads, past.account, (BEGAN, after(1)), PageArguments(), wanted)
        assert isinstance(period, Behind)


async def test_of_an_account_that_there_is_not_nothing_is_known(past: Past) -> None:
    assert await statement.balance_at(past.reads, new_id(), after(5), NOTHING) is None
    assert await statement.history(past.reads, new_id(), PageArguments(), NOTHING) is None
    assert await statement.statement_of(past.reads, new_id(), (BEGAN, after(1)), PageArguments(), NOTHING) is None


async def test_a_period_has_its_first_moment_and_not_its_last(past: Past) -> None:
    found = await statement.statement_of(
        past.reads, past.account, (after(10), after(13)), PageArguments(first=10), NOTHING
    )
    assert isinstance(found, statement.Statement)
    assert [found.opening.balance, found.closing.balance] == [9, 12]
    assert [each.booked_at for each in found.page.nodes] == [after(10), after(11), after(12)]


async def plan(past: Past, sent: str, *parameters: object) -> str:
    """How PostgreSQL goes about what was sent, with how many rows each part came to."""
    async with past.reads.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        rows = await connection.fetch(f"explain (analyze, timing off, costs off) {sent}", *parameters)
    return "\n".join(row[0] for row in rows)


def scans(plan: str) -> list[str]:
    """The parts of a plan that read entries."""
    return [each for each in plan.split("->") if re.search(r"on account_history__1\b", each)]


async def test_a_moment_is_one_place_in_an_index(past: Past) -> None:
    async with statements_of(past.reads.pool) as sent:
        await balance(past, after(77))
    (scan,) = scans(await plan(past, sent[0], past.account, after(77)))
    assert "Index Scan Backward" in scan
    assert "rows=1 " in scan or "rows=1.00 " in scan
    assert "booked_at <=" in scan
    assert "Filter" not in scan


async def test_of_a_history_one_page_is_read(past: Past) -> None:
    async with statements_of(past.reads.pool) as sent:
        found = await statement.history(past.reads, past.account, PageArguments(first=5), NOTHING)
    assert isinstance(found, statement.History)
    assert [each.balance for each in found.page.nodes] == [150, 149, 148, 147, 146]
    (scan,) = scans(await plan(past, sent[0], past.account))
    assert "Index Scan Backward" in scan
    assert any(f"rows={rows} " in scan for rows in ("6", "6.00", "7", "7.00")), scan


async def test_of_a_statement_both_ends_and_one_page_are_read(past: Past) -> None:
    period = (after(50), after(140))
    async with statements_of(past.reads.pool) as sent:
        found = await statement.statement_of(past.reads, past.account, period, PageArguments(first=5), NOTHING)
    assert isinstance(found, statement.Statement)
    assert [each.balance for each in found.page.nodes] == [50, 51, 52, 53, 54]
    opening, closing, page = scans(await plan(past, sent[0], past.account, *period))
    for scan in (opening, closing):
        assert "Index Scan Backward" in scan
        assert "rows=1 " in scan or "rows=1.00 " in scan
    assert any(f"rows={rows} " in page for rows in ("6", "6.00", "7", "7.00")), page
