"""An answer that stands ready, straight over ASGI: what the HTTP server alone costs.

`python -m app.bench.controls.raw PORT FILE` answers every request with the file's bytes.
"""

import sys
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from app.bench.controls.serving import serve


def answering(body: bytes) -> ASGIApp:
    """An application that reads a request to its end and answers this."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    end = {"type": "http.response.body", "body": body}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        await send(start)
        await send(end)

    return app


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    serve(answering(Path(sys.argv[2]).read_bytes()), int(sys.argv[1]))
