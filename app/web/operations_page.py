"""The operations page: plain HTML, CSS and modules, served as they are written, with nothing to build."""

import hashlib
import re
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from app.web.pages import SAFE_HEADERS

FOLDER: Final = Path(__file__).resolve().parent / "ops"
_MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".graphql": "text/plain"}
_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}
CONTENT_SECURITY_POLICY: Final = "; ".join(f"{name} {sources}" for name, sources in _POLICY.items())


def page_routes(path: str = "/ops") -> list[Route]:
    """The page, and its files at a path that names their content, so that browsers keep them for good."""

    async def page(_: Request) -> Response:
        html = Template((FOLDER / "page.html").read_text()).substitute(files=escape(f"{path.lstrip('/')}/{digest()}"))
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
        return HTMLResponse(html, headers=SAFE_HEADERS | headers)

    return [Route(path, page, methods=["GET"]), Route(f"{path}/{{digest}}/{{name}}", _file, methods=["GET"])]


def documents() -> dict[str, str]:
    """The operations that the page sends, by names of theirs; a subscription also as the query that it follows."""
    texts = re.split(r"\n(?=query |mutation |subscription )", (FOLDER / "documents.graphql").read_text())
    named = {f"ops/{text.split()[1].partition('(')[0]}": text.strip() for text in texts}
    asked = {f"{name}/once": _once(text) for name, text in named.items() if text.startswith("subscription")}
    return named | asked


def _once(text: str) -> str:
    """As `documents.js` has it."""
    return re.sub(r"\(pauseMs: \d+\)", "", re.sub("^subscription", "query", text), count=1)


@cache
def _served() -> dict[str, Path]:
    return {path.name: path for path in sorted(FOLDER.iterdir()) if path.suffix in _MEDIA_TYPES}


@cache
def digest() -> str:
    """Of all files together."""
    whole = hashlib.sha256()
    for name, path in _served().items():
        whole.update(name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:16]


async def _file(request: Request) -> Response:
    """A file of the page as it is now, and no other."""
    name = request.path_params["name"]
    if request.path_params["digest"] != digest() or name not in _served():
        raise HTTPException(404)
    headers = SAFE_HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
    path = _served()[name]
    return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], headers=headers)
