"""GraphiQL's files: installed with npm from the lock, bundled into `dist/`, made again when a source changes.

Standard library only.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parent
DIST = WEB / "dist"
_INSTALL = ("npm", "ci", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=30000", "--loglevel=error")
_BUILD = ("node", "build.mjs")
_SECONDS = 300

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
    return made is not None and made.sources == _sources() and all((DIST / name).is_file() for name in made.files)


def ensure_assets(progress: Progress) -> bool:
    """Install and bundle GraphiQL if need be; on failure, tell `progress` why and return False."""
    if assets_ready():
        return True
    try:
        with _only_one():
            if not assets_ready():
                _make(progress)
    except _Failed as problem:
        progress(f"GraphiQL will come from the network, {problem}")
        return False
    return assets_ready()


def _make(progress: Progress) -> None:
    if shutil.which("npm") is None:
        raise _Failed("since npm is not installed here (Node 18 or newer brings it)")
    if not _installed():
        progress("Fetching GraphiQL with npm (once)")
        _run(_INSTALL)
        _stamp().write_text(_digest(WEB / "package-lock.json"))
    progress("Bundling GraphiQL")
    _run(_BUILD)


def _run(command: Sequence[str]) -> None:
    try:
        outcome = subprocess.run(
            command, cwd=WEB, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Failed(f"since `{' '.join(command[:2])}` did not work: {error}") from None
    if outcome.returncode != 0:
        said = "\n".join(f"{outcome.stdout}\n{outcome.stderr}".strip().splitlines()[-8:])
        raise _Failed(f"since `{' '.join(command[:2])}` failed:\n{said}")


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Hold the folder's lock, waiting for another process that makes the same files."""
    try:
        descriptor = os.open(WEB, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _Failed(f"since {WEB} cannot be written: {error}") from None


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
