"""What a request must pass before it reaches an endpoint: the limit of its body, and the name that it came under."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.endpoint import problem
from app.loopback import is_loopback

MAX_BODY: Final = 1_000_000
"""Bytes of a request's body; a larger one is answered 413 without being read to its end."""


class BodyLimit:
    """Answers 413 to a body that is announced as too large before any of it is read, to any other once it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _announced(scope) > MAX_BODY:
            await _too_large(scope, receive, send)
        else:
            try:
                await self._app(scope, _Counted(receive), send)
            except _TooLarge:
                await _too_large(scope, receive, send)


class _TooLarge(Exception):
    """More of a body has come than is taken."""


class _Counted:
    """Receives a request's messages. Raises _TooLarge."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._left = receive, MAX_BODY

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooLarge
        return message


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    await problem(413, f"The body is larger than {MAX_BODY:,} bytes.")(scope, receive, send)


class LoopbackNames:
    """Answers to loopback names alone: no web page reaches an open installation under a name of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or connection."""
        if scope["type"] == "lifespan" or names_loopback(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            names = "an open installation answers to localhost and loopback addresses alone"
            await problem(400, f"This name may lead elsewhere: {names}.")(scope, receive, send)


def names_loopback(host: str) -> bool:
    """Whether a Host header, with its port or without, names this machine alone."""
    host = host.lower()
    name, _, port = host.rpartition(":")
    return is_loopback((name if name and port.isdecimal() else host).removeprefix("[").removesuffix("]"))
