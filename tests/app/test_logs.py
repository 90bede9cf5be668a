import logging

from app.logs import _in_one_line


def test_a_failure_of_the_pool_is_logged_without_a_stack_trace() -> None:
    error = ConnectionRefusedError("nobody listens at 100 %s")
    trace = (type(error), error, None)
    record = logging.LogRecord("asyncpg.pool", logging.WARNING, "pool.py", 1, "trying %s", ("again",), trace)
    assert _in_one_line(record)
    assert logging.Formatter().format(record) == "trying again: nobody listens at 100 %s"
