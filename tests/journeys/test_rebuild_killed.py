"""The worker that rebuilds a view is killed at random points, again and again: it always finishes, and always equal.

The log is longer than what is filled at once, so kills hit every phase: before the first batch, between batches, while
indexes are made or the ordinary way goes on, while it is compared, and after the switch.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import asyncpg

from app.infra import rebuilding
from app.infra.db import PROJECTION_ROLE, open_pool
from app.infra.embedded import Servers
from read_model.orders.order_details import VIEW
from tests.support.installation import Installation, installation
from tests.support.long_log import copy_orders
from tests.support.replay import assert_views_equal_a_replay, until_caught_up
from tests.support.sources import copied

KILLS = int(os.environ.get("COUNTERFOIL_TEST_KILLS", "50"))
ORDERS = 3_000

SMALL_BATCHES = {
    "workers__jobs__fill_batch": ("_MOST_ROWS = 8_192", "_MOST_ROWS = 100"),
    "workers__jobs__filling": ("NEAR = 2_000", "NEAR = 200"),
}
"""So that even a short log is filled in many of them."""

PHASES = ("waiting", "begun", "filling", "indexed", "ready", "live")

PHASE = """
select g.state, g.indexed, coalesce(min(c.position), 0) as position,
       coalesce(bool_or(c.owner is not null and c.lease_until > clock_timestamp()), false) as attended
from read.generations g left join read.checkpoints c using (view, generation)
where (g.view, g.generation) = ($1, $2) group by g.view, g.generation
"""

DIFFERENT = """
select count(*) from read.{name}__{one} n full join read.{name}__{other} l using (order_id)
where n::text is distinct from l::text
"""


async def test_it_always_finishes_and_always_equal(
    servers: Servers, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    async with installation(servers) as shop:
        shop.folder = copied(tmp_path, **SMALL_BATCHES)
        await shop.seed()
        await copy_orders(shop.database_url, ORDERS)
        victim = shop.start("worker")
        await until_caught_up(shop)
        connection = await asyncpg.connect(shop.database_url)
        phases, kills, rebuilt = Counter[str](), 0, 0
        try:
            while kills < KILLS:
                generation = await begun(shop)
                for phase in chosen(KILLS - kills):
                    await until_in(connection, generation, phase)
                    await asyncio.sleep(random.uniform(0.0, 0.3))
                    phases[await phase_of(connection, generation)] += 1
                    victim.send_signal(signal.SIGKILL)
                    victim.wait()
                    victim, kills = shop.start("worker"), kills + 1
                await until_in(connection, generation, "live")
                rebuilt += 1
                await until_caught_up(shop)
                await assert_equal(connection, 1, generation)
            figure(f"{kills} kills, {rebuilt} rebuilds, by phase: {dict(phases)}")
            assert await assert_views_equal_a_replay(shop) > ORDERS
            assert len(phases) >= min(4, KILLS // 10)
        finally:
            await connection.close()


def chosen(at_most: int) -> list[str]:
    """In which phases of one rebuild the worker is killed, in their order."""
    phases = random.choices(PHASES, weights=(1, 2, 4, 3, 2, 1), k=min(random.randint(1, 3), at_most))
    return sorted(phases, key=PHASES.index)


async def until_in(connection: asyncpg.Connection, generation: int, phase: str) -> None:
    """Waits until the generation is in this phase, or beyond."""
    while PHASES.index(await phase_of(connection, generation)) < PHASES.index(phase):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def begun(shop: Installation) -> int:
    async with await open_pool(shop.database_url, PROJECTION_ROLE, size=1) as pool:
        return await rebuilding.begin(pool, VIEW)


async def phase_of(connection: asyncpg.Connection, generation: int) -> str:
    row = await connection.fetchrow(PHASE, VIEW.name, generation)
    assert row is not None
    if row["state"] in {"READY", "LIVE"}:
        return str(row["state"]).lower()
    if row["position"] == 0:
        return "begun" if row["attended"] else "waiting"
    return "indexed" if row["indexed"] else "filling"


async def assert_equal(connection: asyncpg.Connection, one: int, other: int) -> None:
    """The generation that was rebuilt holds what the first one holds, which followed event by event."""
    assert await connection.fetchval(DIFFERENT.format(name=VIEW.name, one=one, other=other)) == 0
