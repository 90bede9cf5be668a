"""A command cut off in the middle leaves nothing; two at once see each other's latest, never an older mixture."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from app import registry
from app.infra.appending import append
from app.infra.bus import Bus, fingerprint, statement_of
from app.infra.db import TRANSIENT
from app.infra.reads import LockingReads
from app.infra.unit_of_work import Work
from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Receipt
from app.kernel.values import Money
from tests.write_model.floor import LEEDS, LYON, Floor, envelope, order_of
from tests.write_model.ledger.bank import deposit, opening, transfer
from write_model.catalog.commands import ChangePrice, DiscontinueProduct, ReviseProduct
from write_model.customers.commands import ChangeAddress
from write_model.ledger.commands import Transfer
from write_model.orders.commands import PlaceOrder
from write_model.orders.errors import ProductNotForSale

HANDLERS = registry.handlers("GBP", UTC)


@dataclass
class Killer:
    """Makes a command lose its first race, and ends the sessions of as many attempts that follow, before they write."""

    floor: Floor
    dearer: ChangePrice
    times: int
    contents: list[Any] = field(default_factory=list)

    async def __call__(self, command: Command, work: Work) -> None:
        self.contents.append(await self.floor.contents())
        await HANDLERS[type(command)](command, work)
        if not isinstance(work.reads, LockingReads):
            await self.floor.send(self.dearer)
        elif self.times > 0:
            self.times -= 1
            pid = await work.reads.connection.fetchval("select pg_backend_pid()")
            assert await self.floor.db.fetchval("select pg_terminate_backend($1, 10000)", pid)

    @property
    def bus(self) -> Bus:
        handlers = dict.fromkeys(HANDLERS, self)
        return Bus(self.floor.side.pool, handlers, _Silent())


class _Silent:
    def log_moved(self, position: int) -> None:
        return None


async def an_order(floor: Floor) -> tuple[PlaceOrder, ChangePrice]:
    """An order of 2 of 5 pieces, and what makes them dearer."""
    product = await floor.product(5)
    dearer = ChangePrice(at=now(), product_id=product, price=Money(Decimal(9), "GBP"))
    return order_of(await floor.customer(), [(product, 2)]), dearer


async def test_a_session_killed_between_deciding_and_writing_leaves_nothing(floor: Floor) -> None:
    order, dearer = await an_order(floor)
    before, said = await floor.contents(), envelope()
    with pytest.raises(TRANSIENT):
        await Killer(floor, dearer, 1).bus._carry_out(order, said, fingerprint(order, said))
    assert await floor.contents() == before


async def test_after_races_and_kills_the_command_is_carried_out_once(floor: Floor) -> None:
    order, dearer = await an_order(floor)
    before, killer, said = await floor.contents(), Killer(floor, dearer, 2), envelope()
    receipt = await killer.bus.dispatch(order, said)
    assert killer.contents[0] == before
    assert len(killer.contents) == 4
    assert killer.contents[1] == killer.contents[2] == killer.contents[3] != before
    assert await floor.on_hand(order.items[0].product_id) == 3
    assert [event["version"] for event in await floor.events_of(order.order_id)] == [receipt.version]
    assert await floor.send(order, command_id=said.command_id) == receipt


@pytest.mark.parametrize("orders", [1, 6])
async def test_a_session_killed_in_the_middle_of_its_statement_leaves_nothing(floor: Floor, orders: int) -> None:
    """Its stock is moved and its order is there, when it waits for a price that someone holds; and again alone."""
    held, _ = await an_order(floor)
    product = held.items[0].product_id
    async with floor.db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        before = await floor.contents()
        await connection.execute("select 1 from write.products where product_id = $1 for update", product)
        placing = [replace(held, order_id=new_id(), items=(replace(held.items[0], quantity=1),)) for _ in range(orders)]
        sent = [asyncio.create_task(floor.try_to(each)) for each in placing]
        await floor.until_someone_waits(1)
        assert await floor.db.fetchval(_KILL_WAITING) >= 1
        await floor.until_someone_waits(1)
        assert await floor.contents() == before
        await transaction.commit()
    answers = await asyncio.gather(*sent)
    accepted = [each for each in answers if isinstance(each, Receipt)]
    assert len(accepted) == min(orders, 5)
    assert await floor.on_hand(product) == 5 - len(accepted)
    assert [len(await floor.events_of(each.order_id)) for each in placing].count(1) == len(accepted)


_KILL_WAITING = """
select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""


@asynccontextmanager
async def carried_out(floor: Floor, command: Command) -> AsyncIterator[None]:
    """The command has done its work, but commits only when the block ends."""
    said = envelope()
    connection = await asyncpg.connect(floor.made.database_url)
    try:
        async with connection.transaction():
            work = Work(said, LockingReads(connection))
            await HANDLERS[type(command)](command, work)
            await append(connection, statement_of(work, command, fingerprint(command, said)))
            yield
    finally:
        await connection.close()


async def after(floor: Floor, first: Command, second: Command) -> Receipt | Exception:
    """Sends the second command while the first is about to commit; tells what came of it."""
    async with carried_out(floor, first):
        sent = asyncio.create_task(floor.try_to(second))
        await floor.until_someone_waits()
    return await sent


async def test_moving_back_while_a_move_commits_is_no_move_to_the_same_place(floor: Floor) -> None:
    customer = await floor.customer()
    there, back = (ChangeAddress(at=now(), customer_id=customer, address=each) for each in (LYON, LEEDS))
    answer = await after(floor, there, back)
    assert isinstance(answer, Receipt), answer
    assert answer.version == 3
    assert await floor.db.fetchval("select city from write.customer_addresses where customer_id = $1", customer) == (
        "Leeds"
    )


async def test_revising_back_while_a_revision_commits_is_a_revision(floor: Floor) -> None:
    product = await floor.product()
    first = ReviseProduct(at=now(), product_id=product, name="Tea", description="", categories=("Garden",), vendor=None)
    answer = await after(floor, first, replace(first, categories=("Kitchen", "Tea")))
    assert isinstance(answer, Receipt), answer
    assert answer.version == 3


async def test_an_order_waits_for_a_price_and_pays_the_new_one(floor: Floor) -> None:
    product, customer = await floor.product(1), await floor.customer()
    dearer = ChangePrice(at=now(), product_id=product, price=Money(Decimal(9), "GBP"))
    answer = await after(floor, dearer, order := order_of(customer, [(product, 1)]))
    assert isinstance(answer, Receipt), answer
    paid = await floor.db.fetchval("select unit_price from write.order_items where order_id = $1", order.order_id)
    assert paid == Decimal(9)


async def test_nothing_is_sold_after_it_was_discontinued(floor: Floor) -> None:
    product, customer = await floor.product(1), await floor.customer()
    gone = DiscontinueProduct(at=now(), product_id=product)
    assert isinstance(await after(floor, gone, order_of(customer, [(product, 1)])), ProductNotForSale)
    assert await floor.on_hand(product) == 1


async def test_one_aggregate_decides_one_command_at_a_time(floor: Floor) -> None:
    """Nobody waits for a stranger: only the same product, customer or order is locked."""
    one, other = await floor.customer(), await floor.customer()
    async with carried_out(floor, ChangeAddress(at=now(), customer_id=one, address=LYON)):
        assert isinstance(await floor.try_to(ChangeAddress(at=now(), customer_id=other, address=LYON)), Receipt)
        product = await floor.product(1)
        assert isinstance(await floor.try_to(order_of(one, [(product, 1)])), Receipt)


async def test_what_has_an_aggregate_in_common_is_decided_under_locks_from_the_first(floor: Floor) -> None:
    """Also where it is not the command's own: of many who pay into one account, one alone is decided without locks."""
    customer = await floor.customer()
    accounts = [opening(customer) for _ in range(5)]
    for opened in accounts:
        await floor.send(opened)
    payee, *payers = (opened.account_id for opened in accounts)
    for payer in payers:
        await floor.send(deposit(payer, 1))
    decided: Counter[bool] = Counter()

    async def counted(command: Command, work: Work) -> None:
        decided[work.locking] += 1
        await HANDLERS[type(command)](command, work)

    bus = Bus(floor.side.pool, {Transfer: counted}, _Silent())
    await asyncio.gather(*(bus.dispatch(transfer(payer, payee, 1), envelope()) for payer in payers))
    assert decided[False] == 1
    assert decided[True] >= 3
    assert len(await floor.events_of(payee)) == 1 + 4
