"""What `up` does not start on, and how it says so."""

import socket
import subprocess
from pathlib import Path

import pytest

from app.environment import ROOT
from tests.support.installation import free_port
from tests.support.up import COMMAND, KEY, folder, outside

__all__ = ["folder"]


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = _fails(folder, "--port", str(port))
    assert f"Port {port} on 127.0.0.1 cannot be used" in outcome
    assert "Choose another with --port" in outcome
    assert not (folder / "data" / "postgres").exists()


def test_other_machines_are_not_let_in_without_a_key(folder: Path) -> None:
    assert "set COUNTERFOIL_JWT_KEY" in _fails(folder, "--host", "0.0.0.0")  # noqa: S104 - that is the point
    assert not (folder / "data").exists()


def test_an_address_of_another_machine_is_named(folder: Path) -> None:
    outcome = _fails(folder, "--host", "192.0.2.1", COUNTERFOIL_JWT_KEY=KEY)
    assert "on 192.0.2.1 cannot be used" in outcome
    assert "Choose another with --host" in outcome


def test_a_data_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "data").touch()
    assert "Choose another --data-dir" in _fails(folder)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/shop", "PostgreSQL at 127.0.0.1:1/shop cannot be reached"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:1/0", "Redis at 127.0.0.1:1/0 cannot be reached"),
        ("DATABASE_URL", "mysql://me:secret@127.0.0.1:1/shop", "DATABASE_URL must look like postgresql://"),
    ],
)
def test_a_server_that_was_named_wrongly_is_named(folder: Path, variable: str, value: str, words: str) -> None:
    outcome = _fails(folder, **{variable: value})
    assert words in outcome
    assert variable in outcome
    assert ":secret" not in outcome


def test_what_is_wrong_now_is_shown_without_what_was_wrong_before(folder: Path) -> None:
    (folder / "data" / "logs").mkdir(parents=True)
    (folder / "data" / "logs" / "migrate.log").write_text("an old trouble\n")
    assert "an old trouble" not in _fails(folder, DATABASE_URL="mysql://x", REDIS_URL="redis://x")


def _fails(folder: Path, *options: str, **variables: str) -> str:
    outcome = subprocess.run(
        [*COMMAND, "--data-dir", str(folder / "data"), "--port", str(free_port()), *options],
        env={**outside(), **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    return outcome.stderr.replace("\n", " ")
