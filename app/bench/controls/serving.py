"""How controls are served: as the product's api process is."""

import uvicorn
from starlette.types import ASGIApp

from app.garbage import settle


def serve(app: ASGIApp, port: int) -> None:
    """Serves on a loopback port until SIGTERM, with the product's options for uvicorn and for garbage."""
    settle()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )
