"""One line of progress for a long `pip install`."""

import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence

_NO_NETWORK = re.compile(
    "NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|"
    "name resolution|Name or service not known|Network is unreachable"
)


class PipProgress:
    """Runs pip and shows which of `total` packages it is at: on a terminal in one line, else as few lines."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._seen = 0
        self._said = ""
        self._lines: deque[str] = deque(maxlen=400)
        self._live = sys.stdout.isatty()

    def follow(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run pip to its end and return its exit status."""
        with subprocess.Popen(
            command,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip:
            for line in pip.stdout or ():
                self._lines.append(line.rstrip())
                self._show(line)
        self._end()
        return pip.returncode

    def last_words(self) -> str:
        """The end of pip's output."""
        return "\n".join(list(self._lines)[-15:])

    def advice(self) -> str:
        """A guess at the cause, to be put into a sentence; empty when there is none."""
        return ": the package index cannot be reached" if any(map(_NO_NETWORK.search, self._lines)) else ""

    def _show(self, line: str) -> None:
        words = line.split()
        match words:
            case ["Collecting" | "Processing", requirement, *_]:
                self._seen += 1
                self._say(f"fetching {self._seen}/{self._total} {_name_of(requirement)}")
            case ["Requirement", "already", "satisfied:", *_]:
                self._seen += 1
            case ["Downloading", _, size, unit, *_]:
                self._say(f"{self._said} {size} {unit}".replace("((", "("), keep=False)
            case ["Installing", "collected", *_]:
                self._say(f"installing {self._seen} packages")
            case _:
                pass

    def _say(self, message: str, *, keep: bool = True) -> None:
        if keep:
            self._said = message
        if self._live:
            sys.stdout.write(f"\r\x1b[K  {message[:100]}")
            sys.stdout.flush()
        elif keep and (self._seen % 20 == 1 or not message.startswith("fetching")):
            print(f"  {message}", flush=True)

    def _end(self) -> None:
        if self._live:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()


def _name_of(requirement: str) -> str:
    """The package in `name==1.0`, or in the path of a wheel."""
    return re.split(r"==|-\d", requirement.rsplit("/", 1)[-1])[0]
