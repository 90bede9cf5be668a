import logging
from collections.abc import Iterator
from contextvars import copy_context

import msgspec
import pytest
import structlog

from app.logs import _in_one_line, configure_logs, correlation


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    configure_logs("info", "json")
    yield capsys
    structlog.reset_defaults()


def test_what_is_logged_bears_the_id_of_what_it_belongs_to(logs: pytest.CaptureFixture[str]) -> None:
    belonging = copy_context()
    belonging.run(correlation.set, "c-1")
    belonging.run(structlog.get_logger().info, "within")
    structlog.get_logger().info("beside")
    within, beside = map(msgspec.json.decode, logs.readouterr().out.splitlines())
    assert (within["event"], within["correlation_id"]) == ("within", "c-1")
    assert (beside["event"], "correlation_id" in beside) == ("beside", False)


def test_a_failure_of_the_pool_is_logged_without_a_stack_trace() -> None:
    error = ConnectionRefusedError("nobody listens at 100 %s")
    trace = (type(error), error, None)
    record = logging.LogRecord("asyncpg.pool", logging.WARNING, "pool.py", 1, "trying %s", ("again",), trace)
    assert _in_one_line(record)
    assert logging.Formatter().format(record) == "trying again: nobody listens at 100 %s"
