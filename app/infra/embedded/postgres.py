"""A PostgreSQL server of our own, reached by a socket in a private folder only."""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from app.infra.embedded.process import ServerProblem, end, end_others, last_lines, processes_in, spawn
from app.infra.embedded.programs import PostgresPrograms
from app.infra.embedded.user import ServerUser

DATABASE = "counterfoil"
START_SECONDS = 120.0
STOP = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))

PARAMETERS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}


class Postgres:
    """One cluster in `cluster`, served at a socket in `sockets`; `parameters` override those above."""

    def __init__(
        self,
        *,
        cluster: Path,
        sockets: Path,
        log: Path,
        programs: PostgresPrograms,
        user: ServerUser,
        parameters: Mapping[str, str],
    ) -> None:
        self._cluster = cluster
        self._log = log
        self._programs = programs
        self._user = user
        self._parameters = {**PARAMETERS, "unix_socket_directories": str(sockets), **parameters}
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@/{DATABASE}?host={sockets}"

    @property
    def pid(self) -> int | None:
        """The server's process, if it runs."""
        return self._process.pid if self.is_running() and self._process else None

    def is_running(self) -> bool:
        """Whether the server that was started still runs."""
        return self._process is not None and self._process.poll() is None

    def exists(self) -> bool:
        """Whether the cluster was made already."""
        return (self._cluster / "PG_VERSION").exists()

    def initialize(self) -> None:
        """Make the cluster and an empty database in it: beside its place, and renamed when it is whole."""
        beside = self._cluster.with_name(f"{self._cluster.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        self._user.make_own(beside)
        self._initdb(beside)
        outcome = self._user.run(
            self._programs.postgres,
            "--single",
            "-D",
            beside,
            "postgres",
            text=f"CREATE DATABASE {DATABASE}\n",
        )
        if outcome.returncode != 0:
            raise ServerProblem(f"The database could not be made:\n{outcome.stderr.strip()}")
        beside.rename(self._cluster)

    def start(self) -> None:
        """Stop what an earlier run has left, start, and return when connections are accepted."""
        self._end_orphans()
        deadline = time.monotonic() + START_SECONDS
        while not self._try_start(deadline):
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop at once but orderly: open connections are closed, nothing that was committed is lost."""
        if self._process:
            end(self._process, STOP)

    def kill(self) -> None:
        """End the server as a crash would: without a word to anybody."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _initdb(self, place: Path) -> None:
        command: list[str | Path] = [
            self._programs.initdb,
            *("-D", place, "-U", "postgres", "--encoding=UTF8", "--auth-local=trust", "--auth-host=reject"),
            *(["--no-sync"] if self._parameters.get("fsync") == "off" else []),
        ]
        for locale in self._locales():
            outcome = self._user.run(*command, *locale)
            if outcome.returncode == 0:
                return
        raise ServerProblem(f"A new PostgreSQL cluster could not be made:\n{outcome.stderr.strip()}")

    def _locales(self) -> list[list[str]]:
        """The same order of characters on every machine where the version allows it."""
        if self._programs.version >= 17:
            return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
        return [["--locale=C.UTF-8"], ["--locale=C"]]

    def _try_start(self, deadline: float) -> bool:
        settings = (f"--{name}={value}" for name, value in self._parameters.items())
        self._process = process = spawn(
            [self._programs.postgres, "-D", self._cluster, *settings],
            log=self._log,
            # To the postmaster this is a fast shutdown.
            death_signal=signal.SIGINT,
            user=self._user.switch_to,
        )
        while process.poll() is None:
            if self._is_ready(process.pid):
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise ServerProblem(f"PostgreSQL is not ready after {START_SECONDS:.0f} s. See {self._log}")
            time.sleep(0.01)
        # The processes of a killed server need a moment to notice, and hold its shared memory until then.
        if "pre-existing shared memory" in last_lines(self._log, 3) and time.monotonic() < deadline:
            self._end_orphans()
            return False
        raise ServerProblem(f"PostgreSQL does not start. The end of {self._log}:\n{last_lines(self._log)}")

    def _is_ready(self, pid: int) -> bool:
        """What pg_ctl looks at: the eighth line of the file that the server keeps while it runs."""
        lines = self._mark()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _mark(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _end_orphans(self) -> None:
        """End a server whose supervisor was killed, or what a killed server has left, and remove its mark.

        SIGINT is for the server alone, which ends the others: one of those would only cancel what it does, and tell its
        client that somebody had wished so. The mark may name a stranger by now.
        """
        server = self._mark()[:1]
        end_others(lambda: [pid for pid in self._running() if [str(pid)] == server], STOP)
        end_others(self._running, STOP[1:])
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _running(self) -> list[int]:
        return processes_in(self._cluster, ("postgres",))
