"""OpenTelemetry spans, where the extra is installed and an endpoint is configured; otherwise they cost nothing.

The extra is `requirements-otel.lock`. Where spans go and what they are called is OpenTelemetry's own configuration by
environment: OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT), OTEL_SERVICE_NAME and the others.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer, TracerProvider

_log = structlog.get_logger()

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_MISSING: Final = "no spans are sent: install the extra with pip install -r requirements-otel.lock"
_OFF: Final = nullcontext()
_MOST_LINKS: Final = 128

Parent = Mapping[str, str]
"""What a caller says of its own trace, as the headers `traceparent` and `tracestate`."""


class _State:
    tracer: "Tracer | None" = None


def configure_tracing(service: str, environment: Mapping[str, str] = os.environ) -> None:
    """Sends this process's spans to the endpoint that the environment names, if it does and the extra is there."""
    if not any(environment.get(name) for name in _ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - the extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        _log.warning(_MISSING)
        return
    name = environment.get("OTEL_SERVICE_NAME") or f"counterfoil-{service}"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace_with(provider)


def trace_with(provider: "TracerProvider | None") -> None:
    """Makes spans with this provider from now on; with None, makes none."""
    _State.tracer = provider.get_tracer("counterfoil") if provider else None


def is_on() -> bool:
    """Whether spans are made."""
    return _State.tracer is not None


def span(name: str, /, **attributes: Any) -> AbstractContextManager["Span | None"]:
    """A span around the block, beneath the one that is open. An exception ends it, and is no error by itself."""
    return _span(name, attributes) if _State.tracer is not None else _OFF


def request(name: str, parent: Parent, **attributes: Any) -> AbstractContextManager["Span | None"]:
    """A span for a request, beneath the caller's if it says so."""
    if _State.tracer is None:
        return _OFF
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    return _span(name, attributes, kind=SpanKind.SERVER, context=_propagator().extract(parent))


def linked(name: str, traceparents: Iterable[str], /, **attributes: Any) -> AbstractContextManager["Span | None"]:
    """A span of its own trace, with links to others: to what caused the events that it is about."""
    if _State.tracer is None:
        return _OFF
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import Link, get_current_span  # noqa: PLC0415

    caused = list(dict.fromkeys(traceparents))[:_MOST_LINKS]
    contexts = [get_current_span(_propagator().extract({"traceparent": each})).get_span_context() for each in caused]
    links = [Link(context) for context in contexts if context.is_valid]
    return _span(name, attributes, links=links, context=Context())


def traceparent() -> str | None:
    """How the open span is named to others; None where there is none."""
    if _State.tracer is None:
        return None
    carrier: dict[str, str] = {}
    _propagator().inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def _span(name: str, attributes: Mapping[str, Any], **options: Any) -> Iterator["Span"]:
    assert _State.tracer is not None
    given = {f"counterfoil.{key}": value for key, value in attributes.items() if value is not None}
    with _State.tracer.start_as_current_span(
        name, attributes=given, record_exception=False, set_status_on_exception=False, **options
    ) as opened:
        yield opened


def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator()
