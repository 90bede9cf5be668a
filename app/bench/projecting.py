"""What projecting costs, and how soon it shows: at a steady rate, at a new view's catching up, and while idle."""

import asyncio
import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from app.bench.figures import percentile
from app.bench.measurements import until_reached
from app.bench.rig import Rig, at_once, clock
from app.bootstrap import open_redis, prefix_of
from app.infra.db import PROJECTION_ROLE
from app.infra.table_views import TableView
from app.infra.wanted import Found, Wanted
from app.kernel.view import View
from read_model.orders import order_details

CLIENTS = 16
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

_BACKENDS = "select pid, application_name from pg_stat_activity where backend_type = 'client backend'"

_COPIED = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
select gen_random_uuid(), aggregate_type, id, 1, type, schema_version, jsonb_set(data, '{order_id}', to_jsonb(id)),
       jsonb_set(metadata, '{command_id}', to_jsonb(gen_random_uuid()))
from (select *, gen_random_uuid() as id from write.events, generate_series(1, $1)
      where type = 'OrderPlaced' and version = 1 order by generate_series, position limit $2) as placed
"""


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds of CPU: of workers, of the backends that serve them, and of Redis."""

    workers: float
    postgres: float
    redis: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.workers - other.workers, self.postgres - other.postgres, self.redis - other.redis)

    def __truediv__(self, by: float) -> "Cpu":
        return Cpu(self.workers / by, self.postgres / by, self.redis / by)

    @property
    def total(self) -> float:
        """All of it."""
        return self.workers + self.postgres + self.redis


@dataclass(frozen=True, slots=True)
class Visible:
    """Lags from commit to visible in ms, the rate that was reached in commands/s, and CPU in seconds a command."""

    median: float
    p95: float
    p99: float
    longest: float
    rate: float
    cpu: Cpu


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """How many events a second a view takes from position 0 on, both stores; and CPU in seconds an event."""

    view: str
    events: int
    rate: float
    cpu: Cpu


async def visible_at(rig: Rig, seconds: float, rate: float) -> Visible:
    """Orders at a steady rate, each looked for by a reader that waits: from its commit until its document shows it.

    Infinite for one that is not there after thirty seconds. Workers must be running, and have nothing else to do.
    """
    before, began = await cpu(rig), clock()
    lags = [lag async for lag in _lags(rig, int(seconds * rate), rate)]
    took = clock() - began
    await until_reached(rig, await rig.commands.head())
    median, p95, p99, longest = (percentile(sorted(lags), share) * 1e3 for share in (0.5, 0.95, 0.99, 1.0))
    return Visible(median, p95, p99, longest, len(lags) / took, (await cpu(rig) - before) / len(lags))


async def _lags(rig: Rig, number: int, rate: float) -> AsyncIterator[float]:
    began, tasks = clock(), []
    for each in range(number):
        tasks.append(asyncio.create_task(_lag(rig, each)))
        await asyncio.sleep(max(0.0, began + (each + 1) / rate - clock()))
    for lag in await asyncio.gather(*tasks):
        yield lag


async def _lag(rig: Rig, number: int) -> float:
    receipt = await rig.dispatch(rig.order(number))
    committed = clock()
    found = await rig.reads.get(order_details.VIEW, receipt.aggregate_id, Wanted(version=1, wait_s=30.0))
    return clock() - committed if isinstance(found, Found) else math.inf


async def idle_cpu(rig: Rig, seconds: float) -> Cpu:
    """Shares of a core that running workers use while nothing happens."""
    before, began = await cpu(rig), clock()
    await asyncio.sleep(seconds)
    return (await cpu(rig) - before) / (clock() - began)


async def catch_up_new_view(rig: Rig, view: View[Any] = order_details.VIEW, events: int = 100_000) -> CaughtUp:
    """One worker brings a view from position 0 to the head of a log of so many orders; it has nothing else to do.

    No other worker may be running. The view begins empty, in both stores.
    """
    await _fill(rig, events)
    async with all_held(rig, but=view.name) as owner:
        await _empty(rig, owner, rig.reads.table(view))
        head = await rig.commands.head()
        rig.start_worker()
        await _until(owner, view, "owner is not null and position > 0")
        first = await owner.fetchval("select min(position) from read.checkpoints where view = $1", view.name)
        before, began = await cpu(rig), clock()
        await _until_in_both(rig, owner, view, head)
        took, used = clock() - began, await cpu(rig) - before
        rig.stop_workers()
    return CaughtUp(view.name, head - first, (head - first) / took, used / (head - first))


async def _fill(rig: Rig, events: int) -> None:
    """Dispatches a thousand orders, and copies their events under other ids until there are enough."""
    placed = 1_000
    await at_once(CLIENTS, range(placed), lambda number: rig.dispatch(rig.order(number)))
    owner = await asyncpg.connect(rig.settings.database_url)
    try:
        await owner.execute(_COPIED, -(-events // placed), max(0, events - placed), timeout=600)
        await owner.execute("vacuum analyze write.events", timeout=600)
    finally:
        await owner.close()


_POLICIES_GO_ON = """
update policy.checkpoints set lease_until = null, position = (select max(position) from write.events)
"""
"""What was filled in is nothing to react to."""


@asynccontextmanager
async def all_held(rig: Rig, but: str = "") -> AsyncIterator[asyncpg.Connection]:
    """Holds the leases of all views but one, and of policies: a worker works on nothing else meanwhile."""
    owner = await asyncpg.connect(rig.settings.database_url)
    try:
        await owner.execute(
            "update read.checkpoints set lease_until = 'infinity', epoch = epoch + 1 where view <> $1", but
        )
        await owner.execute("update policy.checkpoints set lease_until = 'infinity', epoch = epoch + 1")
        yield owner
    finally:
        await owner.execute("update read.checkpoints set lease_until = null")
        await owner.execute(_POLICIES_GO_ON)
        await owner.close()


async def _empty(rig: Rig, owner: asyncpg.Connection, table: TableView[Any]) -> None:
    tables = [table.table, *([table.entities.table] if table.entities else [])]
    await owner.execute(f"truncate {', '.join(tables)}")
    await owner.execute(
        "update read.checkpoints set position = 0, head = 0, lease_until = null, owner = null where view = $1",
        table.view.name,
    )
    async with open_redis(rig.settings.redis_url) as redis:
        async for key in redis.scan_iter(f"{prefix_of(rig.commands.log_id)}:{table.view.name}:*", count=10_000):
            await redis.delete(key)


async def _until(owner: asyncpg.Connection, view: View[Any], condition: str) -> None:
    query = f"select bool_and({condition}) from read.checkpoints where view = $1"
    while not await owner.fetchval(query, view.name):  # noqa: ASYNC110 - another process gets there
        await asyncio.sleep(0.01)


async def _until_in_both(rig: Rig, owner: asyncpg.Connection, view: View[Any], position: int) -> None:
    await _until(owner, view, f"position >= {position}")
    table = rig.reads.table(view)
    if not view.in_redis:
        return
    base = f"{prefix_of(rig.commands.log_id)}:{view.name}:{table.generation}:"
    async with open_redis(rig.settings.redis_url) as redis:
        keys = [f"{base}{shard}:checkpoint" for shard in range(view.shards)]
        while min(int(each or -1) for each in await redis.mget(keys)) < position:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def cpu(rig: Rig) -> Cpu:
    """What the rig's workers, their backends and Redis have used so far."""
    owner = await asyncpg.connect(rig.settings.database_url)
    try:
        backends = await owner.fetch(_BACKENDS)
    finally:
        await owner.close()
    async with open_redis(rig.settings.redis_url) as redis:
        info = await redis.info("cpu")
    return Cpu(
        sum(_cpu_s(worker.pid) for worker in rig.workers),
        sum(_cpu_s(row["pid"]) for row in backends if row["application_name"] == PROJECTION_ROLE),
        info["used_cpu_user"] + info["used_cpu_sys"],
    )


def _cpu_s(pid: int) -> float:
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / _TICKS_A_SECOND
