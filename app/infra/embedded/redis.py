"""A Redis-compatible server of our own, reached by a socket in a private folder only.

It keeps nothing on disk: what is in it can be made again from PostgreSQL.
"""

import signal
import socket
import subprocess
from pathlib import Path

from app.infra.embedded.process import (
    ServerProblem,
    end,
    end_others,
    last_lines,
    processes_in,
    spawn,
    wait_until,
)
from app.infra.embedded.user import ServerUser

START_SECONDS = 20.0
STOP = ((signal.SIGTERM, 5.0),)
PROGRAMS = ("redis-server", "valkey-server", "redis-check-rdb", "valkey-check-rdb")


class Redis:
    """One server that works in `folder` and is served at a socket in `sockets`."""

    def __init__(self, *, folder: Path, sockets: Path, log: Path, program: Path, user: ServerUser) -> None:
        self._folder = folder
        self._socket = sockets / "redis.sock"
        self._log = log
        self._program = program
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}?db=0"

    @property
    def pid(self) -> int | None:
        """The server's process, if it runs."""
        return self._process.pid if self.is_running() and self._process else None

    def is_running(self) -> bool:
        """Whether the server that was started still runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Stop what an earlier run has left, start, and return when connections are accepted."""
        end_others(lambda: processes_in(self._folder, PROGRAMS), STOP)
        self._socket.unlink(missing_ok=True)
        self._process = process = spawn(
            [self._program, *self._arguments()],
            log=self._log,
            death_signal=signal.SIGTERM,
            directory=self._folder,
            user=self._user.switch_to,
        )
        wait_until(lambda: self._answers() or process.poll() is not None, START_SECONDS)
        if not self.is_running() or not self._answers():
            self.stop()
            raise ServerProblem(f"Redis does not start. The end of {self._log}:\n{last_lines(self._log)}")

    def stop(self) -> None:
        """Stop it; what was in it is gone."""
        if self._process:
            end(self._process, STOP)

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _arguments(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "no",
            # A key that is evicted silently would be a view that lies.
            "maxmemory-policy": "noeviction",
            "set-proc-title": "no",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False
