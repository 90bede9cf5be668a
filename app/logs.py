"""Structured logs: readable on a console, JSON for machines."""

import logging

import structlog


def configure_logs(level: str, form: str) -> None:
    """Sets up structlog and the standard library's logging for the whole process. Levels and forms as in Settings."""
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s %(message)s")
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )
