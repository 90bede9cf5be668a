"""The alerts over what a real Prometheus records of a running shop: none while all is well, and the right ones else."""

import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.infra.embedded import Servers
from tests.app.observability.test_health import watched
from tests.app.observability.test_metrics import NEWEST
from tests.support.installation import free_port
from tests.support.prometheus import ALERTS, program
from tests.write_model.floor import until

RECORDED_S = 12
"""Longer than the shortest patience of an alert."""


@dataclass
class Prometheus:
    """One that looks each second."""

    url: str

    async def value(self, expression: str) -> float | None:
        """What an expression of one series comes to now; None where there is none, or nobody answers yet."""
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                answer = await client.get(f"{self.url}/api/v1/query", params={"query": expression})
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # while it starts
            return None
        found = answer.json().get("data", {}).get("result", [])
        return float(found[0]["value"][1]) if found else None

    async def alerts(self) -> list[dict[str, Any]]:
        """The labels of what fires."""
        async with httpx.AsyncClient(timeout=10) as client:
            answer = (await client.get(f"{self.url}/api/v1/alerts")).json()
        return [alert["labels"] for alert in answer["data"]["alerts"] if alert["state"] == "firing"]

    async def fires(self, alert: str, **labels: str) -> bool:
        wanted = {"alertname": alert, **labels}
        return any(wanted.items() <= each.items() for each in await self.alerts())

    async def is_quiet(self) -> bool:
        return await self.alerts() == []


@asynccontextmanager
async def prometheus(folder: Path, **targets: str) -> AsyncIterator[Prometheus]:
    """Looks at these addresses, by the names of their jobs, for as long as the block lasts."""
    jobs = [
        {"job_name": f"counterfoil-{job}", "static_configs": [{"targets": [url.removeprefix("http://")]}]}
        for job, url in targets.items()
    ]
    every = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config = folder / "prometheus.json"
    config.write_text(json.dumps({"global": every, "rule_files": [str(ALERTS)], "scrape_configs": jobs}))
    address = f"127.0.0.1:{free_port()}"
    options = {"config.file": config, "storage.tsdb.path": folder / "data", "web.listen-address": address}
    command = [program("prometheus"), *(f"--{name}={value}" for name, value in options.items())]
    process = start(command, folder / "log")
    try:
        yield Prometheus(f"http://{address}")
    finally:
        process.kill()
        process.wait()


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a program, whose output goes to the file."""
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output)


async def test_a_running_shop_is_quiet_and_what_happens_to_it_is_told(servers: Servers, tmp_path: Path) -> None:
    async with (
        watched(servers, "log tail") as shop,
        prometheus(tmp_path, api=shop.shop.url, worker=shop.url) as seen,
    ):

        async def is_recorded() -> bool:
            await shop.shop.query(NEWEST)
            return (await seen.value(f"min(count_over_time(up[1m])) >= {RECORDED_S}")) is not None

        await until(is_recorded)
        assert await seen.value("min(up)") == 1
        assert await seen.value("count(counterfoil_view_position)") == 2 * await shop.shards()
        assert await seen.alerts() == []

        shop.worker.send_signal(signal.SIGUSR1)
        await until(lambda: seen.fires("CounterfoilLoopHanging", job="counterfoil-worker", loop="log tail"))
        await until(lambda: seen.fires("CounterfoilProjectionDead", view="order_details", shard="1"))
        assert await seen.value("max(counterfoil_view_lag_seconds)") == 0
        shop.worker.send_signal(signal.SIGUSR2)
        await until(seen.is_quiet)

        os.kill(shop.worker.pid, signal.SIGSTOP)
        await until(lambda: seen.fires("CounterfoilTargetDown", job="counterfoil-worker"))
        os.kill(shop.worker.pid, signal.SIGCONT)
        await until(seen.is_quiet)
