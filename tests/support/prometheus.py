"""Prometheus' own programs, where they are installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.installation import ROOT

FOLDER = ROOT / "app/observability/prometheus"
ALERTS = FOLDER / "alerts.yml"


def program(name: str) -> str:
    """The path of `promtool` or `prometheus`. Without it a test fails for root, who can install it; else is skipped."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if os.geteuid() == 0 else pytest.skip)(
            f"{name} is missing, so nobody has put the alerts to the test: as root `apt-get install prometheus`, "
            f"or put one on PATH"
        )
    return path


def promtool(*arguments: str | Path) -> str:
    """What it says. Fails the test if it finds something wrong."""
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
