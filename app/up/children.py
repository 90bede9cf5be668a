"""The supervisor's children: processes of our own that are started again when they end."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.infra.embedded.process import end, last_lines, spawn

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# After this time alive, a death is a new trouble and not the old one again.
SOUND_AFTER = 60.0
STOP_SECONDS = 8.0


class Child:
    """One `python3 -m app` command that is meant to run for ever; its output goes to `log`."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = [sys.executable, "-m", "app", *arguments]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._pause = FIRST_PAUSE
        self._began_at = self._read_to = log.stat().st_size if log.exists() else 0
        self.deaths = 0

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it now."""
        self._started_at = time.monotonic()
        self._process = spawn(
            self._command,
            log=self.log,
            death_signal=signal.SIGTERM,
            environment=self._environment,
            directory=Path(__file__).resolve().parents[2],
        )

    def look_after(self) -> str | None:
        """Start it again if it has ended and its pause is over; returns a sentence if something happened."""
        if self._process is None:
            if time.monotonic() >= self._start_at:
                self.start()
            return None
        status = self._process.poll()
        if status is None:
            return None
        self._process = None
        self.deaths += 1
        self._pause = FIRST_PAUSE if self._lived() > SOUND_AFTER else min(self._pause * 2, LONGEST_PAUSE)
        self._start_at = time.monotonic() + self._pause
        cause = describe_status(status)
        return f"{self.name} ended ({cause}); starting it again in {self._pause:.0f} s. See {self.log}"

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        return self._process.wait() if self._process else 0

    def ask_to_stop(self) -> None:
        """Send the signal to end; `stop` waits for it."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it, by force after some seconds."""
        if self._process:
            end(self._process, [(signal.SIGTERM, STOP_SECONDS)])

    def last_words(self, count: int = 12) -> str:
        """The end of what it has logged, without what the log held before."""
        return last_lines(self.log, count, since=self._began_at)

    def new_errors(self) -> list[str]:
        """The errors that it has logged since the last call, in a few words each."""
        try:
            size = self.log.stat().st_size
            if size == self._read_to:
                return []
            with self.log.open("rb") as file:
                file.seek(self._read_to if size > self._read_to else 0)
                *lines, rest = file.read().split(b"\n")
                self._read_to = file.tell() - len(rest)
        except OSError:
            return []
        return [f"{self.name}: {error}" for error in map(error_of, lines) if error]

    def _lived(self) -> float:
        return time.monotonic() - self._started_at


def error_of(line: bytes) -> str | None:
    """What an error line of a JSON log says; None for every other line."""
    if not line.startswith(b"{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("level") not in ("error", "critical"):
        return None
    return str(entry.get("event", "an error without words"))[:300]


def describe_status(status: int) -> str:
    """An exit status in words: a negative one is a signal."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
