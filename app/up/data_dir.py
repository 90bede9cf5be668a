"""A data folder: who runs on it, and the key of the installation."""

import contextlib
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from app.infra.embedded.process import wait_until
from app.kernel.problem import Problem


class UpProblem(Problem):
    """`up` cannot go on; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a running `up` tells other commands about itself, in `<data-dir>/running.json`."""

    pid: int
    url: str
    database_url: str
    redis_url: str

    @classmethod
    def read(cls, data_dir: Path) -> Self | None:
        """The `up` that runs on a data folder now, if one does."""
        try:
            with (data_dir / "lock").open("rb") as lock:
                if _try_lock(lock.fileno()):
                    return None
            return cls(**json.loads((data_dir / "running.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, data_dir: Path) -> Path:
        """Tell the others; only this user can read it, for it may hold passwords. Returns the file."""
        note = data_dir / "running.json"
        note.unlink(missing_ok=True)
        with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file)
        return note


@contextmanager
def data_dir_lock(data_dir: Path) -> Iterator[None]:
    """Hold a data folder for one `up`; raises `UpProblem` that names the one that has it."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UpProblem(f"{data_dir} cannot be written ({error.strerror}). Choose another --data-dir.") from None
    try:
        # Another command holds it for a moment when it looks whether anybody runs.
        if not wait_until(lambda: _try_lock(lock), 0.3):
            running = Running.read(data_dir)
            where = f" (pid {running.pid}) at {running.url}" if running else ", and is just starting"
            raise UpProblem(
                f"Counterfoil is already running on {data_dir}{where}. "
                "Use that one, stop it, or choose another --data-dir."
            )
        yield
    finally:
        os.close(lock)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def installation_key(data_dir: Path) -> str:
    """The key that signs this installation's tokens, made at the first call; raises `UpProblem`."""
    path = data_dir / "key"
    try:
        if not path.exists():
            _make_key(path)
        return path.read_text()
    except OSError as error:
        raise UpProblem(
            f"{path} cannot be read or made ({error.strerror}). "
            "Run as the owner of that folder, choose another --data-dir, or set COUNTERFOIL_JWT_KEY."
        ) from None


def _make_key(path: Path) -> None:
    """Written beside and linked, so that whoever comes second reads the whole key of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
        file.write(secrets.token_hex(32))
        file.flush()
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
