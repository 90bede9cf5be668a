"""GraphQL over HTTP, server-sent events and graphql-transport-ws."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeGuard, TypeVar

from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.http.exceptions import NonJsonMessageReceived
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL

from app.http.contexts import Contexts
from app.kernel.errors import Unauthenticated
from app.plans.trusted import RefusedDocument
from schema.context import CORRELATION_HEADER, TOKEN_HEADER, RequestContext
from schema.errors import brief

Page = Callable[[], Response]
Kind = TypeVar("Kind")


class ObjectsOnly(ASGIWebSocketAdapter):
    """Every message of graphql-transport-ws is a JSON object; the library's handler would fail on any other."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """The messages. Raises NonJsonMessageReceived for one that cannot be read or is no object."""
        try:
            async for message in super().iter_json(ignore_parsing_errors=ignore_parsing_errors):
                if not _is_message(message):
                    raise NonJsonMessageReceived
                yield message
        except (RecursionError, ValueError):
            raise NonJsonMessageReceived from None


def _is_message(message: object) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
        return False
    return message["type"] != "subscribe" or _is_operation(message.get("payload"))


def _is_operation(payload: object) -> bool:
    return (
        isinstance(payload, dict)
        and _is_text(payload.get("query"))
        and isinstance(payload.get("variables"), (dict, type(None)))
        and isinstance(payload.get("operationName"), (str, type(None)))
    )


class Endpoint(GraphQL[RequestContext, None]):
    """The library's view, with our contexts, and with a clear 4xx for whatever is no GraphQL request."""

    websocket_adapter_class = ObjectsOnly

    def __init__(self, schema: BaseSchema, contexts: Contexts, page: Page | None) -> None:
        protocol = GRAPHQL_TRANSPORT_WS_PROTOCOL if page else GRAPHQL_SSE_PROTOCOL
        super().__init__(schema, graphql_ide="graphiql" if page else None, subscription_protocols=(protocol,))
        self._contexts, self._page = contexts, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or connection."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            response = await self.run(Request(scope, receive))
        except ClientDisconnect:
            return
        except HTTPException as error:
            response = problem(error.status_code, error.reason)
        except RefusedDocument as refused:
            response = problem(refused.status, refused.message, refused.code)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> RequestContext:
        """Who asks and how fresh, from the headers; a websocket says the same in connection_init. Raises a 401."""
        said = request.headers
        headers = response.headers if isinstance(response, Response) else None
        return self._contexts.of(
            self._principal(request), said.get(TOKEN_HEADER), said.get(CORRELATION_HEADER), headers
        )

    def _principal(self, request: Request | WebSocket) -> Any:
        try:
            return self._contexts.authentication.principal(request.headers.get("authorization"))
        except Unauthenticated as refused:
            if isinstance(request, WebSocket):
                return None
            raise HTTPException(401, str(refused)) from None

    async def on_ws_connect(self, context: RequestContext) -> Any:
        """Reads `Authorization` and `Consistency-Token` from connection_init. Closes with 4403 for an invalid token."""
        params = {str(name).lower(): value for name, value in context.connection_params.items()}
        authorization, token = params.get("authorization"), params.get(TOKEN_HEADER.lower())
        if isinstance(token, str):
            context.header_token = token
        if authorization is not None:
            try:
                context.principal = self._contexts.authentication.principal(str(authorization))
            except Unauthenticated:
                raise ConnectionRejectionError from None
        return {}

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """One operation. Raises HTTPException 400, 413 or 415 with what is wrong, or RefusedDocument."""
        posted = request.method == "POST"
        said = await _posted(request) if posted else _in_the_address(request.query_params)
        transport = self._get_stream_transport_from_headers(request.headers)
        extensions = _optional(said, "extensions", dict, "an object")
        return GraphQLRequestData(
            query=self._text(said, extensions),
            variables=_optional(said, "variables", dict, "an object"),
            operation_name=_optional(said, "operationName", str, "a string"),
            extensions=extensions,
            protocol=transport.protocol if transport else "http",
        )

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """The page is for those who name no document."""
        named = {"documentId", "extensions"} & request.query_params.keys()
        return not named and super().should_render_graphql_ide(request)

    def _text(self, said: Mapping[str, Any], extensions: Mapping[str, Any] | None) -> str:
        """The text of the operation's document: as it was sent, or as an id or a hash names it."""
        persisted = isinstance(extensions, Mapping) and "persistedQuery" in extensions
        if said.get("query") is None and (persisted or said.get("documentId") is not None):
            query = None
        else:
            query = _query(said.get("query"))
        return _query(self._contexts.installation.documents.text(query, said.get("documentId"), extensions))

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002 - the library's signature
        """The page for people."""
        assert self._page is not None
        return self._page()


async def _posted(request: AsyncHTTPRequestAdapter) -> dict[str, Any]:
    if (request.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Send the operation as application/json.")
    body = await request.get_body()
    said = _decoded(body, "The body")
    if isinstance(said, list):
        raise HTTPException(400, "Batches are not taken; send one operation as a JSON object.")
    if not isinstance(said, dict):
        raise HTTPException(400, "The body must be a JSON object with a `query`.")
    return said


def _in_the_address(parameters: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = dict(parameters)
    decoded = {name: _decoded(said[name], f"`{name}`") for name in ("variables", "extensions") if said.get(name)}
    return {name: value for name, value in (said | decoded).items() if value != ""}


def _decoded(text: bytes | str, what: str) -> object:
    try:
        return json.loads(text if isinstance(text, str) else text.decode())
    except UnicodeDecodeError:
        raise HTTPException(400, f"{what} is not UTF-8.") from None
    except RecursionError:
        raise HTTPException(400, f"{what} is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise HTTPException(400, f"{what} is not JSON: {error}.") from None
    except ValueError:
        raise HTTPException(400, f"{what} holds a number that is too long.") from None


def _is_text(query: object) -> TypeGuard[str]:
    return isinstance(query, str) and not query.isspace() and query != ""


def _query(query: object) -> str:
    if not _is_text(query):
        raise HTTPException(400, 'There is no `query`: send {"query": "{ … }"}.')
    return query


def _optional(said: dict[str, Any], name: str, kind: type[Kind], called: str) -> Kind | None:
    value = said.get(name)
    if not isinstance(value, (kind, type(None))):
        raise HTTPException(400, f"`{name}` must be {called} or null.")
    return value


_CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
_CODES |= {413: "TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE"}


def problem(status: int, reason: str, code: str | None = None) -> JSONResponse:
    """A 4xx in the shape of a GraphQL answer."""
    error = {"message": brief(reason), "extensions": {"code": code or _CODES.get(status, "BAD_REQUEST")}}
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return JSONResponse({"errors": [error]}, status_code=status, headers=headers)
