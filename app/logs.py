"""Structured logs: readable on a console, JSON for machines."""

import logging
from contextvars import ContextVar
from typing import Final

import structlog

correlation: Final = ContextVar[str | None]("correlation", default=None)
"""The id of what a request and all that it leads to belong to; whatever is logged meanwhile bears it.

A variable of its own, since setting it costs a quarter of what structlog's `bind_contextvars` does with every request.
"""


def configure_logs(level: str, form: str) -> None:
    """Sets up structlog and the standard library's logging for the whole process. Levels and forms as in Settings."""
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("asyncpg.pool").addFilter(_in_one_line)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            _with_correlation,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )


def _with_correlation(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event with the id of what it belongs to, if it is known."""
    known = correlation.get()
    if known is not None:
        event.setdefault("correlation_id", known)
    return event


def _in_one_line(record: logging.LogRecord) -> bool:
    """A pool tries again for as long as PostgreSQL is away, with a stack trace each time: the reason will do."""
    if record.exc_info:
        record.msg, record.exc_info = f"{record.getMessage()}: {record.exc_info[1]}", None
        record.args = ()
    return True
