"""The GraphiQL page and its files, over Starlette."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from string import Template

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from strawberry.http.ides import get_graphql_ide_html

from app.web.assets import DIST, Bundle, bundle
from app.web.operations import Example

_log = structlog.get_logger()
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # the editor writes style sheets while running
    "font-src": "'self' data:",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{name} {sources}" for name, sources in _POLICY.items())
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".ttf": "font/ttf", ".txt": "text/plain"}
_PAGE = Template((Path(__file__).parent / "page.html").read_text())


def graphiql_page(examples: Sequence[Example] = (), *, assets: str = "/assets") -> Response:
    """GraphiQL for the address that it is served at, with examples; its files are at the path `assets`."""
    made = bundle()
    return _networked_page() if made is None else _local_page(made, examples, assets)


def asset_routes(path: str = "/assets") -> list[Route]:
    """The routes of the page's files; a name holds a digest of the content, so browsers keep it for good."""
    return [Route(f"{path}/{{name}}", _asset, methods=["GET"])]


def _local_page(made: Bundle, examples: Sequence[Example], assets: str) -> Response:
    settings = {
        "workers": {label: f"{assets}/{name}" for label, name in made.workers.items()},
        "examples": [asdict(example) for example in examples],
    }
    html = _PAGE.substitute(
        style=escape(f"{assets}/{made.style}"),
        script=escape(f"{assets}/{made.script}"),
        settings=json.dumps(settings).replace("<", "\\u003c"),
    )
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache", "Vary": "Accept"}
    return HTMLResponse(html, headers=SAFE_HEADERS | headers)


def _networked_page() -> Response:
    """Strawberry's own page, which loads GraphiQL from the network."""
    _log.warning("GraphiQL comes from the network: `npm ci` and `npm run build` in app/web make a local one")
    headers = {"Content-Security-Policy": "frame-ancestors 'none'", "Cache-Control": "no-store", "Vary": "Accept"}
    return HTMLResponse(get_graphql_ide_html("graphiql"), headers=SAFE_HEADERS | headers)


def _asset(request: Request) -> Response:
    """A file that the manifest names, and no other."""
    name = request.path_params["name"]
    made = bundle()
    if made is None or name not in made.files:
        raise HTTPException(404)
    headers = SAFE_HEADERS | {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    packed = DIST / f"{name}.gz"
    media_type = _MEDIA_TYPES[Path(name).suffix]
    if packed.exists() and "gzip" in request.headers.get("Accept-Encoding", ""):
        return FileResponse(packed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return FileResponse(DIST / name, media_type=media_type, headers=headers)
