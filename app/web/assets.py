"""GraphiQL's files: installed with npm from the lock, bundled into `dist/`, made again when a source changes."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.infra.embedded.process import end_with_parent

WEB = Path(__file__).resolve().parent
DIST = WEB / "dist"
_INSTALL = ("npm", "ci", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=30000", "--loglevel=error")
_BUILD = ("node", "build.mjs")
_SECONDS = 300
_TELL_EVERY = 3.0

Progress = Callable[[str], None]


class _Failed(Exception):
    """A step did not work; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What the last build made: names of files in `dist/`, and what they were made from."""

    script: str
    style: str
    workers: Mapping[str, str]
    files: frozenset[str]
    sources: Mapping[str, str]


def bundle() -> Bundle | None:
    """The bundle as its manifest describes it, or None where there is none."""
    try:
        manifest = json.loads((DIST / "manifest.json").read_text())
        return Bundle(**{**manifest, "files": frozenset(manifest["files"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def assets_ready() -> bool:
    """Whether a bundle is there, is whole, and was made from the sources and the lock as they are now."""
    made = bundle()
    return made is not None and made.sources == _sources() and _is_whole(made)


def _is_whole(made: Bundle) -> bool:
    return all((DIST / name).is_file() for name in made.files)


def ensure_assets(progress: Progress) -> bool:
    """Install and bundle GraphiQL if need be; returns whether the page is local, and else tells `progress` why not."""
    if assets_ready():
        return True
    try:
        with _only_one() as lock:
            if not assets_ready():
                _make(progress, lock)
    except _Failed as problem:
        made = bundle()
        is_local = made is not None and _is_whole(made)
        came = "is the one that was built before" if is_local else "will come from the network"
        progress(f"GraphiQL {came}, {problem}")
        return is_local
    return assets_ready()


def _make(progress: Progress, lock: int) -> None:
    if shutil.which("npm") is None:
        raise _Failed("since npm is not installed here (Node 18 or newer brings it)")
    if not _installed():
        progress("Fetching GraphiQL with npm (once)")
        _run(_INSTALL, lock, lambda: progress(f"Fetching GraphiQL: {_unpacked()}"))
        _stamp().write_text(_digest(WEB / "package-lock.json"))
    progress("Bundling GraphiQL")
    _run(_BUILD, lock, lambda: None)


def _run(command: Sequence[str], lock: int, tell: Callable[[], None]) -> None:
    """Run a step, and `tell` every few seconds that it goes on.

    It dies with us; where the system has no such thing, it holds the lock for as long as it lives.
    """
    name = " ".join(command[:2])
    with tempfile.TemporaryFile() as output:
        try:
            step = subprocess.Popen(
                command,
                cwd=WEB,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock,),
                preexec_fn=end_with_parent(signal.SIGKILL),  # noqa: PLW1509 - it calls nothing that could hold a lock
            )
        except OSError as error:
            raise _Failed(f"since `{name}` did not work: {error}") from None
        with step:
            status = _await(step, tell)
        if status != 0:
            raise _Failed(f"since `{name}` failed:\n{_end_of(output)}")


def _await(step: subprocess.Popen[bytes], tell: Callable[[], None]) -> int | None:
    """Its exit status; None, and its end, if it takes far too long."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return step.wait(_TELL_EVERY)
        tell()
    step.kill()
    return None


def _end_of(output: IO[bytes]) -> str:
    output.seek(0)
    return "\n".join(output.read().decode(errors="replace").strip().splitlines()[-8:])


def _unpacked() -> str:
    packages = json.loads((WEB / "package-lock.json").read_text())["packages"]
    needed = [path for path, package in packages.items() if path and not package.get("optional")]
    there = sum((WEB / path / "package.json").is_file() for path in needed)
    return f"{there} of {len(needed)} packages"


@contextlib.contextmanager
def _only_one() -> Iterator[int]:
    """Hold the folder's lock, waiting for another process that makes the same files; gives its descriptor."""
    try:
        descriptor = os.open(WEB, os.O_RDONLY)
    except OSError as error:
        raise _Failed(f"since {WEB} cannot be read: {error}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _installed() -> bool:
    try:
        return _stamp().read_text() == _digest(WEB / "package-lock.json")
    except OSError:
        return False


def _stamp() -> Path:
    """Names the lock that `node_modules` came from; npm removes it with the rest when it begins anew."""
    return WEB / "node_modules" / ".counterfoil-lock"


def _sources() -> dict[str, str]:
    """What the bundle is made from, with digests, as `build.mjs` notes it in the manifest."""
    files = [WEB / "build.mjs", WEB / "package-lock.json", *(WEB / "src").iterdir()]
    return {path.relative_to(WEB).as_posix(): _digest(path) for path in files}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
