import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from app import environment
from app.cli import commands
from app.environment import COMMANDS, ROOT
from app.pip_progress import PipProgress

BARE = ("__init__.py", "__main__.py", "environment.py", "pip_progress.py")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose lock names nothing, so that its environment is made without a network."""
    place = tmp_path / "clone"
    (place / "app").mkdir(parents=True)
    for name in BARE:
        shutil.copy(ROOT / "app" / name, place / "app")
    (place / "app" / "cli.py").write_text("import sys\ndef main(arguments):\n    print(sys.prefix, *arguments)\n")
    for lock in (environment.RUNTIME_LOCK, environment.DEVELOPMENT_LOCK):
        (place / lock).write_text("# nothing\n")
    return place


def run(clone: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if name != "COUNTERFOIL_ENVIRONMENT"}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=clone,
        env={**outside, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_alone_it_explains_every_command_and_makes_nothing(clone: Path, arguments: list[str]) -> None:
    outcome = run(clone, *arguments)
    assert outcome.returncode == 0
    assert all(f"  {name} " in outcome.stdout for name in COMMANDS)
    assert not (clone / ".venv").exists()


def test_the_explanation_names_exactly_the_commands_that_there_are() -> None:
    group = get_command(commands)
    shown = {name for name, command in group.commands.items() if not command.hidden}  # type: ignore[attr-defined]
    assert shown == set(COMMANDS)


def test_it_makes_the_environment_once_and_continues_in_it(clone: Path) -> None:
    first, second = run(clone, "up", "--port", "1"), run(clone, "up", "--port", "1")
    assert first.stdout.splitlines()[-1] == f"{clone / '.venv'} up --port 1"
    assert "Making the environment" in first.stdout
    assert second.stdout == f"{clone / '.venv'} up --port 1\n"


def test_an_interrupted_installation_is_begun_anew(clone: Path) -> None:
    run(clone, "up")
    (clone / ".venv" / "counterfoil.unfinished").touch()
    (clone / ".venv" / "half").touch()
    assert "Making the environment" in run(clone, "up").stdout
    assert not (clone / ".venv" / "half").exists()
    assert "Making the environment" not in run(clone, "up").stdout


def test_a_changed_lock_makes_the_environment_anew(clone: Path) -> None:
    run(clone, "up")
    (clone / environment.RUNTIME_LOCK).write_text("# something else\n")
    assert "Making the environment" in run(clone, "up").stdout


def test_the_tests_extend_the_environment(clone: Path) -> None:
    run(clone, "up")
    (clone / ".venv" / "kept").touch()
    assert run(clone, "test", "-k", "x").stdout.splitlines()[-1] == f"{clone / '.venv'} test -k x"
    assert (clone / ".venv" / "kept").exists()


def test_two_at_once_make_one_environment(clone: Path) -> None:
    command = [sys.executable, "-m", "app", "up"]
    outside = {name: value for name, value in os.environ.items() if name != "COUNTERFOIL_ENVIRONMENT"}
    both = [subprocess.Popen(command, cwd=clone, env=outside, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("Making the environment" in output for output in outputs) == 1


def test_an_environment_of_somebody_else_is_left_alone(clone: Path) -> None:
    (clone / ".venv").mkdir()
    (clone / ".venv" / "theirs").touch()
    outcome = run(clone, "up")
    assert outcome.returncode == 1
    assert "Counterfoil did not make it" in outcome.stderr
    assert (clone / ".venv" / "theirs").exists()


def test_packages_that_cannot_be_had_are_explained_without_a_traceback(clone: Path) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    (clone / environment.RUNTIME_LOCK).write_text(f"no-such-thing-as-this==1.0 \\\n    --hash=sha256:{digest}\n")
    outcome = run(clone, "up", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert outcome.returncode == 1
    assert "The packages could not be installed" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    (clone / environment.RUNTIME_LOCK).write_text("# nothing\n")
    assert run(clone, "up").returncode == 0


def test_a_system_environment_is_taken_as_it_is(clone: Path) -> None:
    outcome = run(clone, "api", COUNTERFOIL_ENVIRONMENT="system")
    assert outcome.stdout == f"{sys.prefix} api\n"
    assert not (clone / ".venv").exists()


def test_a_system_environment_without_the_packages_is_explained(clone: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-S", "-m", "app", "api"],
        cwd=clone,
        env={"COUNTERFOIL_ENVIRONMENT": "system", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert "-m pip install -r" in outcome.stderr


def test_an_old_python_is_told_so(clone: Path) -> None:
    pretend = "import sys, runpy; sys.version_info = (3, 9, 1); runpy.run_module('app', run_name='__main__')"
    outcome = subprocess.run([sys.executable, "-c", pretend], cwd=clone, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "needs Python 3.11 or newer, and this is Python 3.9" in outcome.stderr


def test_a_missing_network_is_named() -> None:
    progress = PipProgress(1)
    words = "WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/x/"
    assert progress.follow([sys.executable, "-c", f"print({words!r}); raise SystemExit(1)"], os.environ) == 1
    assert progress.advice() == ": the package index cannot be reached"
    assert progress.last_words() == words


@pytest.mark.parametrize(
    ("arguments", "lock"),
    [
        (["test", "-q"], environment.DEVELOPMENT_LOCK),
        (["bench"], environment.RUNTIME_LOCK),
        (["bench", "--plot", "reads.png"], environment.DEVELOPMENT_LOCK),
        (["bench", "--plot=reads.png"], environment.DEVELOPMENT_LOCK),
        (["api"], environment.RUNTIME_LOCK),
    ],
)
def test_only_tests_and_plots_need_what_development_has(arguments: list[str], lock: str) -> None:
    assert environment.lock_for(arguments) == lock


def test_both_locks_pin_the_same_versions_and_show_no_address() -> None:
    runtime, development = (
        (ROOT / lock).read_text() for lock in (environment.RUNTIME_LOCK, environment.DEVELOPMENT_LOCK)
    )
    assert _pins(runtime) <= _pins(development)
    assert "://" not in runtime + development


def _pins(lock: str) -> set[str]:
    return {line.rstrip(" \\") for line in lock.splitlines() if line[:1].isalnum()}
