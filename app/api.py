"""The API's processes: one, or several that share a port."""

import os
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from app.asgi import application
from app.config import Settings, load_settings
from app.garbage import settle
from app.http.gates import MAX_BODY
from app.logs import configure_logs
from app.tracing import configure_tracing

_SIDES: Final = "COUNTERFOIL_API_SIDES"
_PARENT: Final = "COUNTERFOIL_API_PARENT"
_PROCESSES: Final = "COUNTERFOIL_API_PROCESSES"
"""How a process that shares a port is told which sides it serves, who watches over it, and how many there are."""

_LOOK_FOR_PARENT_S: Final = 1.0


def serve(settings: Settings, sides: Sequence[str] = ("commands", "queries"), processes: int = 1) -> None:
    """Serves until SIGTERM or SIGINT. Several processes are started anew where one of them ends."""
    settings.require_authentication()
    if processes == 1:
        uvicorn.run(_made(settings, sides), **_options(settings))
        return
    configure_logs(settings.log_level, settings.log_format)
    os.environ |= {_SIDES: ",".join(sides), _PARENT: str(os.getpid()), _PROCESSES: str(processes)}
    uvicorn.run("app.api:one_of_several", factory=True, workers=processes, **_options(settings))


def one_of_several() -> ASGIApp:
    """The application of one process among several, which ends when the one that watches over them is gone."""
    threading.Thread(target=_end_with, args=[int(os.environ[_PARENT])], daemon=True).start()
    return _made(load_settings(), os.environ[_SIDES].split(","), int(os.environ[_PROCESSES]))


def _made(settings: Settings, sides: Sequence[str], processes: int = 1) -> ASGIApp:
    configure_logs(settings.log_level, settings.log_format)
    configure_tracing("api")
    commands, queries = "commands" in sides, "queries" in sides
    app = application(settings, take_commands=commands, answer_queries=queries, processes=processes)
    settle()
    return app


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "interface": "asgi3",
        "loop": "uvloop",
        "http": "httptools",
        "log_level": "warning",
        "access_log": False,
        "timeout_graceful_shutdown": 3,
        "ws_max_size": MAX_BODY,
    }


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_FOR_PARENT_S)
    os.kill(os.getpid(), signal.SIGTERM)
