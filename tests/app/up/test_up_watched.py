"""`up` gives each worker a port of its own to be watched at."""

from functools import partial
from pathlib import Path

import httpx

from app.infra.embedded.process import wait_until
from tests.support.installation import free_port
from tests.support.up import Up, data_of, folder

__all__ = ["folder"]


def test_each_worker_tells_its_metrics_at_the_next_port(folder: Path) -> None:
    first = free_port()
    up = Up(data_of(folder), "--no-seed", "--workers", "2", COUNTERFOIL_METRICS_PORT=str(first))
    try:
        up.until_ready()
        for port in (first, first + 1):
            assert wait_until(partial(is_alive, port), 30, pause=0.05), up.output()
    finally:
        up.stop()


def is_alive(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/livez", timeout=5)
    except httpx.TransportError:
        return False
    return answer.text == '{"alive":true}'
