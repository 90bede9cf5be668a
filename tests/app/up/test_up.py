"""`up` as its user meets it: a process, a terminal's output, and signals."""

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.environment import ROOT
from app.up.children import describe_status, error_of
from app.up.data_dir import Running, UpProblem, installation_key
from app.up.listening import is_ready
from tests.support.installation import free_port
from tests.support.up import COMMAND, Up, data_of, folder, outside

__all__ = ["folder"]

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")


def children(pid: int) -> dict[int, str]:
    """The living children of a process with their commands."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    return found


def child(up: "Up", program: str) -> int:
    """The first child whose command matches, as soon as there is one."""
    up.until(lambda: any(re.search(program, command) for command in children(up.process.pid).values()))
    return next(pid for pid, command in children(up.process.pid).items() if re.search(program, command))


@pytest.fixture
def begin(folder: Path) -> Iterator[Callable[..., Up]]:
    """Starts an `up`, and ends it whatever happens."""
    begun: list[Up] = []

    def one(*options: str, **variables: str) -> Up:
        begun.append(Up(data_of(folder), *options, **variables))
        return begun[-1]

    yield one
    for up in begun:
        if up.process.poll() is None:
            up.stop(signal.SIGTERM)


def test_a_whole_life(begin: Callable[..., Up], folder: Path) -> None:
    up = begin().until_ready()
    assert f"http://127.0.0.1:{up.port}/graphql" in up.output()
    assert "everybody is an administrator" in up.output()
    assert is_ready("127.0.0.1", up.port)

    second = subprocess.run(
        [*COMMAND, "--data-dir", str(data_of(folder))],
        env=outside(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert (
        f"already running on {data_of(folder)} (pid {up.process.pid}) at http://127.0.0.1:{up.port}"
        in second.stderr.replace("\n", " ")
    )

    began = children(up.process.pid)
    assert up.stop() == 0
    assert up.output().splitlines()[-1] == "Stopping"
    assert "Traceback" not in up.output()
    assert not [pid for pid in began if Path(f"/proc/{pid}/cwd").exists()]
    assert Running.read(data_of(folder)) is None

    again = begin().until_ready()
    assert "Making a new PostgreSQL" not in again.output()
    assert again.stop(signal.SIGTERM) == 0


def test_whatever_is_killed_comes_back(begin: Callable[..., Up]) -> None:
    up = begin("--no-seed").until_ready()
    for program in ("app worker", "app api", "valkey-server|redis-server", "postgres -D"):
        victim = child(up, program)
        os.kill(victim, signal.SIGKILL)
        up.until(partial(_is_gone, up, victim))
    up.until(lambda: len(children(up.process.pid)) == 5)
    up.until(lambda: is_ready("127.0.0.1", up.port))
    assert "PostgreSQL had ended and was started again" in up.output()
    assert "api ended (SIGKILL)" in up.output()


def _is_gone(up: Up, pid: int) -> bool:
    return pid not in children(up.process.pid)


def test_after_a_killed_supervisor_the_next_start_recovers(begin: Callable[..., Up]) -> None:
    first = begin("--no-seed").until_ready()
    first.process.kill()
    first.process.wait()
    second = begin("--no-seed").until_ready()
    assert is_ready("127.0.0.1", second.port)


def test_the_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    key = installation_key(tmp_path / "data")
    assert len(key) == 64
    assert installation_key(tmp_path / "data") == key
    assert (tmp_path / "data" / "key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_cannot_be_had_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(UpProblem, match="COUNTERFOIL_JWT_KEY"):
        installation_key(tmp_path / "data")


def test_a_folder_without_a_holder_has_nobody_running(tmp_path: Path) -> None:
    Running(pid=1, url="http://x", database_url="postgresql://x", redis_url="redis://x").write(tmp_path)
    (tmp_path / "lock").touch()
    assert Running.read(tmp_path) is None


def test_an_address_where_nobody_listens_is_not_ready() -> None:
    assert not is_ready("127.0.0.1", free_port())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"level": "error", "event": "lost"}, "lost"),
        ({"level": "critical"}, "an error without words"),
        ({"level": "info", "event": "fine"}, None),
    ],
)
def test_only_errors_of_the_log_are_shown(line: dict[str, str], words: str | None) -> None:
    assert error_of(json.dumps(line).encode()) == words


@pytest.mark.parametrize("line", [b"", b"{", b"{}", b"[1]", b"Traceback", b"\xff{"])
def test_other_lines_of_the_log_are_passed_over(line: bytes) -> None:
    assert error_of(line) is None


def test_the_end_of_a_process_in_words() -> None:
    assert [describe_status(status) for status in (0, 3, -9, -99)] == [
        "status 0",
        "status 3",
        "SIGKILL",
        "signal 99",
    ]
