"""Server processes: how they start, how they end with us, and how lost ones are found again."""

import ctypes
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from app.kernel.problem import Problem

_PR_SET_PDEATHSIG = 1
_LOG_LIMIT = 20_000_000


class ServerProblem(Problem):
    """A server cannot be started or kept; the message says why and what to do."""


@functools.cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def end_with_parent(signal_number: int) -> Callable[[], None]:
    """What a child calls before it becomes another program, to be signalled when its starter ends.

    Only Linux has this; elsewhere a child may outlive a killed parent, and is found by `processes_in`.
    """
    libc, parent = _libc(), os.getpid()

    def ask() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal_number)
            if os.getppid() != parent:
                os._exit(1)

    return ask


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    death_signal: int,
    environment: Mapping[str, str] | None = None,
    directory: str | Path = "/",
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that writes to `log`, ends with the calling thread, and does not hear Ctrl-C.

    With `user`, a uid and a gid, it runs as another user, which needs root.
    """
    with open_log(log) as output:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            env=None if environment is None else dict(environment),
            start_new_session=True,
            # A change of the user would undo this, but that is done before it is called.
            preexec_fn=end_with_parent(death_signal),  # noqa: PLW1509 - it calls nothing that could hold a lock
            user=user[0] if user else None,
            group=user[1] if user else None,
            extra_groups=[] if user else None,
        )


def open_log(log: Path) -> IO[bytes]:
    """Open a log for appending; a large one is put aside first, and one such is kept."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))
    return log.open("ab")


def last_lines(log: Path, count: int = 12, *, since: int = 0) -> str:
    """The end of a log, for an error message, from the byte `since` on."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def end(process: subprocess.Popen[bytes], signals: Iterable[tuple[int, float]]) -> None:
    """Send signals, each with its patience in seconds, until the process has ended; then kill it."""
    for number, patience in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def end_others(find: Callable[[], list[int]], signals: Iterable[tuple[int, float]]) -> None:
    """Send signals, each with its patience in seconds, until no such process is found any more."""
    for number, patience in [*signals, (signal.SIGKILL, 5.0)]:
        for pid in find():
            _signal(pid, number)
        if wait_until(lambda: not find(), patience):
            return
    raise ServerProblem(f"Processes of an earlier run do not end: {', '.join(map(str, find()))}. Stop them by hand.")


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise ServerProblem(
            f"Process {pid} of an earlier run belongs to another user. "
            "Start as that user, or choose another --data-dir."
        ) from None


def wait_until(true: Callable[[], bool], patience: float, *, pause: float = 0.01) -> bool:
    """Ask again and again for at most `patience` seconds; returns the last answer."""
    deadline = time.monotonic() + patience
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def processes_in(directory: Path, programs: Sequence[str]) -> list[int]:
    """The processes of these programs that work in a directory; without /proc, whose command names it."""
    if Path("/proc/self/cwd").exists():
        return [int(entry.name) for entry in Path("/proc").iterdir() if _works_in(entry, directory, programs)]
    listing = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=False).stdout
    rows = (line.strip().partition(" ") for line in listing.splitlines())
    return [int(pid) for pid, _, command in rows if str(directory) in command and any(p in command for p in programs)]


def _works_in(entry: Path, directory: Path, programs: Sequence[str]) -> bool:
    if not entry.name.isdigit():
        return False
    try:
        # A file of this name may have been deleted or replaced since: the link still names it.
        program = (entry / "exe").readlink().name.removesuffix(" (deleted)")
        # A process that has just ended, and only waits to be collected, has no directory any more.
        return program in programs and (entry / "cwd").readlink() == directory
    except OSError:
        return False
