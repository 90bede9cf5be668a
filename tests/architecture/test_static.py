"""Format, lint and types are clean; what only one place may do is done there alone."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.installation import ROOT

SOURCES = ("app", "schema", "read_model", "write_model", "workers")

ONLY_HERE = {
    "now": {"app/kernel/clock.py"},
    "utcnow": set(),
    "today": set(),
    "uuid1": set(),
    "uuid4": set(),
    "commit": {"app/migrations/migrate.py"},
}
"""Calls by name, with the files that may make them: one clock, one maker of ids, one place that commits."""

OUR_CLOCK = {"now", "clock.now"}


@pytest.mark.parametrize(
    "check", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy", "--strict", ".")], ids=" ".join
)
def test_the_tools_find_nothing(check: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", *check]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def test_time_ids_and_commits_come_from_one_place() -> None:
    files = [path for source in SOURCES for path in (ROOT / source).rglob("*.py") if "node_modules" not in path.parts]
    assert [offence for path in files for offence in offences(path.read_text(), str(path.relative_to(ROOT)))] == []


@pytest.mark.parametrize(
    "offence",
    [
        "from datetime import datetime, UTC\nat = datetime.now(UTC)",
        "import uuid\nkey = uuid.uuid4()",
        "from uuid import uuid4\nkey = uuid4()",
        "async def save(connection):\n    await connection.commit()",
    ],
)
def test_an_offence_is_found(offence: str) -> None:
    assert list(offences(offence, "write_model/orders/handlers.py"))


def offences(source: str, file: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        if called not in OUR_CLOCK and name in ONLY_HERE and file not in ONLY_HERE[name]:
            yield f"{file}:{node.lineno} calls {called}"
