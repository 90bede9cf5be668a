"""Three processes, products that all want, aggregates that all change, twins, refusals, and sessions killed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from app.infra.event_log import LogReader
from app.kernel import structs
from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Receipt
from tests.write_model.crowd import crowd
from tests.write_model.floor import LYON, Floor, addition, order_of, until
from tests.write_model.tables import assert_tables_equal_the_fold
from write_model.catalog.commands import ReceiveStock, ViewProduct
from write_model.customers.commands import ChangeAddress
from write_model.orders.commands import CancelOrder

PROCESSES, CLIENTS, COMMANDS, KILLS = 3, 12, 30, 8

DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
SESSIONS = """
select count(*) from pg_stat_activity where datname = current_database() and application_name = 'counterfoil_command'
"""
KILL_ONE = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where datname = current_database() and application_name = 'counterfoil_command' and state <> 'idle' limit 1
"""


@dataclass
class Reader:
    """Reads the log as a projection does, in small steps, while it grows."""

    log: LogReader
    done: bool = False
    positions: list[int] = field(default_factory=list)

    async def follow(self) -> None:
        while await self._step() or not self.done:
            pass

    async def _step(self) -> bool:
        batch = await self.log.read(self.positions[-1] if self.positions else 0, 7)
        self.positions += [row["position"] for row in batch.rows]
        return bool(batch.rows) or batch.gap


@dataclass
class Shoppers:
    """What many clients ask for at once, and what they were told."""

    customers: list[UUID]
    products: list[UUID]
    receipts: list[Receipt] = field(default_factory=list)

    def command(self, number: int) -> Command:
        customer, product, other = (
            self.customers[number % 3],
            self.products[number % 4],
            self.products[(number + 1) % 4],
        )
        kinds: list[Callable[[], Command]] = [
            lambda: order_of(customer, [(product, 1), (other, 1)]),
            lambda: ViewProduct(at=now(), view_id=new_id(), product_id=product),
            lambda: order_of(customer, [(other, 1), (product, 1)]),
            lambda: ReceiveStock(at=now(), product_id=product, pieces=1),
            lambda: ChangeAddress(at=now(), customer_id=customer, address=structs.replace(LYON, street=str(number))),
            addition,
        ]
        return kinds[number % len(kinds)]()

    async def shop(self, process: Floor, first: int) -> None:
        for number in range(first, first + COMMANDS):
            command_id, command = new_id(), self.command(number)
            answer = await process.try_to(command, command_id=command_id)
            if isinstance(answer, Receipt):
                self.receipts.append(answer)
                if number % 5 == 0:
                    assert await process.send(command, command_id=command_id) == answer
                if command.target == "order_id" and number % 4 == 0:
                    cancelling = CancelOrder(at=now(), order_id=answer.aggregate_id)
                    self.receipts.append(await process.send(cancelling))


async def kill(db: asyncpg.Pool) -> None:
    killed = 0
    while killed < KILLS:
        await asyncio.sleep(0.1)
        killed += len(await db.fetch(KILL_ONE))


async def are_gone(db: asyncpg.Pool, sessions: int) -> bool:
    """Sessions count their deadlocks when they end."""
    return bool(await db.fetchval(SESSIONS) <= sessions)


async def test_the_log_is_read_in_order_and_nothing_is_missed_or_done_twice(floor: Floor) -> None:
    shoppers = Shoppers([await floor.customer() for _ in range(3)], [await floor.product(30) for _ in range(4)])
    deadlocks, sessions = await floor.db.fetchval(DEADLOCKS), await floor.db.fetchval(SESSIONS)
    reader = Reader(LogReader(floor.db, []))
    reading = asyncio.create_task(reader.follow())
    async with crowd(floor, PROCESSES) as processes:
        shopping = [shoppers.shop(each, first) for each in processes for first in range(CLIENTS)]
        killing = asyncio.create_task(kill(floor.db))
        await asyncio.gather(*shopping)
        assert killing.done(), "nobody was killed while it mattered"
    reader.done = True
    await reading
    log = [row[0] for row in await floor.db.fetch("select position from write.events order by position")]
    assert reader.positions == log
    assert len({receipt.command_id for receipt in shoppers.receipts}) == len(shoppers.receipts) > 500
    assert {receipt.position for receipt in shoppers.receipts} <= set(log)
    await assert_tables_equal_the_fold(floor.made, floor.db)
    await until(lambda: are_gone(floor.db, sessions))
    assert await floor.db.fetchval(DEADLOCKS) == deadlocks
    commands = await floor.db.fetch("select command_id::text from write.commands order by 1")
    assert commands == await floor.db.fetch("select distinct metadata ->> 'command_id' from write.events order by 1")
