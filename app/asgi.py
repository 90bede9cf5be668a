"""The API process: GraphQL, its page, and health."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app import bootstrap, registry
from app.config import Settings
from app.http.authentication import Authentication
from app.http.contexts import Contexts
from app.http.endpoint import Endpoint, problem
from app.http.gates import BodyLimit, LoopbackNames, names_loopback
from app.http.metrics import Metrics
from app.http.planned import PlannedOperations
from app.infra.db import TRANSIENT, Pool
from app.infra.dead_letter_box import DeadLetterBox
from app.infra.log_identity import LogReplaced, Side, until_replaced
from app.infra.rebuild_progress import progress
from app.infra.view_status import ViewStatus
from app.plans import Plans
from app.plans.trusted import TrustedDocuments, load
from app.seed import examples
from app.web.pages import asset_routes, graphiql_page
from schema.context import Installation, Shop, Waiting
from schema.errors import typed
from schema.schema import Schema, make

_log = structlog.get_logger()

GRAPHQL_PATH = "/graphql"
STREAM_PATH = "/graphql/stream"


def application(settings: Settings, *, take_commands: bool = True, answer_queries: bool = True) -> ASGIApp:
    """The ASGI application; opens its stores when it starts, and closes them when it ends."""
    schema, faces = make(registry.ACCEPTED_COMMANDS), _Faces(names_loopback if settings.open else _anybody)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            installation, pools = await _installation(settings, stack, take_commands, answer_queries)
            faces.open(schema, Contexts(installation, _authentication(settings)), pools)
            watch = _end_when_replaced(pools[0], "write" if take_commands else "read", installation.log_id)
            watching = asyncio.create_task(watch)
            yield
            watching.cancel()

    faces.whole = Starlette(
        routes=[
            Route("/", _to_graphiql),
            Route("/livez", _alive),
            Route("/readyz", faces.ready),
            Route("/metrics", faces.measured),
            Route(STREAM_PATH, faces.stream),
            Route(GRAPHQL_PATH, faces.graphql),
            WebSocketRoute(GRAPHQL_PATH, faces.graphql),
            *asset_routes(),
        ],
        middleware=_middleware(settings),
        exception_handlers={404: _not_found, 405: _not_allowed},
        lifespan=lifespan,
    )
    return faces


class _Faces:
    """The endpoints, which exist from the application's start on, and the whole of which they are part."""

    whole: Starlette

    def __init__(self, may_come: Callable[[str], bool]) -> None:
        self._may_come = may_come
        self._planned: PlannedOperations | None = None
        self._graphql: Endpoint | None = None
        self._metrics: Metrics | None = None
        self._stream: Endpoint | None = None
        self._installation: Installation | None = None
        self._pools: list[Pool] = []
        self.graphql, self.stream = _Face(self, "_graphql"), _Face(self, "_stream")

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """What comes to GraphQL's path may have a plan; everything else goes through the middleware."""
        if self._planned is not None and scope["type"] == "http" and scope["path"] == GRAPHQL_PATH:
            return self._planned(scope, receive, send)
        return self.whole(scope, receive, send)

    def open(self, schema: Schema, contexts: Contexts, pools: list[Pool]) -> None:
        shown, plans = examples(), Plans(schema, typed)
        self._graphql = Endpoint(schema, contexts, lambda: graphiql_page(shown))
        self._stream = Endpoint(schema, contexts, None)
        self._planned = PlannedOperations(plans, contexts, self.whole, self._may_come)
        self._metrics = Metrics(plans.counts)
        self._installation, self._pools = contexts.installation, pools

    async def measured(self, _: Request) -> Response:
        """What Prometheus asks for."""
        assert self._metrics is not None
        return self._metrics.response()

    async def ready(self, _: Request) -> Response:
        """200 when the stores answer and every view does; which side this process serves is told besides."""
        installation = self._installation
        assert installation is not None
        try:
            for pool in self._pools:
                await pool.fetchval("select 1")
            if building := await _building(installation):
                return JSONResponse({"ready": False, "reason": "building", "views": building}, status_code=503)
        except (TimeoutError, *TRANSIENT) as error:
            return JSONResponse({"ready": False, "reason": type(error).__name__}, status_code=503)
        return JSONResponse(
            {"ready": True, "commands": installation.bus is not None, "queries": installation.reads is not None}
        )


async def _building(installation: Installation) -> dict[str, dict[str, int]]:
    """How far the views are that have nothing to show yet: positions of the log that are done, of how many."""
    reads = installation.reads
    if reads is None or not reads.building:
        return {}
    numbers = [(name, reads.generation(name)) for name in reads.building]
    found = [each for each in await progress(reads.pool, numbers) if (each.view, each.generation) in numbers]
    return {each.view: {"done": each.done, "of": each.target} for each in found}


class _Face:
    """An ASGI application that is looked up when it is called."""

    def __init__(self, faces: _Faces, name: str) -> None:
        self._faces, self._name = faces, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint: Endpoint = getattr(self._faces, self._name)
        await endpoint(scope, receive, send)


async def _installation(
    settings: Settings, stack: AsyncExitStack, take_commands: bool, answer_queries: bool
) -> tuple[Installation, list[Pool]]:
    commands = await stack.enter_async_context(bootstrap.commands(settings)) if take_commands else None
    reads, stores = await stack.enter_async_context(bootstrap.read_models(settings)) if answer_queries else (None, None)
    known = commands or stores
    assert known is not None, "an api process serves commands, queries, or both"
    installation = Installation(
        log_id=known.log_id,
        waiting=Waiting(settings.wait_ms_default, settings.wait_ms_max),
        shop=Shop(settings.shop_currency, ZoneInfo(settings.shop_time_zone)),
        bus=commands.bus if commands else None,
        reads=reads,
        status=ViewStatus(stores.pool) if stores else None,
        dead_letters=DeadLetterBox(stores.pool) if stores else None,
        documents=_documents(settings),
    )
    return installation, [side.pool for side in (commands, stores) if side]


async def _end_when_replaced(pool: Pool, side: Side, log_id: UUID) -> None:
    """Ends the process when its log is no longer there; whoever started it starts it again, with the one that is."""
    try:
        await until_replaced(pool, side, log_id)
    except LogReplaced as replaced:
        _log.warning("ending", reason=str(replaced))
        signal.raise_signal(signal.SIGTERM)


def _documents(settings: Settings) -> TrustedDocuments:
    """Raises UnreadableDocuments."""
    return TrustedDocuments(
        load(settings.trusted_documents) if settings.trusted_documents else None, only=settings.trusted_only
    )


def _anybody(_: str) -> bool:
    return True


def _authentication(settings: Settings) -> Authentication:
    key = settings.jwt_key.get_secret_value() if settings.jwt_key else None
    return Authentication(key, settings.open)


def _middleware(settings: Settings) -> list[Middleware]:
    limit = Middleware(BodyLimit)
    return [Middleware(LoopbackNames), limit] if settings.open else [limit]


async def _to_graphiql(_: Request) -> Response:
    return RedirectResponse(GRAPHQL_PATH)


async def _alive(_: Request) -> Response:
    return JSONResponse({"alive": True})


async def _not_found(_: Request, __: Exception) -> Response:
    return problem(404, f"There is nothing here; GraphQL is at {GRAPHQL_PATH}.")


async def _not_allowed(_: Request, __: Exception) -> Response:
    return problem(405, "GraphQL takes GET and POST.")
