"""A worker process: arq starts, retries and schedules its jobs, and never owns a projection."""

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
from collections.abc import Coroutine, Iterator

import structlog
import uvloop
from redis.exceptions import RedisError

from app import registry
from app.bootstrap import Commands, Stores, commands, policies, projection_stores
from app.config import Settings
from app.garbage import settle
from app.infra.db import TRANSIENT
from app.infra.leases import Leases
from app.infra.log_identity import LogReplaced, until_replaced
from app.infra.policy_store import PolicyStore
from app.infra.requests import Requests
from app.infra.schedule import Schedule
from app.infra.view_status import ViewStatus
from app.logs import configure_logs
from app.observability.answering import CommandMetrics
from app.observability.health import Health, turning
from app.observability.metrics import Metrics
from app.observability.projecting import LoopMetrics, ProjectionMetrics, Projections
from app.observability.stores import StoreMetrics
from app.observability.watch import Watch, watched_at
from app.tracing import configure_tracing
from workers.arq_worker import run_arq
from workers.ending import end
from workers.jobs.context import WorkerContext
from workers.jobs.policy import Means
from workers.jobs.react import Reactions
from workers.jobs.tending import Tending

_log = structlog.get_logger()

STINT_S = 30.0
"""How long a shard stays with a worker before it is handed on, so that a worker that joins gets its share."""

_RECONNECT_S = 0.5
_TELL_WORK_AGAIN_S = 5.0
"""Longer than what it ends itself needs, so that it is not torn out of that."""


def run(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, through restarts of Redis and PostgreSQL."""
    configure_logs(settings.log_level, settings.log_format)
    configure_tracing("worker")
    logging.getLogger("arq").setLevel(logging.WARNING)
    settle()
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    projections = Projections()
    watch = Watch(projections.pulses)
    ports = [settings.metrics_port] if settings.metrics_port else []
    async with turning(watch.pulses), watched_at(settings.host, ports, watch):
        await _until_told_to_stop(_work(settings, projections, watch))


async def _until_told_to_stop(working: Coroutine[None, None, None]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    work = asyncio.create_task(working)
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        waiting.cancel()
        work.result()
        return
    await end([work], again_s=_TELL_WORK_AGAIN_S)


async def _work(settings: Settings, projections: Projections, watch: Watch) -> None:
    """Starts over whenever PostgreSQL goes away, or comes back with another log."""
    while True:
        try:
            async with projection_stores(settings) as stores, commands(settings) as side:
                context = _context(settings, stores, projections)
                reactions = _reactions(settings, context, side)
                with _shown(watch, stores, context, side):
                    await _until_replaced(stores, _serve(settings, context, reactions), _tended(stores))
        except LogReplaced as replaced:
            _log.warning("starting over", reason=str(replaced))
        except (RedisError, *TRANSIENT) as error:
            _log.warning("a server is out of reach, trying again", error=str(error) or type(error).__name__)
            await asyncio.sleep(_RECONNECT_S * random.uniform(0.5, 1.0))


async def _until_replaced(stores: Stores, *serving: Coroutine[None, None, None]) -> None:
    """Serves, and watches over the log that is served. Raises what ends either."""
    watching = until_replaced(stores.pool, "read", stores.log_id)
    tasks = [asyncio.create_task(each) for each in (*serving, watching)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(tasks)
    for task in done:
        task.result()


@contextlib.contextmanager
def _shown(watch: Watch, stores: Stores, context: WorkerContext, side: Commands) -> Iterator[None]:
    """What the worker does with these stores is seen for as long as the block lasts."""
    before = watch.metrics, watch.health
    watch.metrics = Metrics(
        LoopMetrics(watch.pulses),
        ProjectionMetrics(context.projections, context.tail, stores.hints),
        CommandMetrics(side.bus),
        StoreMetrics(views=stores.pool, redis=stores.redis),
    )
    running = {"hints": lambda: stores.hints.is_listening}
    watch.health = Health(watch.pulses, [stores.pool], ViewStatus(stores.pool), running, waits_for_views=True)
    try:
        yield
    finally:
        watch.metrics, watch.health = before


def _tended(stores: Stores) -> Coroutine[None, None, None]:
    views = {view.name: view for view in registry.VIEWS}
    return Tending(stores.pool, stores.redis, stores.prefix, views, stores.documents_of).follow(stores.hints)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _context(settings: Settings, stores: Stores, projections: Projections) -> WorkerContext:
    return WorkerContext(
        prefix=stores.prefix,
        pool=stores.pool,
        catalog=registry.EVENTS,
        tables=stores.tables,
        documents_of=stores.documents_of,
        leases=Leases(stores.pool, _owner()),
        rounds=stores.rounds,
        hints=stores.hints,
        requests=Requests(stores.pool, registry.REQUESTS, registry.request_actions()),
        stint_s=STINT_S,
        projections=projections,
        parked_at_most=settings.parked_max,
    )


def _reactions(settings: Settings, context: WorkerContext, side: Commands) -> Reactions:
    return Reactions(
        policies={each.name: each for each in policies(settings)},
        means=Means(
            pool=context.pool,
            catalog=context.catalog,
            store=PolicyStore(context.pool, _owner()),
            schedule=Schedule(context.pool, side.bus.commands),
            bus=side.bus,
            tail=context.tail,
            rest=context.rest,
            parked_at_most=settings.parked_max,
            projections=context.projections,
        ),
        stint_s=STINT_S,
    )


async def _serve(settings: Settings, context: WorkerContext, reactions: Reactions) -> None:
    """Runs arq, anew whenever Redis takes it down; shards and policies of this process go on meanwhile."""
    context.follow()
    try:
        with context.projections.pulses.of("arq") as pulse:
            while True:
                pulse.beat()
                try:
                    await run_arq(settings, context, reactions, pulse)
                except (RedisError, OSError) as error:
                    _log.warning("arq starts over", error=str(error) or type(error).__name__)
                    await asyncio.sleep(_RECONNECT_S * random.uniform(0.5, 1.0))
    finally:
        await reactions.stop()
        await context.stop()
