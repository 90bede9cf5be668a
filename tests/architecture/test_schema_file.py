"""schema/schema.graphql is what the code makes, and a change that breaks clients does not pass unseen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import schema_file
from tests.support.installation import ROOT


def test_the_file_is_what_the_code_makes() -> None:
    assert schema_file.is_current(), "python3 -m app export-schema"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  sku: String!\n", "", "AddProductInput.sku was removed."),
        ("  onHand: Int!\n", "  onHand: Int\n", "Product.onHand changed type from Int! to Int."),
        ("enum OrderStatus {\n", "enum OrderStatus {\n  LOST\n", "LOST"),
        ("input PayOrderInput {\n", "input PayOrderInput {\n  tip: Decimal!\n", "tip"),
    ],
)
def test_what_clients_would_notice_is_named(before: str, after: str, said: str, tmp_path: Path) -> None:
    now = schema_file.current()
    assert before in now
    changed = now.replace(before, after, 1)
    found = schema_file.changes(now, changed)
    assert any(said in change for change in (*found.breaking, *found.dangerous)), found
    file = tmp_path / "schema.graphql"
    file.write_text(changed)
    assert not schema_file.is_current(file)


def test_export_writes_the_file_and_says_what_breaks(tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    older = schema_file.current().replace("  sku: String!\n", "  sku: String!\n  ean: String!\n", 1)
    file.write_text(older)
    assert schema_file.export(file).breaking == ("Field AddProductInput.ean was removed.",)
    assert schema_file.is_current(file)
    assert schema_file.export(file) == schema_file.Changes((), ())


def test_check_is_a_command() -> None:
    environment = {**os.environ, "COUNTERFOIL_ENVIRONMENT": "system"}
    command = [sys.executable, "-m", "app", "export-schema", "--check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
