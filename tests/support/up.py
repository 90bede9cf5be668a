"""`up` as a process of its own, as its user starts it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.environment import ROOT
from app.infra.embedded.process import wait_until
from tests.support.installation import free_port


class Up:
    """One running `up`; what it prints is read from a file."""

    def __init__(self, data_dir: Path, *options: str, **variables: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self._output = data_dir.parent / f"output-{time.monotonic_ns()}"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*COMMAND, "--data-dir", str(data_dir), "--port", str(self.port), *options],
                env={**outside(), **variables},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return self._output.read_text()

    def until(self, true: Callable[[], bool], patience: float = 60) -> None:
        assert wait_until(lambda: true() or self.process.poll() is not None, patience, pause=0.05), self.output()
        assert self.process.poll() is None, self.output()

    def until_it_says(self, words: str) -> None:
        self.until(lambda: words in self.output())

    def until_ready(self) -> "Up":
        self.until_it_says("Ctrl-C stops everything")
        return self

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


COMMAND = [sys.executable, "-m", "app", "up"]


def data_of(folder: Path) -> Path:
    """A place with spaces, and too long for a socket's path."""
    return folder / f"the data of a {'long ' * 25}day"


KEY = "a key for tests alone, of more than 32 bytes"


def outside() -> dict[str, str]:
    inherited = ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE")
    return {
        "COUNTERFOIL_ENVIRONMENT": "system",
        **{name: os.environ[name] for name in inherited if name in os.environ},
    }


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' user can reach."""
    place = Path(tempfile.mkdtemp(prefix="counterfoil-test-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)
