"""The API process: GraphQL, its page, and health."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app import bootstrap, registry
from app.config import Settings
from app.http.authentication import Authentication
from app.http.contexts import Contexts
from app.http.endpoint import Endpoint, problem
from app.http.gates import BodyLimit, LoopbackNames, names_loopback
from app.http.planned import PlannedOperations
from app.infra.db import Pool
from app.infra.dead_letter_box import DeadLetterBox
from app.infra.freshness import ReadModels
from app.infra.log_identity import LogReplaced, Side, until_replaced
from app.infra.rebuild_progress import progress
from app.infra.view_status import ViewStatus
from app.kernel.clock import now
from app.kernel.pulse import Pulses
from app.observability.answering import CommandMetrics, ReadMetrics
from app.observability.health import Health, turning
from app.observability.metrics import Metrics, Source
from app.observability.operations import OperationMetrics
from app.observability.projecting import LoopMetrics
from app.observability.stores import StoreMetrics
from app.observability.watch import Watch, watched_at
from app.plans import Counts, Plans
from app.plans.trusted import TrustedDocuments, load
from app.seed import examples
from app.web.operations_page import documents as page_documents
from app.web.operations_page import page_routes
from app.web.pages import asset_routes, graphiql_page
from schema.context import Installation, Outcomes, Shop, Waiting
from schema.errors import typed
from schema.schema import Schema, make

_log = structlog.get_logger()

GRAPHQL_PATH = "/graphql"
STREAM_PATH = "/graphql/stream"


def application(
    settings: Settings, *, take_commands: bool = True, answer_queries: bool = True, processes: int = 1
) -> ASGIApp:
    """The ASGI application; opens its stores when it starts, and closes them when it ends.

    One of several processes that share a port tells its metrics at a port of its own.
    """
    schema, faces = make(registry.ACCEPTED_COMMANDS), _Faces(names_loopback if settings.open else _anybody)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            sides = await _sides(settings, stack, take_commands, answer_queries)
            installation, pool = sides.installation(settings), sides.pools[0]
            faces.open(schema, Contexts(installation, _authentication(settings)))
            watch = _end_when_replaced(pool, "write" if take_commands else "read", installation.log_id)
            watching = asyncio.create_task(watch)
            sides.show_to(faces.watch, faces.counts, {"log's identity": lambda: not watching.done()})
            await stack.enter_async_context(turning(faces.watch.pulses))
            if processes > 1 and settings.metrics_port:
                ports = range(settings.metrics_port, settings.metrics_port + processes)
                await stack.enter_async_context(watched_at(settings.host, ports, faces.watch))
            yield
            watching.cancel()

    faces.whole = Starlette(
        routes=[
            Route("/", _to_graphiql),
            *faces.watch.routes(alone=processes == 1),
            Route(STREAM_PATH, faces.stream),
            Route(GRAPHQL_PATH, faces.graphql),
            WebSocketRoute(GRAPHQL_PATH, faces.graphql),
            *asset_routes(),
            *page_routes(),
        ],
        middleware=_middleware(settings),
        exception_handlers={404: _not_found, 405: _not_allowed},
        lifespan=lifespan,
    )
    return faces


class _Faces:
    """The endpoints, which exist from the application's start on, and the whole of which they are part."""

    whole: Starlette
    counts: Counts

    def __init__(self, may_come: Callable[[str], bool]) -> None:
        self._may_come = may_come
        self._planned: PlannedOperations | None = None
        self._graphql: Endpoint | None = None
        self._stream: Endpoint | None = None
        self.watch = Watch(Pulses())
        self.graphql, self.stream = _Face(self, "_graphql"), _Face(self, "_stream")

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """What comes to GraphQL's path may have a plan; everything else goes through the middleware."""
        if self._planned is not None and scope["type"] == "http" and scope["path"] == GRAPHQL_PATH:
            return self._planned(scope, receive, send)
        return self.whole(scope, receive, send)

    def open(self, schema: Schema, contexts: Contexts) -> None:
        shown, plans = examples(), Plans(schema, typed)
        self.counts = plans.counts
        self._graphql = Endpoint(schema, contexts, lambda: graphiql_page(shown))
        self._stream = Endpoint(schema, contexts, None)
        self._planned = PlannedOperations(plans, contexts, self.whole, self._may_come)


class _Face:
    """An ASGI application that is looked up when it is called."""

    def __init__(self, faces: _Faces, name: str) -> None:
        self._faces, self._name = faces, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint: Endpoint = getattr(self._faces, self._name)
        await endpoint(scope, receive, send)


@dataclass(frozen=True)
class _Sides:
    """The sides that a process serves, one or both."""

    commands: bootstrap.Commands | None
    reads: ReadModels | None
    stores: bootstrap.Stores | None

    @property
    def pools(self) -> list[Pool]:
        return [side.pool for side in (self.commands, self.stores) if side]

    def installation(self, settings: Settings) -> Installation:
        """What requests share. Raises UnreadableDocuments."""
        known = self.commands or self.stores
        assert known is not None, "an api process serves commands, queries, or both"
        return Installation(
            log_id=known.log_id,
            waiting=Waiting(settings.wait_ms_default, settings.wait_ms_max),
            shop=Shop(settings.shop_currency, ZoneInfo(settings.shop_time_zone)),
            bus=self.commands.bus if self.commands else None,
            outcomes=self._outcomes,
            reads=self.reads,
            status=self._status,
            dead_letters=DeadLetterBox(self.stores.pool) if self.stores else None,
            documents=_documents(settings),
        )

    @property
    def _outcomes(self) -> Outcomes | None:
        process = f"{socket.gethostname()}:{os.getpid()}"
        return Outcomes(process, now(), self.commands.bus.outcomes) if self.commands else None

    def show_to(self, watch: Watch, counts: Counts, running: dict[str, Callable[[], bool]]) -> None:
        """Shows what these sides count and how they are, and whether what must not end still runs."""
        views, log = self.stores, self.commands
        stores = StoreMetrics(
            views=views.pool if views else None, log=log.pool if log else None, redis=views.redis if views else None
        )
        sources: list[Source] = [OperationMetrics(counts), LoopMetrics(watch.pulses), stores]
        if self.commands:
            sources.append(CommandMetrics(self.commands.bus))
        if self.reads:
            sources.append(ReadMetrics(self.reads))
            running["hints"] = lambda hints=self.reads.hints: hints.is_listening  # type: ignore[misc]
        told = {"commands": self.commands is not None, "queries": self.reads is not None}
        watch.metrics = Metrics(*sources)
        watch.health = Health(watch.pulses, self.pools, self._status, running, told, building=self._building)

    async def _building(self) -> dict[str, dict[str, int]]:
        """How far the views are that have nothing to show yet: positions of the log that are done, of how many."""
        if self.reads is None or not self.reads.building:
            return {}
        numbers = [(name, self.reads.generation(name)) for name in self.reads.building]
        found = [each for each in await progress(self.reads.pool, numbers) if (each.view, each.generation) in numbers]
        return {each.view: {"done": each.done, "of": each.target} for each in found}

    @property
    def _status(self) -> ViewStatus | None:
        return ViewStatus(self.stores.pool) if self.stores else None


async def _sides(settings: Settings, stack: AsyncExitStack, take_commands: bool, answer_queries: bool) -> _Sides:
    commands = await stack.enter_async_context(bootstrap.commands(settings)) if take_commands else None
    reads, stores = await stack.enter_async_context(bootstrap.read_models(settings)) if answer_queries else (None, None)
    return _Sides(commands, reads, stores)


async def _end_when_replaced(pool: Pool, side: Side, log_id: UUID) -> None:
    """Ends the process when its log is no longer there; whoever started it starts it again, with the one that is."""
    try:
        await until_replaced(pool, side, log_id)
    except LogReplaced as replaced:
        _log.warning("ending", reason=str(replaced))
        signal.raise_signal(signal.SIGTERM)


def _documents(settings: Settings) -> TrustedDocuments:
    """Those of the operations page are always among them. Raises UnreadableDocuments."""
    given = load(settings.trusted_documents) if settings.trusted_documents else {}
    return TrustedDocuments(page_documents() | given, only=settings.trusted_only)


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


async def _not_found(_: Request, __: Exception) -> Response:
    return problem(404, f"There is nothing here; GraphQL is at {GRAPHQL_PATH}.")


async def _not_allowed(_: Request, __: Exception) -> Response:
    return problem(405, "GraphQL takes GET and POST.")
