"""A bank whose workers and API are killed, and whose Redis is emptied, while many clients transfer at random."""

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from app.infra.embedded import Servers
from app.kernel import typeid
from tests.journeys.bank_clients import BankClient, Told
from tests.schema.past import carried_out, person
from tests.support.installation import Installation, installation
from tests.support.replay import assert_views_equal_a_replay

SECONDS = float(os.environ.get("COUNTERFOIL_TEST_BANK_SECONDS", "25"))
CLIENTS = 12
ACCOUNTS = 10
EACH = Decimal(100)
LIMITS = (Decimal(0), Decimal(25))
MOMENTS = 8

_TOTAL = """
select sum(case when type in ('MoneyDeposited', 'TransferReceived') then amount else -amount end) as total,
       count(*) filter (where type = 'TransferSent') as transfers
from (select type, (data ->> 'amount')::numeric as amount from write.events where aggregate_type = 'account') as moved
where amount is not null
"""
_DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
AT = """query ($id: ID!, $at: DateTime!) { accountBalance(id: $id, at: $at, waitMs: 5000) {
  ... on AccountBalance { balance { amount } } } }"""
NOW = "query ($id: ID!) { account(id: $id) { ... on Account { version balance { amount } } } }"
HISTORY = """query ($id: ID!, $after: String) { accountHistory(id: $id, first: 100, after: $after) {
  edges { node { version commandId amount { amount } balance { amount } } } pageInfo { hasNextPage endCursor } } }"""
DAYS = "{ ledgerDays(first: 100) { edges { node { day transfers transferred { amount } net { amount } } } } }"


@dataclass
class Havoc:
    """Kills a worker or the API, or empties Redis, every second or so."""

    bank: Installation
    api: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    done: Counter[str] = field(default_factory=Counter)

    async def run(self, finished: asyncio.Event) -> None:
        for act in itertools.cycle((self.kill_a_worker, self.kill_the_api, self.flush, self.kill_a_worker)):
            await asyncio.sleep(random.uniform(0.8, 1.6))
            if finished.is_set():
                return
            await act()

    async def kill_a_worker(self) -> None:
        killed = self.workers.pop(random.randrange(len(self.workers)))
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        self.workers += self.bank.start_workers(1)
        self.done["workers killed"] += 1

    async def kill_the_api(self) -> None:
        self.api.send_signal(signal.SIGKILL)
        self.api.wait()
        self.api = await self.bank.start_api()
        self.done["APIs killed"] += 1

    async def flush(self) -> None:
        async with Redis.from_url(self.bank.redis_url) as redis:
            await redis.flushall()
        self.done["Redis flushed"] += 1


async def watched(db: asyncpg.Connection, finished: asyncio.Event) -> int:
    """Looks at the whole log again and again, and returns how often: in none of its states is money missing or new."""
    looks = 0
    while not finished.is_set():
        assert await db.fetchval(_TOTAL) == ACCOUNTS * EACH
        looks += 1
        await asyncio.sleep(0.1)
    return looks


@dataclass
class Books:
    """What the log says, folded by hand: by account, what was added, when and by which command."""

    limits: dict[UUID, Decimal] = field(default_factory=dict)
    added: defaultdict[UUID, list[tuple[datetime, Decimal, str]]] = field(default_factory=lambda: defaultdict(list))
    days: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sent: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @classmethod
    async def of(cls, db: asyncpg.Connection) -> "Books":
        books = cls()
        query = "select * from write.events where aggregate_type = 'account' order by aggregate_id, version"
        for row in await db.fetch(query):
            books.take(row["type"], json.loads(row["data"]), json.loads(row["metadata"])["command_id"])
        return books

    def take(self, kind: str, said: dict[str, Any], command: str) -> None:
        account, at = UUID(said["account_id"]), datetime.fromisoformat(said["booked_at"])
        amount = Decimal(said.get("amount", 0))
        if kind == "AccountOpened":
            self.limits[account] = Decimal(said["overdraft_limit"])
        if kind == "TransferSent":
            self.days[said["booked_on"]]["transfers"] += 1
            self.sent[said["booked_on"]] += amount
        self.added[account].append((at, -amount if kind == "TransferSent" else amount, command))

    def held(self, account: UUID, at: datetime) -> Decimal:
        return sum((amount for booked, amount, _ in self.added[account] if booked <= at), Decimal(0))

    def running(self, account: UUID) -> list[Decimal]:
        """What the account held after each event."""
        return list(itertools.accumulate(amount for _, amount, _ in self.added[account]))

    def accounts_of(self) -> dict[str, Counter[UUID]]:
        """By command, on which accounts it is, and how often."""
        found: defaultdict[str, Counter[UUID]] = defaultdict(Counter)
        for account, added in self.added.items():
            for _, _, command in added:
                found[command][account] += 1
        return found


@pytest.mark.timeout(240)
async def test_no_penny_is_lost_and_no_transfer_is_half_done(servers: Servers, figure: Callable[[str], None]) -> None:
    async with installation(servers) as bank:
        workers, api = bank.start_workers(2), await bank.start_api()
        db, other = await asyncpg.connect(bank.database_url), await asyncpg.connect(bank.database_url)
        async with httpx.AsyncClient(base_url=bank.url, timeout=10) as http:
            accounts = await opened(http)
            havoc, told, finished = Havoc(bank, api, workers), Told(), asyncio.Event()
            async with asyncio.TaskGroup() as running:
                looks = running.create_task(watched(other, finished))
                running.create_task(havoc.run(finished))
                for _ in range(CLIENTS):
                    running.create_task(BankClient(http, accounts, told).go_on(finished))
                await asyncio.sleep(SECONDS)
                finished.set()
        books = await Books.of(db)
        both, none = assert_whole(books, told)
        assert_never_below_the_limits(books)
        rows = await assert_views_equal_a_replay(bank)
        await assert_the_views_say_what_the_log_says(bank, books, accounts)
        assert min(len(told.acknowledged), len(told.refused), both, none) > 0
        assert min(havoc.done.values()) >= 1
        figure(
            f"{len(told.acknowledged)} transfers acknowledged and {len(told.refused)} refused in {SECONDS:.0f} s, "
            f"{len(told.unknown)} without an answer ({both} on both accounts, {none} on neither); "
            f"{dict(havoc.done)}; {dict(told.outcomes)}"
        )
        figure(
            f"{looks.result()} looks at a total of {ACCOUNTS * EACH}, {await db.fetchval(_DEADLOCKS)} deadlocks; "
            f"{rows} rows equal a fresh replay of the log"
        )
        await asyncio.gather(db.close(), other.close())


async def opened(http: httpx.AsyncClient) -> list[str]:
    """Accounts with so much on each, every other one with an overdraft."""
    owner = await person(http, "Pat")
    accounts = []
    for number in range(ACCOUNTS):
        given = {"ownerId": owner, "currency": "GBP", "overdraftLimit": str(LIMITS[number % 2])}
        accounts.append((await carried_out(http, "openAccount", given))["aggregateId"])
        cash = {"accountId": accounts[-1], "amount": {"amount": str(EACH), "currency": "GBP"}}
        await carried_out(http, "deposit", cash)
    return accounts


def assert_whole(books: Books, told: Told) -> tuple[int, int]:
    """What was acknowledged is on two accounts, once each; what was refused on none; what is unknown on two or none.

    Returns how many of the unknown are on both, and how many on neither.
    """
    found = books.accounts_of()
    assert all(sorted(found[command].values()) == [1, 1] for command in told.acknowledged)
    assert all(command not in found for command in told.refused)
    present = [command for command in told.unknown if command in found]
    assert all(sorted(found[command].values()) == [1, 1] for command in present)
    return len(present), len(told.unknown) - len(present)


def assert_never_below_the_limits(books: Books) -> None:
    for account, limit in books.limits.items():
        assert min(books.running(account)) >= -limit
    assert sum(books.running(account)[-1] for account in books.limits) == ACCOUNTS * EACH


async def assert_the_views_say_what_the_log_says(bank: Installation, books: Books, accounts: list[str]) -> None:
    """Balances now, histories, balances at many moments, and days: as clients read them."""
    ids = {text: typeid.decode("account", text) for text in accounts}
    for text, account in ids.items():
        now = (await bank.query(NOW, id=text))["account"]
        assert (Decimal(now["balance"]["amount"]), now["version"]) == (
            books.running(account)[-1],
            len(books.added[account]),
        )
        history = await history_of(bank, text)
        assert [Decimal(each["balance"]["amount"]) for each in history] == books.running(account)
        assert [each["commandId"] for each in history] == [command for _, _, command in books.added[account]]
    for moment in moments(books):
        held = []
        for text, account in ids.items():
            then = (await bank.query(AT, id=text, at=moment.isoformat()))["accountBalance"]
            held.append(Decimal(then["balance"]["amount"]))
            assert held[-1] == books.held(account, moment)
        assert sum(held) == ACCOUNTS * EACH, "both sides of a transfer are of one moment"
    days = [edge["node"] for edge in (await bank.query(DAYS))["ledgerDays"]["edges"]]
    assert {day["day"]: day["transfers"] for day in days if day["transfers"]} == {
        day: counts["transfers"] for day, counts in books.days.items()
    }
    assert {day["day"]: Decimal(day["transferred"]["amount"]) for day in days if day["transfers"]} == books.sent
    assert sum(Decimal(day["net"]["amount"]) for day in days) == ACCOUNTS * EACH


async def history_of(bank: Installation, account: str) -> list[Any]:
    """All that is told of an account, the oldest first."""
    told: list[Any] = []
    after = None
    while True:
        page = (await bank.query(HISTORY, id=account, after=after))["accountHistory"]
        told += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return told[::-1]


def moments(books: Books) -> list[datetime]:
    """Some of those at which something was booked, and just before them; all after the last deposit."""
    booked = sorted({at for added in books.added.values() for at, amount, _ in added if amount < 0})
    chosen = random.sample(booked, min(MOMENTS, len(booked)))
    return [moment for at in chosen for moment in (at - timedelta(microseconds=1), at)]
