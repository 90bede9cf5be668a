"""Health: a loop that stops with nothing to do turns it bad, and the process that must be started anew is named."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx
import pytest

from app.infra.db import QUERY_ROLE, open_pool
from app.infra.embedded import Servers
from app.infra.view_status import ViewStatus
from app.kernel.pulse import HANGS_AFTER_S, Pulses
from app.observability.health import Health
from app.observability.metrics import Metrics
from app.observability.stores import StoreMetrics
from tests.support.installation import Installation, free_port, installation
from tests.support.replay import until_caught_up
from tests.support.scrapes import Scrape, health, scrape
from tests.support.stoppable_worker import STOPPABLE
from tests.write_model.floor import until

WELL = (200, {"alive": True})


@dataclass
class Watched:
    """An installation with one worker that can be watched, and an API; nothing is left to be projected."""

    shop: Installation
    worker: subprocess.Popen[bytes]
    url: str

    async def lag(self) -> float:
        """Of all views, as the API tells it, in seconds and events."""
        found = await scrape(self.shop.url)
        return found.value("counterfoil_view_lag_seconds") + found.value("counterfoil_view_events_behind")

    async def shards(self) -> int:
        """How many there are."""
        return len([*(await scrape(self.shop.url)).named("counterfoil_view_position")])

    async def names(self, loop: str) -> bool:
        """Whether the worker says that this loop has stopped."""
        _, told = await health(self.url, "/livez")
        return loop in told["stopped"]  # type: ignore[operator]

    async def says(self, url: str, path: str, status: int) -> bool:
        try:
            return (await health(url, path))[0] == status
        except httpx.TransportError:
            return False


@asynccontextmanager
async def watched(servers: Servers, stoppable: str) -> AsyncIterator[Watched]:
    async with installation(servers) as made:
        port = free_port()
        await made.seed()
        command = [sys.executable, "-m", "tests.support.stoppable_worker", stoppable]
        worker = made.start_other(command, "worker", COUNTERFOIL_METRICS_PORT=str(port))
        await made.start_api()
        await until_caught_up(made)
        found = Watched(made, worker, f"http://127.0.0.1:{port}")
        await until(lambda: found.says(found.url, "/readyz", 200))
        yield found


@pytest.mark.parametrize("loop", STOPPABLE)
async def test_a_loop_that_stops_with_nothing_to_do_is_no_longer_alive_and_is_again_when_it_goes_on(
    servers: Servers, loop: str, figure: Callable[[str], None]
) -> None:
    async with watched(servers, loop) as found:
        assert await health(found.url, "/livez") == WELL
        found.worker.send_signal(signal.SIGUSR1)
        stopped_at = time.monotonic()
        await until(lambda: found.says(found.url, "/livez", 503))
        figure(f"{loop}: bad after {time.monotonic() - stopped_at:.1f} s")
        await until(lambda: found.names(loop))
        assert await found.lag() == 0
        assert (await scrape(found.url)).value("counterfoil_loop_age_seconds", loop=loop) > HANGS_AFTER_S
        assert await health(found.shop.url, "/livez") == WELL
        found.worker.send_signal(signal.SIGUSR2)
        await until(lambda: found.says(found.url, "/livez", 200))


async def test_views_whose_shards_are_taken_again_and_again_without_a_turn_are_not_taken_for_projected(
    servers: Servers,
) -> None:
    async with watched(servers, "customer_profile/0") as found:
        found.worker.send_signal(signal.SIGUSR1)
        await until(lambda: found.says(found.shop.url, "/readyz/views", 503))
        _, told = await health(found.shop.url, "/readyz/views")
        assert told == {"projected": False, "views": {"customer_profile": "STALLED"}}


async def test_a_worker_that_stands_still_turns_the_views_bad_and_nobody_else(
    servers: Servers, figure: Callable[[str], None]
) -> None:
    async with watched(servers, "arq") as found:
        os.kill(found.worker.pid, signal.SIGSTOP)
        stopped_at = time.monotonic()
        try:
            await until(lambda: found.says(found.shop.url, "/readyz/views", 503))
            figure(f"bad after {time.monotonic() - stopped_at:.1f} s")
            assert await found.lag() == 0
            seen = await scrape(found.shop.url)
            assert max(each.value for each in seen.named("counterfoil_view_heartbeat_age_seconds")) > 9
            assert await health(found.shop.url, "/livez") == WELL
            assert await health(found.shop.url, "/readyz") == (200, {"ready": True, "commands": True, "queries": True})
        finally:
            os.kill(found.worker.pid, signal.SIGCONT)
        await until(lambda: found.says(found.shop.url, "/readyz/views", 200))
        await until(lambda: found.says(found.url, "/livez", 200))


@pytest.mark.parametrize(("runs", "alive"), [(True, True), (False, False)])
def test_a_task_that_has_ended_is_no_longer_alive(runs: bool, alive: bool) -> None:
    verdict = Health(Pulses(), running={"hints": lambda: runs}).alive()
    assert (verdict.well, verdict.told) == (alive, {"alive": True} if alive else {"alive": False, "stopped": ["hints"]})


async def test_what_has_no_stores_yet_is_alive_and_not_ready() -> None:
    found = Health(Pulses())
    assert found.alive().well
    assert (await found.ready()).told == {"ready": False, "reason": "starting"}


async def test_who_waits_for_views_is_ready_when_all_are_projected(bare: Installation) -> None:
    async with await open_pool(bare.database_url, QUERY_ROLE, size=2) as pool:
        waiting = Health(Pulses(), [pool], ViewStatus(pool), waits_for_views=True)
        other = Health(Pulses(), [pool], ViewStatus(pool))
        assert (await other.ready()).well
        assert not (await waiting.ready()).well, "nobody has projected anything yet"
        await beat(bare)
        assert (await waiting.ready()).told == {"ready": True, "projected": True}
        await beat(bare, state="FAILING", error="RuntimeError: broken")
        bad = await waiting.ready()
        assert (bad.well, set(views_of(bad.told).values())) == (False, {"FAILING"})


async def test_stores_that_do_not_answer_are_told_by_health_and_metrics(bare: Installation) -> None:
    pool = await open_pool(bare.database_url, QUERY_ROLE, size=2)
    found, metrics = Health(Pulses(), [pool], ViewStatus(pool)), Metrics(StoreMetrics(views=pool))
    assert (await found.ready()).well
    assert Scrape((await metrics.text()).decode()).value("counterfoil_store_up", store="views") == 1
    pool.terminate()
    assert ((await found.ready()).told, (await found.views()).well) == (
        {"ready": False, "reason": "InterfaceError"},
        False,
    )
    told = Scrape((await metrics.text()).decode())
    assert [sample.value for sample in told.named("counterfoil_store_up")] == [0]
    assert list(told.named("counterfoil_view_position")) == []


def views_of(told: Mapping[str, object]) -> dict[str, str]:
    views = told["views"]
    assert isinstance(views, dict)
    return views


async def beat(made: Installation, state: str = "RUNNING", error: str | None = None) -> None:
    """Every shard was heard of just now."""
    connection = await asyncpg.connect(made.database_url)
    try:
        said = "update read.checkpoints set heartbeat_at = clock_timestamp(), state = $1, error = $2"
        await connection.execute(said, state, error)
    finally:
        await connection.close()
