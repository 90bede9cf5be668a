"""Operations that there is a plan for, answered without the library's HTTP view.

An ordinary POST of such an operation is answered here. Anything else, and anything that is to be refused, goes to the
library's endpoint as it came, so that one place says what is wrong with a request.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from time import perf_counter
from typing import Any, Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import tracing
from app.http.contexts import Contexts
from app.http.gates import MAX_BODY
from app.kernel.errors import Unauthenticated
from app.kernel.messages import Principal
from app.plans import Answer, Plan, Plans
from app.plans.trusted import RefusedDocument
from schema.context import CORRELATION_HEADER, TOKEN_HEADER, RequestContext

_TOKEN: Final = TOKEN_HEADER.lower().encode()
_CORRELATION: Final = CORRELATION_HEADER.lower().encode()
_NAMES: Final = {TOKEN_HEADER: _TOKEN, CORRELATION_HEADER: _CORRELATION}
_JSON: Final = (b"content-type", b"application/json")
_IN_PARTS: Final = (b"event-stream", b"multipart")
"""What is in the Accept header of those who want answers in parts."""
_ANYTHING: Final = (b"", b"*/*", b"application/json")


class _Said(msgspec.Struct):
    """What a body says."""

    query: str | None = None
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - as GraphQL over HTTP calls it
    extensions: dict[str, Any] | None = None
    documentId: str | None = None  # noqa: N815


_decode: Final = msgspec.json.Decoder(_Said).decode


class _NotHere(Exception):
    """The library's endpoint has to answer this."""


class PlannedOperations:
    """Answers what has a plan; `otherwise` answers the rest. `may_come` judges the Host header that it came under."""

    def __init__(self, plans: Plans, contexts: Contexts, otherwise: ASGIApp, may_come: Callable[[str], bool]) -> None:
        self._plans, self._contexts, self._otherwise = plans, contexts, otherwise
        self._documents = contexts.installation.documents
        self._unplanned = plans.counts.durations_of("unplanned", "without a plan")
        self._may_come = lru_cache(256)(lambda host: may_come(host.decode("latin-1")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request to the GraphQL path."""
        received: list[Message] = []
        began = 0.0
        try:
            headers = self._headers(scope)
            principal = self._principal(headers)
            body = await _body(receive, received)
            began = perf_counter()
            plan, variables = self._plan(body)
        except _NotHere:
            await self._otherwise(scope, _again(received, receive), send)
            if began:
                self._unplanned.observe(perf_counter() - began)
            return
        answered: dict[str, str] = {}
        context = self._contexts.of(principal, _text(headers, _TOKEN), _text(headers, _CORRELATION), answered)
        running = plan.run(variables, context) if not tracing.is_on() else _traced(plan, variables, context, headers)
        body = (await running).body
        plan.durations.observe(perf_counter() - began)
        await send({"type": "http.response.start", "status": 200, "headers": _listed(body, answered)})
        await send({"type": "http.response.body", "body": body})

    def _headers(self, scope: Scope) -> dict[bytes, bytes]:
        """The headers of a POST that wants one answer in JSON. Raises _NotHere, also for one that is sent twice."""
        listed = scope["headers"]
        headers: dict[bytes, bytes] = dict(listed)
        accepts = headers.get(b"accept", b"")
        if (
            scope["method"] != "POST"
            or headers.get(b"content-type") != b"application/json"
            or len(headers) != len(listed)
            or (accepts not in _ANYTHING and any(each in accepts for each in _IN_PARTS))
            or not self._may_come(headers.get(b"host", b""))
        ):
            raise _NotHere
        return headers

    def _principal(self, headers: dict[bytes, bytes]) -> Principal | None:
        try:
            return self._contexts.authentication.principal(_text(headers, b"authorization"))
        except Unauthenticated:
            raise _NotHere from None

    def _plan(self, body: bytes) -> tuple[Plan, dict[str, Any] | None]:
        """The plan that a body asks for, and its variables. Raises _NotHere."""
        try:
            said = _decode(body)
            text = said.query
            if text is None or said.extensions is not None or self._documents.only:
                text = self._documents.text(text, said.documentId, said.extensions)
        except (msgspec.DecodeError, ValueError, RecursionError, RefusedDocument):
            raise _NotHere from None
        plan = self._plans.plan(text, said.operationName) if text else None
        if plan is None:
            raise _NotHere
        return plan, said.variables


async def _traced(
    plan: Plan, variables: dict[str, Any] | None, context: RequestContext, headers: dict[bytes, bytes]
) -> Answer:
    """The plan's answer, within a span beneath that of the caller."""
    with tracing.request(f"{plan.kind.value} {plan.name}", _trace(headers), correlation_id=context.correlation):
        return await plan.run(variables, context)


def _trace(headers: dict[bytes, bytes]) -> Mapping[str, str]:
    named = {name: _text(headers, name.encode()) for name in ("traceparent", "tracestate")}
    return {name: value for name, value in named.items() if value is not None}


async def _body(receive: Receive, received: list[Message]) -> bytes:
    """The whole body, of messages that are noted. Raises _NotHere where it has no end, or goes beyond what is taken."""
    whole: bytes = b""
    while True:
        message = await receive()
        received.append(message)
        whole += message.get("body", b"")
        if message["type"] != "http.request" or len(whole) > MAX_BODY:
            raise _NotHere
        if not message.get("more_body"):
            return whole


def _again(received: list[Message], receive: Receive) -> Receive:
    """Gives the messages from the first one on to somebody else."""

    async def again() -> Message:
        return received.pop(0) if received else await receive()

    return again


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return value.decode("latin-1") if value is not None else None


def _listed(body: bytes, headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, as ASGI takes them."""
    listed = [_JSON, (b"content-length", b"%d" % len(body))]
    for name, value in headers.items():
        listed.append((_NAMES[name], value.encode("latin-1")))
    return listed
