from collections.abc import Callable
from pathlib import Path

import pytest

from app.online_retail.books import Line, read
from app.online_retail.plan import Plan, plan
from tests.app.online_retail.book import REAL, Entry, written


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Plan]:
    """Plans a hand-made book; its first line is number 2."""

    def plan_entries(*entries: Entry) -> Plan:
        file = tmp_path / "book.csv"
        file.write_text(written(entries), encoding="utf-8")
        return plan(read(file))

    return plan_entries


@pytest.fixture(scope="session")
def real_file() -> Path:
    """The real books."""
    return REAL


@pytest.fixture(scope="session")
def real_lines(real_file: Path) -> list[Line]:
    return read(real_file)


@pytest.fixture(scope="session")
def real_plan(real_lines: list[Line]) -> Plan:
    return plan(real_lines)
