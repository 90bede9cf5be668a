"""Servers under test: the product's api process and the controls, each a child on a loopback port."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.bench.cpu import started_on
from app.bench.load import ROOT
from app.infra.embedded.process import end, last_lines, spawn
from app.kernel.problem import Problem
from app.up.listening import is_ready

SERVER_CORE = 0
_START_S = 60.0
_SAME_PACKAGES = {"COUNTERFOIL_ENVIRONMENT": "system"}


class ServerDied(Problem):
    """A server under test did not start; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int


@asynccontextmanager
async def api(processes: int = 1) -> AsyncIterator[Server]:
    """The product's api process, open to everybody who reaches this machine's loopback.

    Several share the port and run on any core; `pid` is then of the one that watches over them, the parent of all.
    """
    port, core = free_port(), SERVER_CORE if processes == 1 else None
    told = {"COUNTERFOIL_OPEN": "1", "COUNTERFOIL_HOST": "127.0.0.1", "COUNTERFOIL_PORT": str(port), **_SAME_PACKAGES}
    several = ["--processes", str(processes)] if processes > 1 else []
    async with _running(["app", "api", *several], port, core, told) as server:
        await _until(lambda: is_ready("127.0.0.1", port))
        yield server


@asynccontextmanager
async def control(name: str, *arguments: str, core: int | None = SERVER_CORE) -> AsyncIterator[Server]:
    """One of the servers in `app.bench.controls`."""
    port = free_port()
    async with _running([f"app.bench.controls.{name}", str(port), *arguments], port, core, {}) as server:
        yield server


@asynccontextmanager
async def _running(
    module: Sequence[str], port: int, core: int | None, told: Mapping[str, str]
) -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-log-") as folder:
        log = Path(folder) / "log"
        with started_on(core):
            process = spawn(
                [sys.executable, "-m", *module],
                log=log,
                death_signal=signal.SIGTERM,
                environment={**os.environ, **told},
                directory=ROOT,
            )
        try:
            await _until_listening(process, port, log)
            yield Server(port, process.pid)
        finally:
            await asyncio.to_thread(end, process, [(signal.SIGTERM, 5.0)])


async def _until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    await _until(lambda: process.poll() is not None or _listens(port))
    if process.poll() is not None:
        raise ServerDied(f"A server of the bench does not start:\n{last_lines(log, 30)}")


async def _until(true: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_S
    while not await asyncio.to_thread(true):
        if loop.time() > deadline:
            raise ServerDied(f"A server of the bench is not ready after {_START_S:.0f} s.")
        await asyncio.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
