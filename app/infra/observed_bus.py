"""The bus, with what becomes of its commands told: counted, logged, and traced where that is on."""

import asyncio
from collections import Counter
from time import perf_counter
from typing import Any, Final

import structlog

from app import tracing
from app.infra.bus import Bus, Handlers, Hints
from app.infra.db import Pool
from app.kernel.errors import Busy, Refusal, VersionConflict
from app.kernel.measures import Histograms
from app.kernel.messages import Command, Envelope, Receipt

_log = structlog.get_logger()

ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
CONFLICT: Final = "conflict"
BUSY: Final = "busy"
ABANDONED: Final = "abandoned"
FAILED: Final = "failed"
"""What becomes of a command; abandoned is one whose sender went away, and failed is our own fault."""


class ObservedBus(Bus):
    """A bus that is seen from outside.

    An accepted command is logged for who debugs alone: the log of events tells of it as well, and of whom it came from.
    """

    def __init__(self, pool: Pool, handlers: Handlers, hints: Hints) -> None:
        super().__init__(pool, handlers, hints)
        self.durations = Histograms()
        """By type and outcome."""
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        """By type, outcome and the code of a refusal."""

    async def dispatch(self, command: Command, envelope: Envelope) -> Receipt:
        """As the bus does it."""
        began, name = perf_counter(), type(command).__name__
        with tracing.span(f"command {name}", command_id=str(envelope.command_id)) as span:
            try:
                receipt = await super().dispatch(command, envelope)
            except BaseException as error:
                outcome, code = _outcome(error)
                self._note(name, outcome, code, perf_counter() - began)
                _tell(error, outcome, code, name, envelope)
                if span is not None:
                    _show(span, error, outcome, code)
                raise
        took_s = perf_counter() - began
        self._note(name, ACCEPTED, "", took_s)
        _log.debug(
            "command accepted",
            **_named(name, envelope),
            aggregate_id=str(receipt.aggregate_id),
            version=receipt.version,
            position=receipt.position,
            duration_ms=round(took_s * 1000, 3),
        )
        return receipt

    def _note(self, name: str, outcome: str, code: str, took_s: float) -> None:
        self.outcomes[name, outcome, code] += 1
        self.durations.of(name, outcome).observe(took_s)


def _outcome(error: BaseException) -> tuple[str, str]:
    """What an exception means, and the code of a refusal."""
    match error:
        case VersionConflict():
            return CONFLICT, ""
        case Busy():
            return BUSY, ""
        case Refusal():
            return REFUSED, error.code
        case asyncio.CancelledError():
            return ABANDONED, ""
        case _:
            return FAILED, ""


def _tell(error: BaseException, outcome: str, code: str, name: str, envelope: Envelope) -> None:
    told = _named(name, envelope)
    match outcome:
        case "failed":
            _log.error("command failed", **told, exc_info=error)
        case "busy":
            _log.warning("command put off", **told)
        case _:
            _log.info(f"command {outcome}", **told, **({"code": code} if code else {}), reason=str(error))


def _named(name: str, envelope: Envelope) -> dict[str, Any]:
    return {
        "command": name,
        "command_id": str(envelope.command_id),
        "correlation_id": str(envelope.correlation_id),
    }


def _show(span: Any, error: BaseException, outcome: str, code: str) -> None:
    span.set_attribute("counterfoil.outcome", outcome)
    if code:
        span.set_attribute("counterfoil.code", code)
    if outcome == FAILED:
        span.record_exception(error)
