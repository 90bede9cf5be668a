"""The environment of a clone: `.venv`, built from a lock file, and built anew after an interruption.

Standard library only: it runs before anything is installed.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from app.pip_progress import PipProgress

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
RUNTIME_LOCK = "requirements.lock"
DEVELOPMENT_LOCK = "requirements-dev.lock"

COMMANDS = {
    "up": "run everything on this machine: PostgreSQL, Redis, workers, the API and GraphiQL",
    "test": "run the test suite; further arguments go to pytest",
    "api": "run the API",
    "worker": "run one worker",
    "migrate": "bring the database to the current schema",
    "status": "show how far every read model is behind the event log",
    "rebuild": "build views anew beside those that serve, and switch to them",
    "rollback": "switch a view back to what was live before",
    "prune": "drop what is kept of views for going back",
    "dead-letters": "list what views could not apply, try it again, or discard it",
    "export-schema": "write the GraphQL schema to schema/schema.graphql",
    "import": "bring a data set in through the command bus",
    "bench": "measure reads, writes, projections and searches beside controls",
    "token": "print an access token for development",
}


class EnvironmentProblem(Exception):
    """The environment cannot be made; the message says why and what to do."""


def main(arguments: Sequence[str]) -> None:
    """Run a command in the right environment; does not return when it has to change the interpreter."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(explanation())
        return
    try:
        ensure_environment(lock_for(arguments), arguments)
    except EnvironmentProblem as problem:
        sys.exit(f"{problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    run_command(arguments)


def explanation() -> str:
    """What `python3 -m app` prints: every command in one line."""
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {meaning}" for name, meaning in COMMANDS.items())
    return (
        "Counterfoil, a GraphQL backend whose reads and writes are two systems.\n\n"
        f"Usage: python3 -m app COMMAND [OPTIONS]\n\nCommands:\n{lines}\n\n"
        "Begin with: python3 -m app up\nOptions of a command: python3 -m app COMMAND --help"
    )


def run_command(arguments: Sequence[str]) -> None:
    """Hand over to the Typer commands, in this process."""
    from app.cli import main  # noqa: PLC0415 - needs what the environment has just provided

    main(arguments)


def lock_for(arguments: Sequence[str]) -> str:
    """The lock file that a command needs: the tests, and who draws plots, need more than the rest."""
    draws = arguments[0] == "bench" and any(argument.startswith("--plot") for argument in arguments)
    return DEVELOPMENT_LOCK if arguments[0] == "test" or draws else RUNTIME_LOCK


def ensure_environment(lock: str, arguments: Sequence[str]) -> None:
    """Return if this interpreter will do; else build what is missing and continue in the right one."""
    if os.environ.get("COUNTERFOIL_ENVIRONMENT") == "system":
        if importlib.util.find_spec("typer") is None:
            raise EnvironmentProblem(
                f"COUNTERFOIL_ENVIRONMENT=system takes the packages of {sys.executable}, and they are not there.\n"
                f"Install them with: {sys.executable} -m pip install -r {ROOT / lock}\n"
                "Or unset the variable: then Counterfoil makes an environment of its own."
            )
        return
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if is_current(lock):
        if not inside:
            continue_in(str(interpreter()), arguments)
        return
    if inside:
        # An environment cannot be rebuilt by its own interpreter.
        continue_in(str(sys._base_executable), arguments)  # type: ignore[attr-defined]  # noqa: SLF001
    with only_one_builder():
        if not is_current(lock):
            build(lock)
    continue_in(str(interpreter()), arguments)


def continue_in(python: str, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by another interpreter with the same command."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python, [python, "-m", "app", *arguments])  # noqa: S606 - that is the purpose


def interpreter() -> Path:
    """The Python of the environment."""
    return VENV / "bin" / "python"


def stamp_of(lock: str) -> str:
    """What an installation depends on: the lock, the interpreter, and its place."""
    version = ".".join(map(str, sys.version_info[:2]))
    content = (ROOT / lock).read_bytes()
    facts = f"{version} {sysconfig.get_platform()} {ROOT} ".encode()
    return hashlib.sha256(facts + content).hexdigest()


def stamp_file(lock: str) -> Path:
    """Where the stamp of an installed lock stands."""
    return VENV / f"counterfoil.{lock}.stamp"


def is_current(lock: str) -> bool:
    """Whether the environment holds exactly this lock for this interpreter."""
    try:
        stamp = stamp_file(lock).read_text()
    except OSError:
        return False
    return stamp == stamp_of(lock) and interpreter().exists() and not unfinished().exists()


def unfinished() -> Path:
    """Stands while an installation runs, so that an interrupted one is seen."""
    return VENV / "counterfoil.unfinished"


@contextlib.contextmanager
def only_one_builder() -> Iterator[None]:
    """Hold the clone's lock, waiting for another installation to end."""
    try:
        import fcntl  # noqa: PLC0415 - missing on Windows, where the answer is a message
    except ImportError:
        raise EnvironmentProblem("Counterfoil runs on Linux and macOS; on Windows, use WSL.") from None
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another process is making the environment: waiting for it.", flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def build(lock: str) -> None:
    """Install a lock into the environment, made anew unless a sound one is there."""
    try:
        prepare(lock)
        install(lock)
        for name in (RUNTIME_LOCK, lock):
            stamp_file(name).write_text(stamp_of(name))
        unfinished().unlink()
    except PermissionError as error:
        raise EnvironmentProblem(
            f"The environment must be made or renewed, but {error.filename} cannot be written.\n"
            "Run the command once as the owner of this folder."
        ) from None


def prepare(lock: str) -> None:
    """Leave an environment that fits this interpreter and bears the mark of an unfinished installation."""
    if can_be_extended():
        unfinished().touch()
        return
    if VENV.exists() and not is_ours():
        raise EnvironmentProblem(
            f"{VENV} is there already, and Counterfoil did not make it.\n"
            "Rename or remove it, then run the command again."
        )
    print(f"Making the environment in {VENV} from {lock} (once)", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    unfinished().touch()
    create_venv()
    site_packages = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (site_packages / "counterfoil.pth").write_text(f"{ROOT}\n")


def is_ours() -> bool:
    """Whether `.venv` bears a mark of ours, or is empty."""
    return any(VENV.glob("counterfoil.*")) or not any(VENV.iterdir())


def can_be_extended() -> bool:
    """Whether a whole environment of this very interpreter and place lacks no more than packages."""
    return not unfinished().exists() and is_current(RUNTIME_LOCK)


def create_venv() -> None:
    """Make the bare environment; pip works on it from outside, since some systems have no ensurepip."""
    without_pip = ["--without-pip"] if pip_is_here() else []
    command = [sys.executable, "-m", "venv", *without_pip, str(VENV)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        advice = "" if without_pip else "This Python has no pip. On Debian and Ubuntu: apt install python3-pip\n"
        output = f"{outcome.stdout}{outcome.stderr}".strip()
        raise EnvironmentProblem(f"{advice}The virtual environment could not be made:\n{output}")


def pip_is_here() -> bool:
    """Whether the interpreter that runs this has pip."""
    return importlib.util.find_spec("pip") is not None


def pip_command() -> list[str]:
    """How to call pip for the environment."""
    if pip_is_here():
        return [sys.executable, "-m", "pip", "--python", str(interpreter())]
    return [str(interpreter()), "-m", "pip"]


def install(lock: str) -> None:
    """Install what a lock names, showing how far it is; raises `EnvironmentProblem` with pip's last words."""
    arguments = [
        "install",
        "--require-hashes",
        "--compile",
        "--no-input",
        "--disable-pip-version-check",
        "-r",
        str(ROOT / lock),
    ]
    progress = PipProgress(count_packages(ROOT / lock))
    status = progress.follow([*pip_command(), *arguments], environment=pip_environment())
    if status != 0:
        raise EnvironmentProblem(
            f"The packages could not be installed{progress.advice()}. The last words of pip:\n\n"
            f"{progress.last_words()}\n\n"
            "Run the command again when this is solved: it begins afresh."
        )


def count_packages(lock: Path) -> int:
    """How many packages a lock pins, for the progress display."""
    return sum("==" in line for line in lock.read_text().splitlines() if line[:1].isalnum())


def pip_environment() -> dict[str, str]:
    """The caller's environment without what would send packages elsewhere than into ours."""
    elsewhere = {
        "PIP_USER",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_REQUIRE_VIRTUALENV",
        "PYTHONHOME",
        "PYTHONPATH",
    }
    return {name: value for name, value in os.environ.items() if name not in elsewhere}
