"""An installation for tests: its own database, its own Redis keys, and real processes."""

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx

from app import registry
from app.bootstrap import policies
from app.config import Settings
from app.http.tokens import mint
from app.infra.embedded import Servers
from app.migrations.migrate import migrate
from app.seed import seed

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key for tests alone, of more than 32 bytes"

_numbers = itertools.count(1)


@dataclass
class Installation:
    """One log with its read models; `processes` run from the code in `folder`, and are ended with it."""

    servers: Servers
    database_url: str
    redis_url: str
    port: int
    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="counterfoil-test-")))

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """What the processes are told, for parts that run inside the test."""
        return Settings(database_url=self.database_url, redis_url=self.redis_url, jwt_key=KEY)

    async def seed(self) -> None:
        """Opens the small shop."""
        await seed(self.settings)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts `python -m app …` against this installation."""
        return self.start_other([sys.executable, "-m", "app", *command], command[0], **environment)

    def start_other(self, arguments: Sequence[str], name: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts any program against this installation; its log is found under the name."""
        told = {
            **os.environ,
            "COUNTERFOIL_ENVIRONMENT": "system",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "COUNTERFOIL_JWT_KEY": KEY,
            "COUNTERFOIL_PORT": str(self.port),
            "COUNTERFOIL_OPEN": "1",
            **self.environment,
            **environment,
        }
        with (self.logs / f"{name}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(arguments, cwd=self.folder, env=told, stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process

    def start_workers(self, number: int) -> list[subprocess.Popen[bytes]]:
        """Starts so many worker processes."""
        return [self.start("worker") for _ in range(number)]

    async def start_api(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts the API, and waits until it is ready."""
        process = self.start("api", *options, **environment)
        async with httpx.AsyncClient() as client:
            for _ in range(1_200):
                if process.poll() is not None:
                    raise AssertionError(self.log_of("api"))
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return process
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(f"the API did not get ready:\n{self.log_of('api')}")

    def log_of(self, command: str) -> str:
        """What the processes of a command have logged."""
        return "\n".join(path.read_text() for path in sorted(self.logs.glob(f"{command}-*.log")))

    def last_log(self, command: str) -> str:
        """What the latest process of a command has logged."""
        return max(self.logs.glob(f"{command}-*.log"), key=lambda path: path.stat().st_mtime_ns).read_text()

    async def query(self, text: str, /, headers: Mapping[str, str] | None = None, **variables: Any) -> Any:
        """The data of a GraphQL operation; fails the test on errors."""
        answer = await self.ask(text, headers=headers, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def ask(self, text: str, /, headers: Mapping[str, str] | None = None, **variables: Any) -> Any:
        """The whole answer to a GraphQL operation."""
        async with httpx.AsyncClient(timeout=30) as client:
            body = {"query": text, "variables": variables}
            return (await client.post(f"{self.url}/graphql", json=body, headers=headers or {})).json()

    def bearer(self, *roles: str, subject: str = "test", scopes: Sequence[str] = ()) -> dict[str, str]:
        """The header of someone with these roles and scopes."""
        return {"Authorization": f"Bearer {mint(KEY, subject=subject, roles=roles, hours=1, scopes=scopes)}"}

    def stop(self) -> None:
        """Ends what is still running."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def database_named(url: str, name: str) -> str:
    """The same server's database of this name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@asynccontextmanager
async def installation(servers: Servers, *, migrated: bool = True) -> AsyncIterator[Installation]:
    """A fresh installation on the servers; its processes are ended and its database dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _administer(servers, f"create database {name}")
    made = Installation(servers, database_named(servers.database_url, name), servers.redis_url, free_port())
    try:
        if migrated:
            await migrate(made.database_url, registry.VIEWS, policies(made.settings))
        yield made
    finally:
        made.stop()
        await _administer(servers, f"drop database {name} with (force)")


async def _administer(servers: Servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
