"""`up`: everything on one machine, started in order, kept alive, and stopped in order."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from app.infra.embedded import Servers
from app.kernel.problem import Problem
from app.loopback import is_loopback
from app.up.building import Building
from app.up.children import Child, describe_status
from app.up.data_dir import Running, UpProblem, data_dir_lock, installation_key
from app.up.listening import check_port

READY_SECONDS = 60.0
HOPELESS_DEATHS = 3
TICK = 0.1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Ctrl-C or SIGTERM."""


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What `up` is asked for; `workers` is the number of worker processes."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    seed: bool = True


def up(options: UpOptions, environment: Mapping[str, str] = os.environ) -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit status."""
    console = Console(highlight=False)
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    try:
        with ExitStack() as undo:
            Supervisor(options, environment, console).run(undo)
    except StopRequested:
        return 0
    except Problem as problem:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(problem), style="red", markup=False)
        return 1
    return 0


class Supervisor:
    """One run of `up`."""

    def __init__(self, options: UpOptions, environment: Mapping[str, str], console: Console) -> None:
        self._options = options
        self._given = dict(environment)
        self._console = console
        self._data_dir = options.data_dir.absolute()
        self._children: list[Child] = []
        self._assets = _Assets(self._say)
        self._building = Building(options.host, options.port, self._say)
        self._is_open = False
        self._began = time.monotonic()

    def run(self, undo: ExitStack) -> None:
        """Start everything, then look after it until a signal comes; `undo` stops what was started."""
        self._check_access()
        undo.enter_context(data_dir_lock(self._data_dir))
        check_port(self._options.host, self._options.port)
        self._assets.start()
        servers = self._start_servers(undo)
        environment = self._environment(servers)
        self._note_running(undo, servers)
        self._migrate(environment)
        self._check_redis()
        undo.callback(self._stop_children)
        self._start_children(environment)
        self._wait_until_ready(servers)
        self._seed(environment, servers, undo)
        self._announce(servers)
        self._look_after(servers)

    def _check_access(self) -> None:
        if not is_loopback(self._options.host) and not self._given.get("COUNTERFOIL_JWT_KEY"):
            raise UpProblem(
                f"On {self._options.host} other machines can reach the API, so it must know who is asking: "
                "set COUNTERFOIL_JWT_KEY to a secret of at least 32 bytes, or leave out --host."
            )

    def _start_servers(self, undo: ExitStack) -> Servers:
        servers = Servers(
            self._data_dir,
            database_url=self._given.get("DATABASE_URL") or None,
            redis_url=self._given.get("REDIS_URL") or None,
            say=self._say,
        )
        undo.callback(servers.stop)
        with self._console.status("Starting the servers"):
            servers.start()
        return servers

    def _environment(self, servers: Servers) -> dict[str, str]:
        """The children's environment: what was given, and what we know."""
        known = {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "COUNTERFOIL_HOST": self._options.host,
            "COUNTERFOIL_PORT": str(self._options.port),
        }
        ours = {
            "COUNTERFOIL_LOG_FORMAT": "json",
            "COUNTERFOIL_JWT_KEY": installation_key(self._data_dir),
            "COUNTERFOIL_OPEN": "0" if self._given.get("COUNTERFOIL_JWT_KEY") else "1",
            "PYTHONUNBUFFERED": "1",
        }
        environment = {**ours, **{name: value for name, value in self._given.items() if value}, **known}
        self._is_open = environment["COUNTERFOIL_OPEN"].lower() in ("1", "true", "yes", "on")
        return environment

    def _note_running(self, undo: ExitStack, servers: Servers) -> None:
        running = Running(
            pid=os.getpid(), url=self._url, database_url=servers.database_url, redis_url=servers.redis_url
        )
        undo.callback(running.write(self._data_dir).unlink, missing_ok=True)

    def _migrate(self, environment: Mapping[str, str]) -> None:
        migrate = Child("migrate", ["migrate", "--wait", "0"], environment, self._log("migrate"))
        with self._console.status("Bringing the database to the current schema"):
            migrate.start()
            try:
                status = migrate.wait()
            finally:
                migrate.stop()
        if status != 0:
            raise UpProblem(migrate.last_words() or f"`migrate` ended ({describe_status(status)}) without a word.")

    def _check_redis(self) -> None:
        """A server of our own has answered already; a given one may be away, and only workers would notice."""
        if url := self._given.get("REDIS_URL"):
            from app.readiness import reach_redis  # noqa: PLC0415 - a warm start has not the time

            asyncio.run(reach_redis(url))

    def _start_children(self, environment: Mapping[str, str]) -> None:
        self._children = [Child("api", ["api"], environment, self._log("api"))]
        for number, port in enumerate(self._metrics_ports(environment), 1):
            told = {**environment, "COUNTERFOIL_METRICS_PORT": str(port)}
            self._children.append(Child(f"worker-{number}", ["worker"], told, self._log(f"worker-{number}")))
        for child in self._children:
            child.start()

    def _metrics_ports(self, environment: Mapping[str, str]) -> list[int]:
        """One for each worker: they follow each other from the one that is set; 0 where none is, or no number."""
        said = environment.get("COUNTERFOIL_METRICS_PORT", "")
        first = int(said) if said.isdecimal() else 0
        return [first + number if first else 0 for number in range(self._options.workers)]

    def _wait_until_ready(self, servers: Servers) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with self._console.status("Starting the API and the workers"):
            while not self._building.can_be_used():
                self._tick(servers)
                api = self._children[0]
                if api.deaths >= HOPELESS_DEATHS or time.monotonic() > deadline:
                    raise UpProblem(f"The API does not get ready. The end of {api.log}:\n{api.last_words(20)}")

    def _seed(self, environment: Mapping[str, str], servers: Servers, undo: ExitStack) -> None:
        """Seed, which does nothing the second time; only a new shop is worth waiting for."""
        if not self._options.seed:
            return
        seed = Child("seed", ["seed"], environment, self._log("seed"))
        undo.callback(seed.stop)
        seed.start()
        if servers.made_cluster:
            with self._console.status("Opening a small shop to look at"):
                while seed.pid:
                    self._tick(servers)
            if seed.wait() != 0:
                self._say(f"The shop could not be seeded. The end of {seed.log}:\n{seed.last_words()}")

    def _announce(self, servers: Servers) -> None:
        while self._assets.is_alive():
            self._tick(servers)
        self._console.print(f"Ready after {time.monotonic() - self._began:.1f} s", style="green")
        note = "" if self._assets.are_local else " (its files come from the network: npm is missing or failed)"
        self._console.print(f"GraphiQL   {self._url}/graphql{note}", soft_wrap=True)
        self._console.print(f"Operations {self._url}/ops", soft_wrap=True)
        self._console.print(f"Data       {self._data_dir}", soft_wrap=True)
        if self._is_open:
            self._console.print(
                "Access     open: on this machine everybody is an administrator, without a token", style="yellow"
            )
        self._console.print("Ctrl-C stops everything")

    def _look_after(self, servers: Servers) -> None:
        while True:
            self._tick(servers)
            self._building.tell()

    def _tick(self, servers: Servers) -> None:
        for name in servers.revive():
            self._say(f"{name} had ended and was started again")
        for child in self._children:
            for message in (*child.new_errors(), child.look_after()):
                if message:
                    self._say(message)
        time.sleep(TICK)

    def _stop_children(self) -> None:
        self._say("Stopping")
        for child in self._children:
            child.ask_to_stop()
        for child in self._children:
            child.stop()

    @property
    def _url(self) -> str:
        host = f"[{self._options.host}]" if ":" in self._options.host else self._options.host
        return f"http://{host}:{self._options.port}"

    def _log(self, name: str) -> Path:
        return self._data_dir / "logs" / f"{name}.log"

    def _say(self, message: str) -> None:
        self._console.print(message, style="dim", markup=False, soft_wrap=True)


def _stop(number: int, frame: FrameType | None) -> None:
    """Begin to stop; a second Ctrl-C must not interrupt an orderly end."""
    del number, frame
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise StopRequested


class _Assets(threading.Thread):
    """Fetches the pages' files while the servers start."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self._say = say
        self._said = ""
        self.are_local = False

    def run(self) -> None:
        from app.web.assets import ensure_assets  # noqa: PLC0415 - beside the start of the servers

        self.are_local = ensure_assets(self._tell)

    def _tell(self, message: str) -> None:
        """Pass on what is new: a step that goes on slowly may say the same again."""
        if message != self._said:
            self._said = message
            self._say(message)
