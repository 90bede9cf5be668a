"""What the shop does by itself, by real workers: once, however often they are killed, and never for a replay."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.kernel.clock import now
from tests.support.installation import Installation, installation
from tests.support.replay import assert_views_equal_a_replay, until_caught_up
from tests.write_model.floor import Floor, order_of, until
from write_model.operations.commands import DiscardDeadLetter, RetryDeadLetters
from write_model.orders.commands import CancelOrder, PayOrder

KILLS = 15
CUSTOMERS = 12
_DONE = "select type, aggregate_id, actor from write.commands where actor like 'policy:%'"
_EVENTS = "select type, aggregate_id from write.events where type in ('OrderCancelled', 'CustomerUpgraded')"
_OPEN = "select count(*) from policy.scheduled_commands where outcome is null"
_READ = "select min(position) >= (select max(position) from write.events) from policy.checkpoints"


@asynccontextmanager
async def open_shop(servers: Servers, cancel_unpaid_after: str) -> AsyncIterator[Floor]:
    """A shop without workers, whose workers will be told how long an order may be unpaid."""
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=4) as db:
        made.environment["COUNTERFOIL_CANCEL_UNPAID_AFTER"] = cancel_unpaid_after
        async with bootstrap.commands(made.settings) as side:
            yield Floor(made, side, db)


async def until_quiet(floor: Floor) -> None:
    """Waits until the policies have reacted to everything, and everything came to something."""
    await until(lambda: _is_quiet(floor))


async def _is_quiet(floor: Floor) -> bool:
    return bool(await floor.db.fetchval(_READ)) and not await floor.db.fetchval(_OPEN)


async def did(floor: Floor) -> Counter[tuple[str, UUID]]:
    """What policies had done, by event and aggregate."""
    return Counter((row["type"], row["aggregate_id"]) for row in await floor.db.fetch(_EVENTS))


async def test_who_pays_in_time_keeps_the_order_and_who_does_not_loses_it(servers: Servers) -> None:
    async with open_shop(servers, "3s") as floor:
        floor.made.start_workers(1)
        await until(lambda: _beats(floor))
        customer, product = await floor.customer(), await floor.product(pieces=10)
        kept, lost, given_up = [order_of(customer, [(product, n)]) for n in (1, 2, 3)]
        for order in (kept, lost, given_up):
            await floor.send(order)
        await until(lambda: _has_scheduled(floor, 3))
        await floor.send(PayOrder(at=now(), order_id=kept.order_id))
        await floor.send(CancelOrder(at=now(), order_id=given_up.order_id, reason="no"))
        await until_quiet(floor)
        cancelled = await floor.db.fetch("select * from write.events where type = 'OrderCancelled' order by position")
        assert [row["aggregate_id"] for row in cancelled] == [given_up.order_id, lost.order_id]
        placed = (await floor.events_of(lost.order_id))[0]
        assert (cancelled[1]["recorded_at"] - placed["recorded_at"]).total_seconds() >= 3
        assert await floor.on_hand(product) == 9
        assert await outcomes(floor) == {
            (kept.order_id, "WITHDRAWN"),
            (given_up.order_id, "WITHDRAWN"),
            (lost.order_id, "ACCEPTED"),
        }
        await _is_told_apart_from_people(floor, lost.order_id)


async def outcomes(floor: Floor) -> set[tuple[UUID, str]]:
    """What came of scheduled commands, by order."""
    return {tuple(row) for row in await floor.db.fetch("select aggregate_id, outcome from policy.scheduled_commands")}


async def _is_told_apart_from_people(floor: Floor, order_id: UUID) -> None:
    placed, cancelled = await floor.db.fetch(
        """select metadata ->> 'actor' as actor, metadata ->> 'command' as command, metadata ->> 'command_id' as id,
                  metadata ->> 'correlation_id' as belongs_to, metadata ->> 'causation_id' as caused_by
           from write.events where aggregate_id = $1 order by version""",
        order_id,
    )
    assert (cancelled["actor"], cancelled["command"]) == ("policy:expire_unpaid_orders", "ExpireOrder")
    assert (cancelled["belongs_to"], cancelled["caused_by"]) == (placed["belongs_to"], placed["id"])


@dataclass
class Trade:
    """Customers who order all the time; every second one pays, and some of those pay enough to be upgraded."""

    floor: Floor
    people: list[UUID]
    cheap: UUID
    dear: UUID
    kept: set[UUID] = field(default_factory=set)
    lost: set[UUID] = field(default_factory=set)
    deserving: set[UUID] = field(default_factory=set)

    async def go_on(self, finished: asyncio.Event) -> None:
        number = 0
        while not finished.is_set():
            await self.order(number)
            number += 1
            await asyncio.sleep(random.uniform(0, 0.05))

    async def order(self, number: int) -> None:
        """The first four people buy something dear once; nobody else ever spends so much."""
        person = self.people[number % CUSTOMERS]
        dear = number % CUSTOMERS < 4 and person not in self.deserving
        order = order_of(person, [(self.dear if dear else self.cheap, 1)])
        await self.floor.send(order)
        if not dear and number % 2:
            self.lost.add(order.order_id)
            return
        await self.floor.send(PayOrder(at=now(), order_id=order.order_id))
        self.kept.add(order.order_id)
        if dear:
            self.deserving.add(person)

    def expected(self) -> Counter[tuple[str, UUID]]:
        upgrades = Counter(("CustomerUpgraded", person) for person in self.deserving)
        return upgrades + Counter(("OrderCancelled", order) for order in self.lost)


async def trade(floor: Floor) -> Trade:
    people = [await floor.customer() for _ in range(CUSTOMERS)]
    cheap, dear = await floor.product(pieces=100_000, price="0.10"), await floor.product(pieces=100_000, price="600")
    return Trade(floor, people, cheap, dear)


async def kill_some(made: Installation, times: int) -> None:
    """Kills one of two workers at any moment, and starts another."""
    for _ in range(times):
        await asyncio.sleep(random.uniform(0.1, 1.2))
        killed = random.choice([each for each in made.processes if each.poll() is None])
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        made.start_workers(1)


@pytest.mark.timeout(300)
async def test_workers_that_are_killed_at_any_moment_do_everything_once(
    servers: Servers, figure: Callable[[str], None]
) -> None:
    async with open_shop(servers, "2s") as floor:
        floor.made.start_workers(2)
        business, finished = await trade(floor), asyncio.Event()
        trading = asyncio.create_task(business.go_on(finished))
        await kill_some(floor.made, KILLS)
        finished.set()
        await trading
        await until_quiet(floor)
        assert await did(floor) == business.expected()
        commands = Counter((row["type"], row["aggregate_id"]) for row in await floor.db.fetch(_DONE))
        assert commands.total() == business.expected().total()
        assert len(business.lost) > 20
        assert len(business.deserving) == 4
        figure(f"{KILLS} kills: {len(business.lost)} orders expired, {len(business.kept)} were paid, 4 upgraded")
        await assert_views_equal_a_replay(floor.made)


async def test_views_that_are_built_anew_fire_nothing(servers: Servers) -> None:
    """All read models are emptied and set back to the beginning under running workers, in a shop with a history."""
    async with open_shop(servers, "1s") as floor:
        floor.made.start_workers(1)
        business = await trade(floor)
        for number in range(CUSTOMERS):
            await business.order(number)
        await until_quiet(floor)
        before, policies = await floor.contents(), await _policies(floor)
        assert await did(floor) == business.expected()
        for worker in floor.made.processes:
            worker.kill()
            worker.wait()
        await _forget_all_views(floor)
        floor.made.start_workers(2)
        await until_caught_up(floor.made)
        assert await assert_views_equal_a_replay(floor.made) > CUSTOMERS
        assert await floor.contents() == before
        assert await _policies(floor) == policies


async def _forget_all_views(floor: Floor) -> None:
    tables = "select format('read.%I', tablename) from pg_tables where schemaname = 'read' and tablename ~ '__[0-9]'"
    names = [row[0] for row in await floor.db.fetch(tables)]
    await floor.db.execute(f"truncate {', '.join(names)}")
    await floor.db.execute("update read.checkpoints set position = 0, head = 0")


async def _policies(floor: Floor) -> list[str]:
    """Everything about policies but who runs them."""
    positions = "select (policy, position, reacts_after)::text from policy.checkpoints order by 1"
    commands = "select s::text from policy.scheduled_commands s order by 1"
    memories = "select m::text from policy.memories m order by 1"
    return [row[0] for query in (positions, commands, memories) for row in await floor.db.fetch(query)]


async def test_a_paid_order_is_never_expired_even_where_the_withdrawal_is_missing(servers: Servers) -> None:
    """The policy is set past the payment without having read it, so the schedule says that the order expires."""
    async with open_shop(servers, "1s") as floor:
        (worker,) = floor.made.start_workers(1)
        customer, product = await floor.customer(), await floor.product(pieces=10)
        order = order_of(customer, [(product, 2)])
        await floor.send(order)
        await until(lambda: _has_scheduled(floor, 1))
        worker.kill()
        worker.wait()
        await floor.send(PayOrder(at=now(), order_id=order.order_id))
        await floor.db.execute("update policy.checkpoints set position = (select max(position) from write.events)")
        floor.made.start_workers(1)
        await until_quiet(floor)
        (outcome,) = await floor.db.fetch("select outcome, reason from policy.scheduled_commands")
        said = "ORDER_NOT_PENDING: An order that is PAID does not wait for its money."
        assert tuple(outcome) == ("REFUSED", said)
        assert await did(floor) == Counter()


async def _has_scheduled(floor: Floor, number: int) -> bool:
    return bool(await floor.db.fetchval("select count(*) from policy.scheduled_commands") == number)


async def _beats(floor: Floor) -> bool:
    """Whether the policies run."""
    return bool(await floor.db.fetchval("select bool_and(heartbeat_at is not null) from policy.checkpoints"))


async def test_who_gives_an_order_up_keeps_the_tier_and_others_come_to_theirs(servers: Servers) -> None:
    async with open_shop(servers, "72h") as floor:
        floor.made.start_workers(2)
        business = await trade(floor)
        person, order = business.people[0], order_of(business.people[0], [(business.dear, 1)])
        other, again = business.people[1], order_of(business.people[1], [(business.dear, 1)])
        await floor.send(order)
        await floor.send(again)
        await floor.send(PayOrder(at=now(), order_id=order.order_id))
        await until_quiet_but(floor, 1)
        assert await did(floor) == Counter([("CustomerUpgraded", person)])
        await floor.send(CancelOrder(at=now(), order_id=order.order_id, reason="no"))
        await floor.send(PayOrder(at=now(), order_id=again.order_id))
        await until_quiet(floor)
        happened = [("CustomerUpgraded", person), ("OrderCancelled", order.order_id), ("CustomerUpgraded", other)]
        assert await did(floor) == Counter(happened)


async def until_quiet_but(floor: Floor, scheduled: int) -> None:
    """Waits until all is read, and so much is scheduled for later."""

    async def quiet() -> bool:
        return bool(await floor.db.fetchval(_READ)) and await floor.db.fetchval(_OPEN) == scheduled

    await until(quiet)


async def test_a_poisoned_order_stops_itself_alone_and_expires_when_it_is_mended(servers: Servers) -> None:
    async with open_shop(servers, "1s") as floor:
        customer, product = await floor.customer(), await floor.product(pieces=10)
        victim, other, given_up = [await floor.send(order_of(customer, [(product, n)])) for n in (1, 2, 3)]
        spoilt = "update write.events set data = jsonb_set(data, '{items}', $2::jsonb) where position = $1"
        items = await floor.db.fetchval("select data -> 'items' from write.events where position = $1", victim.position)
        for receipt in (victim, given_up):
            await floor.db.execute(spoilt, receipt.position, "0")
        floor.made.start_workers(2)
        await until(lambda: _is_parked(floor, 2))
        await until_quiet(floor)
        assert await did(floor) == Counter([("OrderCancelled", other.aggregate_id)])
        policy = "expire_unpaid_orders"
        discard = DiscardDeadLetter(at=now(), consumer=policy, position=given_up.position, reason="a test order")
        await floor.send(discard)
        await floor.db.execute(spoilt, victim.position, items)
        await floor.send(RetryDeadLetters(at=now(), consumer=policy))
        await until(lambda: _is_parked(floor, 0))
        await until_quiet(floor)
        cancelled = [("OrderCancelled", each.aggregate_id) for each in (other, victim)]
        assert await did(floor) == Counter(cancelled)


async def _is_parked(floor: Floor, aggregates: int) -> bool:
    query = "select count(distinct sequence) from read.dead_letters where consumer = 'expire_unpaid_orders'"
    return bool(await floor.db.fetchval(query) == aggregates)
