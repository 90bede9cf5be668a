"""Real servers for every test that touches one: started once, with a fresh database for each installation."""

import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog

from app.infra.embedded import Servers
from tests.support.installation import Installation, installation

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
"""As processes are configured unless they are told otherwise."""

LONGEST_FIRST = ("test_read_your_writes.py", "test_import.py")
"""With two processes at work, what takes minutes must not begin last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST_FIRST)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes down what was measured; it is shown when all tests are done."""
    return lambda words: record_property("figure", words)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = [each for kind in terminalreporter.stats.values() for each in kind]
    reports = [each for each in found if isinstance(each, pytest.TestReport)]
    for report in (each for each in reports if each.when == "call"):
        for name, words in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {words}")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Redis of the test run's own, in a folder that their user can reach, as root's of pytest is not."""
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with tempfile.TemporaryDirectory(prefix="counterfoil-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Servers(Path(folder), postgres_parameters=quick) as running:
            yield running


@pytest.fixture
async def bare(servers: Servers) -> AsyncIterator[Installation]:
    """A migrated installation without processes."""
    async with installation(servers) as made:
        yield made


@pytest.fixture(scope="module")
async def shop(servers: Servers) -> AsyncIterator[Installation]:
    """A seeded installation with an API and two workers, each a process, shared by the tests of a module."""
    async with installation(servers) as made:
        await made.seed()
        made.start_workers(2)
        await made.start_api()
        yield made
