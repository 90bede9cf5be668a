"""The servers of one data folder: those that the environment names, or our own."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from app.infra.embedded.postgres import Postgres
from app.infra.embedded.process import ServerProblem
from app.infra.embedded.programs import postgres_programs, redis_program
from app.infra.embedded.redis import Redis
from app.infra.embedded.user import ServerUser, server_user

# A socket's whole path may have at most 103 bytes on macOS and 107 on Linux.
LONGEST_SOCKET_FOLDER = 80
SYSTEM_HOME = Path("/var/lib/counterfoil")

_Server = TypeVar("_Server", Postgres, Redis)


def _silent(_: str) -> None:
    pass


class Servers:
    """PostgreSQL and a Redis-compatible server, each started here unless its URL is given.

    Start and stop from a thread that lives as long as the servers should: they end with it. `say` gets a
    sentence about each step. Every method that starts something may raise `ServerProblem`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        postgres_parameters: Mapping[str, str] | None = None,
        say: Callable[[str], None] = _silent,
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._database_url = database_url
        self._redis_url = redis_url
        self._parameters = postgres_parameters or {}
        self._say = say
        self._lock: int | None = None
        self._sockets: Path | None = None
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self.made_cluster = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def database_url(self) -> str:
        """Where PostgreSQL is; known from `start` on."""
        return self._database_url or _started(self.postgres).url

    @property
    def redis_url(self) -> str:
        """Where Redis is; known from `start` on."""
        return self._redis_url or _started(self.redis).url

    def start(self) -> None:
        """Start what is not given; raises `ServerProblem`, and leaves nothing running then."""
        if self._database_url and self._redis_url:
            return
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what was started, Redis first, and give the folder free."""
        for server in (self.redis, self.postgres):
            if server:
                server.stop()
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets_note().unlink(missing_ok=True)
            self._sockets = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def revive(self) -> list[str]:
        """Start again what has died; returns the names of those, empty if all is well."""
        dead = {
            name: server
            for name, server in (("PostgreSQL", self.postgres), ("Redis", self.redis))
            if server and not server.is_running()
        }
        for server in dead.values():
            server.start()
        return list(dead)

    def restart_postgres(self) -> None:
        """Stop PostgreSQL orderly and start it again at the same place."""
        server = _started(self.postgres)
        server.stop()
        server.start()

    def kill_postgres(self) -> None:
        """Kill PostgreSQL as a crash would; `revive` brings it back."""
        _started(self.postgres).kill()

    def restart_redis(self) -> None:
        """Stop Redis and start it again at the same place, empty."""
        server = _started(self.redis)
        server.stop()
        server.start()

    def kill_redis(self) -> None:
        """Kill Redis as a crash would; `revive` brings it back, empty."""
        _started(self.redis).kill()

    def _start(self) -> None:
        user, home = self._user_and_home()
        self._remove_old_sockets()
        sockets = self._make_sockets(user)
        if not self._database_url:
            self._start_postgres(user, home, sockets)
        if not self._redis_url:
            self._start_redis(user, home, sockets)

    def _start_postgres(self, user: ServerUser, home: Path, sockets: Path) -> None:
        cluster = home / "postgres"
        programs = postgres_programs(user, _version_of(cluster))
        self.postgres = Postgres(
            cluster=cluster,
            sockets=sockets,
            log=self._data_dir / "logs" / "postgres.log",
            programs=programs,
            user=user,
            parameters=self._parameters,
        )
        if not self.postgres.exists():
            self._say(f"Making a new PostgreSQL {programs.version} cluster ({programs.source}) in {cluster}")
            self.postgres.initialize()
            self.made_cluster = True
        self._say(f"Starting PostgreSQL {programs.version} ({programs.source})")
        self.postgres.start()

    def _start_redis(self, user: ServerUser, home: Path, sockets: Path) -> None:
        program, source = redis_program(user)
        folder = home / "redis"
        user.make_own(folder)
        self._say(f"Starting {program.name} ({source})")
        self.redis = Redis(
            folder=folder,
            sockets=sockets,
            log=self._data_dir / "logs" / "redis.log",
            program=program,
            user=user,
        )
        self.redis.start()

    def _take_lock(self) -> None:
        descriptor = os.open(self._data_dir / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ServerProblem(f"The servers of {self._data_dir} are running already.") from None
        self._lock = descriptor

    def _user_and_home(self) -> tuple[ServerUser, Path]:
        """Who runs the servers, and the folder for their data: ours, unless that user cannot reach it."""
        elsewhere = SYSTEM_HOME / hashlib.sha256(str(self._data_dir).encode()).hexdigest()[:16]
        here, there = self._data_dir / "postgres", elsewhere / "postgres"
        user = server_user(there if there.exists() else here)
        if user.can_enter(self._data_dir) and not there.exists():
            return user, self._data_dir
        if not there.exists():
            self._say(
                f"The servers do not run as root, and their user cannot reach {self._data_dir}. "
                f"So their data are in {elsewhere}"
            )
        elsewhere.mkdir(parents=True, exist_ok=True)
        return user, elsewhere

    def _make_sockets(self, user: ServerUser) -> Path:
        places = [Path(place) for place in ("/tmp", tempfile.gettempdir(), "/run", "/var/tmp")]  # noqa: S108 - private below
        for place in places:
            if len(bytes(place)) < LONGEST_SOCKET_FOLDER - 20 and os.access(place, os.W_OK) and user.can_enter(place):
                self._sockets = Path(tempfile.mkdtemp(prefix="counterfoil-", dir=place))
                user.make_own(self._sockets)
                self._sockets_note().write_text(str(self._sockets))
                return self._sockets
        raise ServerProblem("No folder for sockets was found: /tmp cannot be written.")

    def _remove_old_sockets(self) -> None:
        """Remove the sockets of a run that was killed."""
        try:
            old = Path(self._sockets_note().read_text())
        except OSError:
            return
        if old.name.startswith("counterfoil-"):
            shutil.rmtree(old, ignore_errors=True)

    def _sockets_note(self) -> Path:
        return self._data_dir / "sockets"


def _version_of(cluster: Path) -> int | None:
    try:
        return int((cluster / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _started(server: _Server | None) -> _Server:
    if server is None:
        raise ServerProblem("The servers were not started here.")
    return server
