"""Accounts over their events in the log: whose they are, and that no crowd brings one below its limit."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import asyncpg
import pytest

from app.kernel.clock import new_id, now
from app.kernel.errors import Forbidden, Refusal, VersionConflict
from app.kernel.messages import Command, Receipt
from tests.support.replay import whole_log
from tests.write_model.crowd import crowd
from tests.write_model.floor import Floor
from tests.write_model.ledger.bank import balances, customer, deposit, opening, transfer, withdrawal
from write_model.ledger.commands import CloseAccount, FreezeAccount, UnfreezeAccount
from write_model.ledger.errors import AccountNotFound, InsufficientFunds, OverdraftNotYours, OwnerNotFound

_DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


async def account(floor: Floor, held: int = 0, limit: int = 0) -> UUID:
    """An account of somebody's, with so much on it."""
    opened = opening(await floor.customer(), limit)
    await floor.send(opened)
    if held:
        await floor.send(deposit(opened.account_id, held))
    return opened.account_id


async def test_a_transfer_is_one_command_on_both_accounts(floor: Floor) -> None:
    payer, payee = await account(floor, 10), await account(floor)
    receipt = await floor.send(transfer(payer, payee, "2.50"))
    assert (receipt.aggregate_type, receipt.aggregate_id, receipt.version) == ("account", payer, 3)
    (*_, sent), (*_, received) = await floor.events_of(payer), await floor.events_of(payee)
    assert (sent["type"], received["type"]) == ("TransferSent", "TransferReceived")
    assert sent["metadata"] == received["metadata"]
    assert received["position"] == receipt.position == sent["position"] + 1


async def test_sent_again_it_does_nothing(floor: Floor) -> None:
    payer, payee, command_id = await account(floor, 10), await account(floor), new_id()
    asked = transfer(payer, payee, 4)
    first = await floor.send(asked, command_id=command_id)
    assert await floor.send(asked, command_id=command_id) == first
    held = balances(await whole_log(floor.made.database_url))
    assert [held[payer], held[payee]] == [6, 4]


async def test_a_refusal_writes_nothing(floor: Floor) -> None:
    payer, payee = await account(floor, 10), await account(floor)
    before = await floor.contents()
    for command in (transfer(payer, payee, 11), transfer(payer, new_id(), 1), deposit(payer, 1, "EUR")):
        assert isinstance(await floor.try_to(command), Refusal)
    assert await floor.contents() == before


async def test_to_anybody_else_an_account_does_not_exist(floor: Floor) -> None:
    """Not even by its version. Everybody may pay into it, as into any account whose number they know."""
    own, others = await floor.customer(), await account(floor, 10)
    stranger, mine = customer(own), opening(own)
    await floor.send(mine, actor=stranger)
    commands: list[Command] = [deposit(others, 1), withdrawal(others, 1), transfer(others, mine.account_id, 1)]
    commands.append(CloseAccount(at=now(), account_id=others))
    for command in commands:
        for version in (None, 7):
            found = await floor.try_to(command, actor=stranger, expected_version=version)
            assert isinstance(found, AccountNotFound), command
        assert isinstance(await floor.try_to(command, expected_version=7), VersionConflict)
    await floor.send(deposit(mine.account_id, 3), actor=stranger)
    await floor.send(transfer(mine.account_id, others, 3), actor=stranger, expected_version=2)


@pytest.mark.parametrize("kind", [FreezeAccount, UnfreezeAccount])
async def test_freezing_is_for_operators(floor: Floor, kind: type[FreezeAccount | UnfreezeAccount]) -> None:
    owner = await floor.customer()
    mine = opening(owner)
    await floor.send(mine)
    reason = {"reason": "lost"} if kind is FreezeAccount else {}
    with pytest.raises(Forbidden):
        await floor.send(kind(at=now(), account_id=mine.account_id, **reason), actor=customer(owner))


async def test_accounts_are_opened_for_customers_and_overdrafts_granted_by_operators(floor: Floor) -> None:
    owner, another = await floor.customer(), await floor.customer()
    await floor.send(opening(owner), actor=customer(owner))
    for actor, owned in ((customer(owner), another), (customer(new_id()), owner)):
        assert isinstance(await floor.try_to(opening(owned), actor=actor), OwnerNotFound)
    assert isinstance(await floor.try_to(opening(new_id())), OwnerNotFound)
    granted = opening(owner, 100)
    assert isinstance(await floor.try_to(granted, actor=customer(owner)), OverdraftNotYours)
    await floor.send(granted)
    await floor.send(withdrawal(granted.account_id, 100), actor=customer(owner))


async def test_of_many_who_want_the_last_money_as_many_get_it_as_there_is(floor: Floor) -> None:
    """From several processes at once, out of one account into several."""
    payer, payees = await account(floor, 10, limit=5), [await account(floor) for _ in range(3)]
    async with crowd(floor, 3) as desks:
        asked = [desks[n % 3].try_to(transfer(payer, payees[n % 3], 1)) for n in range(40)]
        outcomes = Counter(type(each) for each in await asyncio.gather(*asked))
    assert outcomes == {Receipt: 15, InsufficientFunds: 25}
    assert balances(await whole_log(floor.made.database_url))[payer] == -5


async def test_transfers_that_cross_lose_nothing_and_wait_for_nobody_in_turn(floor: Floor) -> None:
    """Among four accounts, in all directions, from three processes; more often than a snapshot is made."""
    accounts = [await account(floor, 20, limit=10) for _ in range(4)]
    before = await _deadlocks(floor.db)
    pick = random.Random(7)
    async with crowd(floor, 3) as desks:
        for _ in range(8):
            pairs = [pick.sample(accounts, 2) for _ in range(30)]
            asked = [transfer(payer, payee, pick.randint(1, 9)) for payer, payee in pairs]
            await asyncio.gather(*(desks[n % 3].try_to(each) for n, each in enumerate(asked)))
    held = balances(await whole_log(floor.made.database_url))
    mine = [held[each] for each in accounts]
    assert sum(mine) == 80
    assert min(mine) >= -10
    assert await _deadlocks(floor.db) == before
    snapshots = "select count(*) from write.streams where snapshot_version > 0 and aggregate_id = any($1)"
    assert await floor.db.fetchval(snapshots, accounts) > 0
    for each in accounts:
        last = await floor.send(deposit(each, 1))
        assert last.version == len(await floor.events_of(each))


async def _deadlocks(db: asyncpg.Pool) -> int:
    """So far; what sessions have counted is told when they are idle."""
    await asyncio.sleep(1.1)
    found: int = await db.fetchval(_DEADLOCKS)
    return found
