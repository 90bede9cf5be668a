"""How fast a view is rebuilt from a long log of orders, by one worker process that has nothing else to do."""

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.bench.projecting import Cpu, all_held, cpu
from app.bench.rig import Rig, at_once, clock
from app.bootstrap import open_redis, prefix_of
from app.infra import rebuilding
from app.infra.db import PROJECTION_ROLE, open_pool
from app.kernel.clock import now
from app.kernel.view import View
from read_model.orders import order_details
from write_model.orders.commands import DeliverOrder, PayOrder, ShipOrder

CLIENTS = 16
PATTERNS = 250
"""Orders that are dispatched and delivered; all others are copies of them under other ids."""

_APART = 500
"""Orders that are placed between two events of one order."""

_PATTERN = """
create temporary table pattern as
select dense_rank() over (order by aggregate_id) - 1 as number, e.* from write.events e where aggregate_type = 'order'
"""

_COPIED = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
select gen_random_uuid(), p.aggregate_type, made.id, p.version, p.type, p.schema_version,
       case when p.version = 1 then jsonb_set(p.data, '{order_id}', to_jsonb(made.id)) else p.data end, p.metadata
from (select n, gen_random_uuid() as id from generate_series(1, $1::integer) n) as made
join pattern p on p.number = made.n % $2::integer
order by made.n + $3::integer * p.version, p.version
"""


_STARTING_S = 3.0
"""What a worker takes until it has nothing to do."""

_TAKEN = "select bool_and(owner is not null) from read.checkpoints where (view, generation) = ($1, $2)"
_FILLED = "select indexed from read.generations where (view, generation) = ($1, $2)"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many events a second a view took, indexes included, into both stores; and CPU in seconds an event."""

    view: str
    events: int
    rate: float
    cpu: Cpu


async def lay_log(rig: Rig, events: int) -> None:
    """Fills the log with orders that are placed, paid, shipped and delivered, many of them under way at a time."""
    await at_once(CLIENTS, range(PATTERNS), lambda number: _carried_out(rig, number))
    owner = await asyncpg.connect(rig.settings.database_url)
    try:
        await owner.execute(_PATTERN, timeout=600)
        await owner.execute(_COPIED, events // 4, PATTERNS, _APART, timeout=3_600)
        await owner.execute("vacuum analyze", timeout=600)  # or PostgreSQL would, while what follows is measured
    finally:
        await owner.close()


async def _carried_out(rig: Rig, number: int) -> None:
    placed = rig.order(number)
    await rig.dispatch(placed)
    await rig.dispatch(PayOrder(at=now(), order_id=placed.order_id))
    await rig.dispatch(ShipOrder(at=now(), order_id=placed.order_id))
    await rig.dispatch(DeliverOrder(at=now(), order_id=placed.order_id))


async def rebuild(rig: Rig, view: View[Any] = order_details.VIEW) -> Rebuilt:
    """One worker, which is running and idle, fills the view's next generation, until it has its indexes."""
    async with all_held(rig) as owner:
        rig.start_worker()
        await asyncio.sleep(_STARTING_S)
        head = await rig.commands.head()
        async with await open_pool(rig.settings.database_url, PROJECTION_ROLE, size=1) as pool:
            generation = await rebuilding.begin(pool, view)
        await _until(owner, _TAKEN, view, generation)
        before, began = await cpu(rig), clock()
        await _until(owner, _FILLED, view, generation)
        await _until_in_redis(rig, view, generation, head)
        took, used = clock() - began, await cpu(rig) - before
        rig.stop_workers()
    return Rebuilt(view.name, head, head / took, used / head)


async def _until(owner: asyncpg.Connection, query: str, view: View[Any], generation: int) -> None:
    while not await owner.fetchval(query, view.name, generation):  # noqa: ASYNC110 - another process gets there
        await asyncio.sleep(0.02)


async def _until_in_redis(rig: Rig, view: View[Any], generation: int, position: int) -> None:
    base = f"{prefix_of(rig.commands.log_id)}:{view.name}:{generation}:"
    keys = [f"{base}{shard}:checkpoint" for shard in range(view.shards if view.in_redis else 0)]
    async with open_redis(rig.settings.redis_url) as redis:
        while keys and min(int(each or -1) for each in await redis.mget(keys)) < position:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
