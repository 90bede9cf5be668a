"""A worker's policies: whatever is lost between any two steps is done all the same, and done once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap, registry
from app.infra.bus import Bus
from app.infra.dead_letters import DeadLetters
from app.infra.embedded import Servers
from app.infra.generations import NotMigrated
from app.infra.policy_status import policy_statuses
from app.infra.policy_store import PolicyStore, create_missing, require
from app.infra.schedule import Schedule
from app.kernel import structs
from app.kernel.clock import new_id, now
from app.kernel.errors import Busy
from app.kernel.messages import Recorded
from app.kernel.policy import History, Memory, Policy, Reaction, Turn
from app.kernel.structs import Struct
from app.kernel.view import Entity
from app.migrations.migrate import migrate
from tests.support.installation import Installation, installation
from tests.support.reacting import leased, reacting, reactions
from tests.write_model.floor import LYON, Floor, order_of, until
from workers.jobs import policy as policy_module
from workers.jobs import schedule as schedule_module
from write_model.customers.commands import ChangeAddress, Tier, UpgradeCustomer
from write_model.customers.events import AddressChanged, CustomerRegistered
from write_model.orders.commands import PayOrder
from write_model.orders.policies import expire_unpaid_orders

_POSITION = "select position from policy.checkpoints where policy = $1"
_HEAD = "select coalesce(max(position), 0) from write.events"
_OUTCOMES = "select outcome, reason, attempts from policy.scheduled_commands where policy = $1 order by position, place"


class Counted(Struct, frozen=True, kw_only=True):
    """How many events of a customer a policy has seen."""

    customer_id: UUID
    events: int = 0


def count(counted: Counted | None, recorded: Recorded[Any]) -> Counted:
    known = counted or Counted(customer_id=recorded.aggregate_id)
    return structs.replace(known, events=known.events + 1)


COUNTING = Memory(
    row=Counted,
    entity=Entity(name="person", row=Counted, handles=(CustomerRegistered, AddressChanged), evolve=count),
    keys=lambda change: (change.recorded.aggregate_id,),
    evolve=lambda row, change, _: count(row, change.recorded),
)


def gild(name: str, **changed: Any) -> Policy[Counted]:
    """Makes whoever registers GOLD, at once."""

    def react(turn: Turn[Counted]) -> Iterator[Reaction]:
        recorded = turn.recorded
        yield UpgradeCustomer(at=recorded.recorded_at, customer_id=recorded.aggregate_id, tier=Tier.GOLD)

    return replace(
        Policy(name=name, handles=(CustomerRegistered,), react=react, memory=COUNTING),
        **changed,
    )


async def seen(floor: Floor, policy: str, people: list[UUID]) -> list[set[int]]:
    """How many events the policy remembers of each, beneath its rows and in them."""
    query = "select (state ->> 'events')::int from policy.memories where policy = $1 and key = $2"
    return [{row[0] for row in await floor.db.fetch(query, policy, person)} for person in people]


@pytest.fixture(scope="module")
async def floor(servers: Servers) -> AsyncIterator[Floor]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=4) as db,
        bootstrap.commands(made.settings) as side,
    ):
        yield Floor(made, side, db)


@pytest.fixture(autouse=True)
def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_module, "SWEEP_S", 0.05)
    monkeypatch.setattr("workers.jobs.react._FAILING_PAUSE_S", 0)


async def deploy(floor: Floor, *policies: Policy[Any]) -> None:
    """As `migrate` does."""
    async with floor.db.acquire() as connection:
        await create_missing(connection, policies)


async def until_done(floor: Floor, policy: str) -> None:
    """Waits until the policy has reacted to everything, and everything came to something."""

    async def done() -> bool:
        behind = await floor.db.fetchval(f"select ({_HEAD}) - ({_POSITION})", policy)
        return not behind and None not in await outcomes(floor, policy)

    await until(done)


async def outcomes(floor: Floor, policy: str) -> list[str | None]:
    return [row["outcome"] for row in await floor.db.fetch(_OUTCOMES, policy)]


async def upgrades(floor: Floor, people: list[UUID]) -> list[int]:
    found = Counter(
        row["aggregate_id"]
        for row in await floor.db.fetch("select aggregate_id from write.events where type = 'CustomerUpgraded'")
    )
    return [found[person] for person in people]


MOMENTS = {
    "before it is written what was decided": (PolicyStore, "move", "before"),
    "after it is written and before it is dispatched": (PolicyStore, "move", "after"),
    "before it is dispatched": (Bus, "dispatch", "before"),
    "after it is dispatched": (Bus, "dispatch", "after"),
    "after it is known what came of it": (Schedule, "settle", "after"),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_policy_may_die_at_any_moment(floor: Floor, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """It is its last, four times; whoever takes over finds what the tables say, and nothing else."""
    owner, name, when = MOMENTS[moment]
    policy, done = gild(f"gild {moment}"), getattr(owner, name)
    await deploy(floor, policy)

    async def dying(self: Any, *given: Any) -> Any:
        if owner is Bus and given[1].actor != policy.principal:
            return await done(self, *given)
        if when == "after":
            await done(self, *given)
        raise asyncio.CancelledError

    people = [await floor.customer() for _ in range(3)]
    with monkeypatch.context() as mortal:
        mortal.setattr(owner, name, dying)
        async with reactions(floor.made, floor.bus, [policy]) as running:
            for _ in range(4):
                people.append(await floor.customer())
                running.start(await leased(running, policy.name), _nobody)
                await until(lambda: _has_ended(running))
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
    assert await upgrades(floor, people) == [1] * len(people)
    assert await seen(floor, policy.name, people) == [{1}] * len(people)
    assert set(await outcomes(floor, policy.name)) == {"ACCEPTED"}
    assert len(await outcomes(floor, policy.name)) == len(people)


async def _nobody(_: str) -> None:
    """The policy is handed on to nobody."""


async def _has_ended(running: Any) -> bool:
    return not running._running


async def test_what_is_due_later_is_dispatched_when_it_is(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to look for it in between."""
    monkeypatch.setattr(schedule_module, "SWEEP_S", 60.0)

    def react(turn: Turn[Counted]) -> Iterator[Reaction]:
        at = turn.recorded.recorded_at + timedelta(seconds=0.5)
        yield UpgradeCustomer(at=at, customer_id=turn.recorded.aggregate_id, tier=Tier.GOLD)

    policy = gild("gild later", react=react)
    await deploy(floor, policy)
    async with reacting(floor.made, floor.bus, policy), asyncio.timeout(20):
        people = [await floor.customer()]
        await until_done(floor, policy.name)
    assert await upgrades(floor, people) == [1]


async def test_two_workers_that_run_the_same_policy_do_everything_once(floor: Floor) -> None:
    """The lease of one is taken away, and it does not know yet: it goes on deciding and dispatching."""
    policy = gild("gild twice")
    await deploy(floor, policy)
    people = list[UUID]()
    async with (
        reactions(floor.made, floor.bus, [policy], owner="a") as one,
        reactions(floor.made, floor.bus, [policy], owner="b") as other,
    ):
        for _ in range(6):
            for each in (one, other):
                await floor.db.execute("update policy.checkpoints set lease_until = null")
                each.start(await leased(each, policy.name), _nobody)
                people.append(await floor.customer())
        await until_done(floor, policy.name)
    assert await upgrades(floor, people) == [1] * len(people)
    assert await seen(floor, policy.name, people) == [{1}] * len(people)


async def test_a_new_policy_begins_at_the_head_of_the_log(floor: Floor) -> None:
    before = [await floor.customer() for _ in range(3)]
    policy = gild("gild the new")
    await deploy(floor, policy)
    assert await _is_at_head(floor, policy.name)
    after = [await floor.customer() for _ in range(2)]
    await deploy(floor, policy)
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
    assert await upgrades(floor, before) == [0, 0, 0]
    assert await upgrades(floor, after) == [1, 1]


async def test_a_policy_that_says_so_reacts_to_all_that_ever_happened(floor: Floor) -> None:
    before = [await floor.customer() for _ in range(3)]
    policy = gild("gild all", history=History.REACTED_TO)
    await deploy(floor, policy)
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
    assert await upgrades(floor, before) == [1, 1, 1]


async def test_what_happened_before_a_policy_is_remembered_where_it_says_so(servers: Servers) -> None:
    async with (
        installation(servers, migrated=False) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=4) as db,
    ):
        policies = bootstrap.policies(made.settings)
        await migrate_without(made, policies)
        async with bootstrap.commands(made.settings) as side:
            floor = Floor(made, side, db)
            people = [await floor.customer() for _ in range(2)]
            product = await floor.product(pieces=100, price="450")
            await pay(floor, people[0], product)
            await pay(floor, people[0], product)
            await deploy(floor, *policies)
            async with reacting(made, floor.bus):
                await until_done(floor, "upgrade_customers")
                assert await upgrades(floor, people) == [0, 0]
                for person in people:
                    await pay(floor, person, product)
                await until_done(floor, "upgrade_customers")
                assert await upgrades(floor, people) == [1, 0]


async def migrate_without(made: Installation, policies: Collection[Policy[Any]]) -> None:
    """A database of an older version, that knows none of the policies."""
    await migrate(made.database_url, registry.VIEWS, ())
    async with asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as pool:
        with pytest.raises(NotMigrated, match="expire_unpaid_orders"):
            await require(pool, policies)


async def pay(floor: Floor, person: UUID, product: UUID) -> None:
    order = order_of(person, [(product, 1)])
    await floor.send(order)
    await floor.send(PayOrder(at=now(), order_id=order.order_id))


async def test_a_refusal_is_final_and_says_why(floor: Floor) -> None:
    policy = gild("gild the gilded")
    await deploy(floor, policy)
    person = await floor.customer()
    await floor.send(UpgradeCustomer(at=now(), customer_id=person, tier=Tier.GOLD))
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
    (row,) = await floor.db.fetch(_OUTCOMES, policy.name)
    assert (row["outcome"], row["attempts"]) == ("REFUSED", 0)
    assert row["reason"] == "CUSTOMER_ALREADY_IN_TIER: The customer is already GOLD; an upgrade leads to a higher tier."


async def test_what_the_write_model_has_no_time_for_is_tried_again(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, tries = gild("gild patiently"), list[UUID]()
    await deploy(floor, policy)
    dispatch = Bus.dispatch

    async def busy_at_first(self: Bus, command: Any, envelope: Any) -> Any:
        if envelope.actor == policy.principal:
            tries.append(envelope.command_id)
            if len(tries) == 1:
                raise Busy("later")
            if len(tries) == 2:
                raise RuntimeError("broken")
        return await dispatch(self, command, envelope)

    monkeypatch.setattr(Bus, "dispatch", busy_at_first)
    monkeypatch.setattr("app.infra.schedule._POSTPONE", _POSTPONE_NO_TIME)
    person = await floor.customer()
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
    assert await upgrades(floor, [person]) == [1]
    (row,) = await floor.db.fetch(_OUTCOMES, policy.name)
    assert (row["outcome"], row["attempts"], row["reason"]) == ("ACCEPTED", 2, None)
    assert len(tries) == 3
    assert len(set(tries)) == 1


_POSTPONE_NO_TIME = """
update policy.scheduled_commands set attempts = attempts + 1, reason = $2 where command_id = $1 and outcome is null
"""


async def test_one_command_that_fails_holds_up_no_other(floor: Floor) -> None:
    """One is scheduled that this version does not know; it waits for a version that does."""
    policy = gild("gild the others")
    await deploy(floor, policy)
    first = await floor.customer()
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
        await floor.db.execute(
            """update policy.scheduled_commands set type = 'GildCustomer', outcome = null, settled_at = null
               where policy = $1""",
            policy.name,
        )
        await until(lambda: _says(floor, policy.name, (None, "UnknownCommand: GildCustomer", 1)))
        second = await floor.customer()
        await until(lambda: _says(floor, policy.name, ("ACCEPTED", None, 0)))
        (status,) = await policy_statuses(floor.db, [policy.name])
        assert (status.scheduled, status.failing) == (1, 1)
    assert await upgrades(floor, [first, second]) == [1, 1]


async def _says(floor: Floor, policy: str, said: tuple[str | None, str | None, int]) -> bool:
    return tuple((await floor.db.fetch(_OUTCOMES, policy))[-1]) == said


def poisoned_by(person: UUID, name: str) -> Policy[Counted]:
    """Makes SILVER who registers and GOLD who moves, and cannot bear that this person registered."""

    def react(turn: Turn[Counted]) -> Iterator[Reaction]:
        recorded = turn.recorded
        registered = isinstance(recorded.event, CustomerRegistered)
        if registered and recorded.aggregate_id == person:
            raise RuntimeError("broken")
        tier = Tier.SILVER if registered else Tier.GOLD
        yield UpgradeCustomer(at=recorded.recorded_at, customer_id=recorded.aggregate_id, tier=tier)

    return gild(name, react=react, handles=(CustomerRegistered, AddressChanged))


async def move(floor: Floor, *people: UUID) -> None:
    for person in people:
        await floor.send(ChangeAddress(at=now(), customer_id=person, address=LYON))


async def letters(floor: Floor, policy: str) -> list[tuple[UUID, str, str | None, int]]:
    """What is parked, in order: of whom, what, for which reason, after how many attempts."""
    query = "select sequence, type, message, attempts from read.dead_letters where consumer = $1 order by position"
    return [tuple(row) for row in await floor.db.fetch(query, policy)]


async def retry(floor: Floor, policy: str) -> None:
    await floor.db.execute("update read.dead_letters set retry = true where consumer = $1", policy)


async def test_an_event_that_cannot_be_reacted_to_is_parked_with_what_follows_and_all_else_goes_on(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.jobs.parking.LOOK_S", 0)
    name = "gild most"
    victim, other = new_id(), new_id()
    policy = poisoned_by(victim, name)
    await deploy(floor, policy)
    for person in (victim, other):
        await floor.customer(customer_id=person)
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, name)
        await move(floor, victim, other)
        await until_done(floor, name)
        parked = [(victim, "CustomerRegistered", "broken", 3), (victim, "AddressChanged", None, 0)]
        assert await letters(floor, name) == parked
        assert await seen(floor, name, [victim, other]) == [set(), {2}]
        assert await upgrades(floor, [victim, other]) == [0, 2]
        await retry(floor, name)
        await until(lambda: _has_failed_again(floor, name))
    mended = poisoned_by(new_id(), name)
    async with reacting(floor.made, floor.bus, mended):
        await retry(floor, name)
        await until(lambda: _is_restored(floor, name))
        await until_done(floor, name)
    assert await upgrades(floor, [victim, other]) == [2, 2]
    assert await seen(floor, name, [victim, other]) == [{2}, {2}]
    assert Counter(await outcomes(floor, name)) == {"ACCEPTED": 4}


async def _has_failed_again(floor: Floor, policy: str) -> bool:
    return [attempts for *_, attempts in await letters(floor, policy)] == [4, 0]


async def _is_restored(floor: Floor, policy: str) -> bool:
    return await letters(floor, policy) == []


@pytest.mark.parametrize("name", ["move", "settle"])
async def test_a_worker_may_die_while_what_was_parked_is_restored(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Before or after each of the events that it reacts to late."""
    monkeypatch.setattr("workers.jobs.parking.LOOK_S", 0)
    owner: Any = PolicyStore if name == "move" else DeadLetters
    victim, policy_name, done = new_id(), f"gild late {name}", getattr(owner, name)
    await deploy(floor, poisoned_by(victim, policy_name))
    await floor.customer(customer_id=victim)
    await move(floor, victim)
    async with reacting(floor.made, floor.bus, poisoned_by(victim, policy_name)):
        await until_done(floor, policy_name)
    assert len(await letters(floor, policy_name)) == 2
    await retry(floor, policy_name)

    async def dying(self: Any, *given: Any, **options: Any) -> None:
        await done(self, *given, **options)
        raise asyncio.CancelledError

    mended = poisoned_by(new_id(), policy_name)
    with monkeypatch.context() as mortal:
        mortal.setattr(owner, name, dying)
        async with reactions(floor.made, floor.bus, [mended]) as running:
            for _ in range(2):
                running.start(await leased(running, policy_name), _nobody)
                await until(lambda: _has_ended(running))
    async with reacting(floor.made, floor.bus, mended):
        await until(lambda: _is_restored(floor, policy_name))
        await until_done(floor, policy_name)
    assert await upgrades(floor, [victim]) == [2]
    assert await seen(floor, policy_name, [victim]) == [{2}]
    assert await outcomes(floor, policy_name) == ["ACCEPTED", "ACCEPTED"]


async def test_a_policy_that_raises_at_everything_stops_and_goes_on_when_it_is_mended(floor: Floor) -> None:
    def broken(_: Turn[Counted]) -> Iterator[Reaction]:
        raise RuntimeError("broken")

    policy = gild("gild somehow")
    await deploy(floor, policy)
    people = [await floor.customer() for _ in range(3)]
    async with reacting(floor.made, floor.bus, replace(policy, react=broken), parked_at_most=2):
        await until(lambda: _is(floor, policy, "FAILING"))
        (status,) = await policy_statuses(floor.db, [policy.name])
        said = "TooManyDeadLetters: 2 aggregates are parked already, now RuntimeError('broken')"
        assert (status.error, status.parked) == (said, 2)
    async with reacting(floor.made, floor.bus, policy):
        await retry(floor, policy.name)
        await until(lambda: _is_restored(floor, policy.name))
        await until(lambda: _is(floor, policy, "FRESH"))
        await until_done(floor, policy.name)
        (status,) = await policy_statuses(floor.db, [policy.name])
        assert (status.owner, status.error, status.scheduled, status.parked) == ("test", None, 0, 0)
    assert await upgrades(floor, people) == [1, 1, 1]


async def _is(floor: Floor, policy: Policy[Any], state: str) -> bool:
    (status,) = await policy_statuses(floor.db, [policy.name])
    return status.state == state


async def test_a_policy_that_nobody_runs_is_stalled_and_so_is_one_that_is_not_there(floor: Floor) -> None:
    policy = gild("gild never")
    await deploy(floor, policy)
    statuses = await policy_statuses(floor.db, [policy.name, "nothing"])
    assert [(each.policy, each.state, each.owner) for each in statuses] == [
        ("gild never", "STALLED", None),
        ("nothing", "STALLED", None),
    ]


async def test_what_is_switched_off_withdraws_what_it_has_scheduled_and_reacts_to_nothing(floor: Floor) -> None:
    on, off = expire_unpaid_orders(timedelta(hours=1)), expire_unpaid_orders(timedelta(0))
    customer, product = await floor.customer(), await floor.product(pieces=10)
    await floor.send(order_of(customer, [(product, 1)]))
    async with reacting(floor.made, floor.bus, on):
        await until(lambda: _is_at_head(floor, on.name))
    assert await outcomes(floor, on.name) == [None]
    async with reacting(floor.made, floor.bus, off):
        await floor.send(order_of(customer, [(product, 1)]))
        await until_done(floor, off.name)
    assert await outcomes(floor, on.name) == ["WITHDRAWN"]
    async with reacting(floor.made, floor.bus, on):
        await floor.send(order_of(customer, [(product, 1)]))
        await until(lambda: _is_at_head(floor, on.name))
    assert await outcomes(floor, on.name) == ["WITHDRAWN", None]


async def _is_at_head(floor: Floor, policy: str) -> bool:
    return not await floor.db.fetchval(f"select ({_HEAD}) - ({_POSITION})", policy)


async def test_commands_to_the_same_aggregate_follow_each_other(floor: Floor) -> None:
    """Both are accepted, which the second would not be before the first."""

    def react(turn: Turn[Counted]) -> Iterator[Reaction]:
        recorded = turn.recorded
        for tier in (Tier.SILVER, Tier.GOLD):
            yield UpgradeCustomer(at=recorded.recorded_at, customer_id=recorded.aggregate_id, tier=tier)

    policy = gild("gild in steps", react=react)
    await deploy(floor, policy)
    people = [await floor.customer() for _ in range(20)]
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
    assert Counter(await outcomes(floor, policy.name)) == {"ACCEPTED": 40}
    assert await upgrades(floor, people) == [2] * 20


async def test_nobody_can_take_the_id_of_a_command_beforehand(floor: Floor) -> None:
    """It derives from the event's own id, which is random: the customer and the position do not tell it."""
    policy = gild("gild the cunning")
    await deploy(floor, policy)
    person = await floor.customer()
    (event,) = await floor.events_of(person)
    guesses = {policy.command_id(guess, 0) for guess in (person, UUID(int=event["position"]))}
    async with reacting(floor.made, floor.bus, policy):
        await until_done(floor, policy.name)
    query = "select command_id from policy.scheduled_commands where policy = $1"
    (scheduled,) = await floor.db.fetch(query, policy.name)
    assert scheduled["command_id"] == policy.command_id(event["event_id"], 0)
    assert scheduled["command_id"] not in guesses


async def test_the_checkpoint_moves_over_what_the_policy_does_not_handle(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_module, "RENEW_S", 0.05)
    policy = gild("gild at leisure")
    await deploy(floor, policy)
    async with reacting(floor.made, floor.bus, policy):
        await floor.product()
        await until_done(floor, policy.name)
    assert await outcomes(floor, policy.name) == []
