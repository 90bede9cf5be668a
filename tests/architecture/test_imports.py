"""The import contracts hold, and each has been seen to catch what it is for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installation import ROOT

PACKAGES = ("app", "schema", "read_model", "write_model", "workers")

OFFENCES = {
    "Imports lead from the processes to the kernel": ("app/infra/leases.py", "import read_model.orders.order_summary"),
    "The kernel knows no framework": ("app/kernel/view.py", "import msgspec"),
    "Rules and messages know neither database nor Redis nor GraphQL": (
        "write_model/orders/aggregate/placing.py",
        "import app.infra.db",
    ),
    "Contexts of the write model do not know each other": (
        "write_model/orders/handlers.py",
        "import write_model.catalog.repository",
    ),
    "Policies know events and commands alone": (
        "write_model/customers/policies.py",
        "import write_model.customers.repository",
    ),
    "Nobody in the write model knows its policies": (
        "write_model/customers/handlers.py",
        "import write_model.customers.policies",
    ),
    "Of the write model, views see events alone": (
        "read_model/customers/customer_profile.py",
        "import write_model.customers.commands",
    ),
    "Of the write model, GraphQL sees commands and errors alone": (
        "schema/orders/order_details.py",
        "import write_model.orders.events",
    ),
    "Workers' jobs are generic": ("workers/jobs/shard.py", "import read_model.orders.order_summary"),
    "Workers know no GraphQL": ("workers/settings.py", "import app.plans"),
}


def test_the_contracts_are_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("KEPT") == len(OFFENCES), done.stdout


@pytest.mark.parametrize("contract", OFFENCES)
def test_each_contract_catches_an_offence(contract: str, tmp_path: Path) -> None:
    copy(tmp_path)
    file, offence = OFFENCES[contract]
    offender = tmp_path / file
    offender.write_text(f"{offender.read_text()}\n{offence}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def test_a_policy_sees_the_events_of_other_contexts_and_not_their_commands(tmp_path: Path) -> None:
    copy(tmp_path)
    offender = tmp_path / "write_model/customers/policies.py"
    assert "from write_model.orders.events import" in offender.read_text()
    offender.write_text(f"{offender.read_text()}\nimport write_model.orders.commands\n")
    done = lint(tmp_path)
    assert "Contexts of the write model do not know each other BROKEN" in done.stdout


def test_a_context_that_does_not_exist_yet_is_covered(tmp_path: Path) -> None:
    copy(tmp_path)
    for package in ("write_model", "read_model", "schema"):
        (tmp_path / package / "gifts").mkdir()
        (tmp_path / package / "gifts" / "__init__.py").touch()
    (tmp_path / "write_model/gifts/aggregate.py").write_text("import write_model.orders.events\nimport asyncpg\n")
    (tmp_path / "read_model/gifts/balance.py").write_text("import write_model.orders.repository\n")
    done = lint(tmp_path)
    assert done.stdout.count("BROKEN") == 3, done.stdout


def copy(to: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, to / package, ignore=shutil.ignore_patterns("node_modules", "web", "__pycache__")
        )
        (to / package).mkdir(exist_ok=True)
    shutil.copytree(
        ROOT / "app/web", to / "app/web", ignore=lambda _, names: [n for n in names if not n.endswith(".py")]
    )
    shutil.copy(ROOT / "pyproject.toml", to)


def lint(where: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=where, capture_output=True, text=True, check=False, timeout=60
    )
