"""The endpoints under which a process is watched, and a port of their own for processes that have no other."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.kernel.pulse import Pulses
from app.observability.health import Health, Verdict
from app.observability.metrics import MEDIA_TYPE, Metrics

_log = structlog.get_logger()

_ONE_OF_SEVERAL: Final = (
    "Several processes share this port, and the metrics would be those of any one of them. "
    "Set COUNTERFOIL_METRICS_PORT: each process then has a port of its own, from that one on.\n"
)


class Watch:
    """What a process shows of itself; `metrics` and `health` may be replaced while it runs."""

    def __init__(self, pulses: Pulses) -> None:
        self.pulses = pulses
        self.metrics, self.health = Metrics(), Health(pulses)

    def routes(self, *, alone: bool = True) -> list[Route]:
        """The endpoints. A process that is not `alone` at its port refuses to tell its metrics there."""
        return [
            Route("/livez", self._alive),
            Route("/readyz", self._ready),
            Route("/readyz/views", self._views),
            Route("/metrics", self._measured if alone else _refuse),
        ]

    async def _alive(self, _: Request) -> Response:
        return _response(self.health.alive())

    async def _ready(self, _: Request) -> Response:
        return _response(await self.health.ready())

    async def _views(self, _: Request) -> Response:
        return _response(await self.health.views())

    async def _measured(self, _: Request) -> Response:
        return Response(await self.metrics.text(), media_type=MEDIA_TYPE)


async def _refuse(_: Request) -> Response:
    return PlainTextResponse(_ONE_OF_SEVERAL, status_code=404)


def _response(verdict: Verdict) -> Response:
    return JSONResponse(dict(verdict.told), status_code=200 if verdict.well else 503)


@asynccontextmanager
async def watched_at(host: str, ports: Iterable[int], watch: Watch) -> AsyncIterator[int | None]:
    """The endpoints at the first of the ports that can be had, for as long as the block lasts.

    Where none can be had, that is logged as an error and the block goes on without: what is watched matters more.
    """
    listening = _listening(host, list(ports))
    if listening is None:
        yield None
        return
    config = uvicorn.Config(Starlette(routes=watch.routes()), lifespan="off", log_level="warning", access_log=False)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    port: int = listening.getsockname()[1]
    _log.info("watched", host=host, port=port)
    try:
        yield port
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.wait([serving])


class _Server(uvicorn.Server):
    """A server beside others: signals are for the process, which ends it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def _listening(host: str, ports: list[int]) -> socket.socket | None:
    error: OSError | None = None
    for port in ports:
        try:
            return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as refused:
            error = refused
    if error is not None:
        _log.error(
            "nobody can watch this process: its port cannot be had; set COUNTERFOIL_METRICS_PORT to another one",
            host=host,
            port=ports[0],
            reason=os.strerror(error.errno) if error.errno else str(error),
        )
    return None
