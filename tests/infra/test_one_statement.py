"""Several statements as one, on PostgreSQL: in their order, all or nothing, and the position comes last."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.infra.appending import AppendedCommand, Decision, append, appending
from app.infra.one_statement import Assumption, Write, as_one
from app.kernel.clock import new_id, now
from app.kernel.messages import Envelope, Principal, Receipt
from app.kernel.values import Address
from tests.support.installation import Installation
from write_model.customers.events import AddressChanged

LEEDS = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")
ACTOR = Principal("test", frozenset())
DRAWN = "select case when is_called then last_value else 0 end from write.events_position_seq"
WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
PUT = "insert into public.shelf (name, pieces) values ($1, $2)"
TAKE = "update public.shelf set pieces = pieces - $2 where name = $1"
THERE = "select from public.shelf where name = $1 for share"


@pytest.fixture
async def db(bare: Installation) -> AsyncIterator[asyncpg.Pool]:
    """Connections to a log with a table beside it that holds `tea` and `cup`."""
    async with asyncpg.create_pool(bare.database_url, min_size=4, max_size=4) as pool:
        await pool.execute("create table public.shelf (name text primary key, pieces int check (pieces >= 0))")
        await pool.execute("insert into public.shelf values ('tea', 5), ('cup', 5)")
        yield pool


async def send(db: asyncpg.Pool, *writes: Write, assume: tuple[Assumption, ...] = (), events: int = 1) -> Receipt:
    envelope = Envelope(command_id=new_id(), actor=ACTOR, correlation_id=new_id())
    customer = new_id()
    changed = [AddressChanged(customer_id=customer, address=LEEDS, changed_at=now()) for _ in range(events)]
    record = AppendedCommand("ChangeAddress", b"")
    statement = appending(envelope, record, [Decision("customer", customer, 0, changed)], writes, assume)
    async with db.acquire() as connection:
        return await append(connection, statement)


async def shelf(db: asyncpg.Pool) -> dict[str, int]:
    return {row["name"]: row["pieces"] for row in await db.fetch("select name, pieces from public.shelf")}


async def logged(db: asyncpg.Pool) -> list[int]:
    """How many events and commands there are."""
    return [await db.fetchval(f"select count(*) from write.{table}") for table in ("events", "commands")]


async def nothing_but(db: asyncpg.Pool, there: dict[str, int]) -> None:
    assert await shelf(db) == there
    assert await logged(db) == [0, 0]


async def until_waiting(db: asyncpg.Pool) -> None:
    while not await db.fetchval(WAITING):  # noqa: ASYNC110 - the database does not tell
        await asyncio.sleep(0.005)


def test_parameters_are_numbered_on_and_texts_are_made_once() -> None:
    writes = [Write("a $1 $2 $1", ("x", "y")), Write("b", ()), Write("c $2 $1", (1, 2))]
    last = "with {before}z as (z $1) where {all_is_well}"
    text, values = as_one(last, ["own"], writes, [Assumption("d $1", ("k",), 7)])
    assert values == ["own", "x", "y", 1, 2, "k", 7]
    for part in ("(a $2 $3 $2 ", "(b ", "(c $5 $4 ", "(d $6)", "<> $7::bigint", "z as (z $1)"):
        assert part in text
    assert as_one(last, ["other"], writes, [Assumption("d $1", ("l",), 8)])[0] is text
    assert as_one("{before}{all_is_well}", [], [], []) == ("true", [])


async def test_rows_events_and_record_are_written_together(db: asyncpg.Pool) -> None:
    receipt = await send(db, Write(TAKE, ("tea", 2)), Write(PUT, ("pot", 1)), events=3)
    assert (receipt.version, receipt.position) == (3, 3)
    assert await shelf(db) == {"tea": 3, "cup": 5, "pot": 1}
    assert await logged(db) == [3, 1]
    assert [row[0] for row in await db.fetch("select version from write.events order by position")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (Write(PUT, ("cup", 1)), asyncpg.UniqueViolationError),
        (Write(TAKE, ("cup", 6)), asyncpg.CheckViolationError),
    ],
)
async def test_one_that_fails_leaves_nothing(db: asyncpg.Pool, broken: Write, error: type[Exception]) -> None:
    for writes in ([Write(TAKE, ("tea", 2)), broken], [broken, Write(TAKE, ("tea", 2))]):
        with pytest.raises(error):
            await send(db, *writes)
        await nothing_but(db, {"tea": 5, "cup": 5})
    assert await db.fetchval(DRAWN) == 0


async def test_what_does_not_hold_leaves_nothing_and_draws_no_position(db: asyncpg.Pool) -> None:
    for name, rows in (("pot", 1), ("tea", 0), ("tea", 2)):
        with pytest.raises(asyncpg.NotNullViolationError) as violated:
            await send(db, Write(TAKE, ("cup", 2)), assume=(Assumption(THERE, (name,), rows),))
        assert violated.value.table_name == "commands"
        await nothing_but(db, {"tea": 5, "cup": 5})
    assert await db.fetchval(DRAWN) == 0
    await send(db, Write(TAKE, ("cup", 2)), assume=(Assumption(THERE, ("tea",), 1), Assumption(THERE, ("pot",), 0)))
    assert await shelf(db) == {"tea": 5, "cup": 3}


@pytest.mark.parametrize("held", ["first", "second", "third", "assumed"])
async def test_the_position_is_drawn_when_nothing_is_waited_for_any_more(db: asyncpg.Pool, held: str) -> None:
    """And rows are locked in the order of the writes: those after the one that waits are free, those before are not."""
    names = ["first", "second", "third", "assumed"]
    await db.executemany(PUT, [(name, 5) for name in names])
    writes = [Write(TAKE, (name, 1)) for name in names[:3]]
    async with db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(TAKE, held, 1)
        sent = asyncio.create_task(send(db, *writes, assume=(Assumption(THERE, ("assumed",), 1),)))
        await until_waiting(db)
        assert await db.fetchval(DRAWN) == 0
        free = await db.fetch("select name from public.shelf where name = any($1) for update skip locked", names)
        assert {row[0] for row in free} == set(names[names.index(held) + 1 :])
        await transaction.commit()
    assert (await sent).position == 1


async def test_what_changed_while_it_waited_is_looked_at_as_it_is(db: asyncpg.Pool) -> None:
    still_five = Assumption("select from public.shelf where name = $1 and pieces = 5 for share", ("tea",), 1)
    async with db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(TAKE, "tea", 1)
        sent = asyncio.create_task(send(db, Write(TAKE, ("cup", 1)), assume=(still_five,)))
        await until_waiting(db)
        await transaction.commit()
    with pytest.raises(asyncpg.NotNullViolationError):
        await sent
    await nothing_but(db, {"tea": 4, "cup": 5})
