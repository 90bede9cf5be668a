"""Events of several aggregates in one command: all of them or none, and the receipt is of the first."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from app.infra.appending import AppendedCommand, Appending, Decision, append, appending
from app.infra.db import COMMAND_ROLE, open_pool
from app.infra.shared_writes import SharedWrites
from app.kernel.clock import new_id, now
from app.kernel.messages import Envelope, Principal
from tests.support.installation import Installation
from tests.write_model.floor import LEEDS
from write_model.customers.events import AddressChanged

ACTOR = Principal("sorter", frozenset())
LOGGED = "select aggregate_id, version from write.events order by position"


@pytest.fixture
async def db(bare: Installation) -> AsyncIterator[asyncpg.Pool]:
    async with await open_pool(bare.database_url, COMMAND_ROLE, size=4) as pool:
        yield pool


def moved(customer: UUID, version: int, times: int = 1) -> Decision:
    """Some changes of one aggregate that is at a version."""
    events = [AddressChanged(customer_id=customer, address=LEEDS, changed_at=now()) for _ in range(times)]
    return Decision("customer", customer, version, events)


def decided(*decisions: Decision) -> Appending:
    envelope = Envelope(command_id=new_id(), actor=ACTOR, correlation_id=new_id())
    return appending(envelope, AppendedCommand("ChangeAddress", b""), decisions)


async def send(db: asyncpg.Pool, *decisions: Decision) -> tuple[UUID, int, int]:
    async with db.acquire() as connection:
        receipt = await append(connection, decided(*decisions))
    return receipt.aggregate_id, receipt.version, receipt.position


async def logged(db: asyncpg.Pool) -> list[tuple[UUID, int]]:
    return [tuple(row) for row in await db.fetch(LOGGED)]


async def test_each_follows_its_own_version_and_the_receipt_is_of_the_first(db: asyncpg.Pool) -> None:
    one, other = new_id(), new_id()
    await send(db, moved(other, 0, times=3))
    aggregate, version, position = await send(db, moved(one, 0), moved(other, 3, times=2))
    assert (aggregate, version) == (one, 1)
    assert await logged(db) == [(other, 1), (other, 2), (other, 3), (one, 1), (other, 4), (other, 5)]
    assert position == await db.fetchval("select max(position) from write.events")


async def test_where_one_was_decided_on_too_late_nothing_is_written(db: asyncpg.Pool) -> None:
    one, other = new_id(), new_id()
    await send(db, moved(other, 0))
    with pytest.raises(asyncpg.UniqueViolationError):
        await send(db, moved(one, 0), moved(other, 0))
    assert await logged(db) == [(other, 1)]
    assert await db.fetchval("select count(*) from write.commands") == 1


async def test_those_that_have_an_aggregate_in_common_do_not_go_together(db: asyncpg.Pool) -> None:
    """The second was decided on what the first changes, so it fails by itself, and takes nobody else with it."""
    writes, shared = SharedWrites(db), new_id()
    sent = [decided(moved(new_id(), 0), moved(shared, 0)) for _ in range(2)]
    sent += [decided(moved(new_id(), 0), moved(new_id(), 0)) for _ in range(6)]
    answers = await asyncio.gather(*(writes.row(each, {}) for each in sent), return_exceptions=True)
    assert [type(each) for each in answers].count(asyncpg.UniqueViolationError) == 1
    assert len(await logged(db)) == 2 * 7
    assert await db.fetchval("select count(distinct xmin::text) from write.events") == 1
