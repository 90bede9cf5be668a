"""The composition root: from settings to the parts of a process, wired."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import redis.asyncio as aioredis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app import registry
from app.config import Settings
from app.infra import generations, policy_store
from app.infra.db import COMMAND_ROLE, PROJECTION_ROLE, QUERY_ROLE, Pool, open_pool
from app.infra.freshness import ReadModels
from app.infra.hints import LOG, VIEWS, WANTED, HintListener, HintSender
from app.infra.log_identity import look_up
from app.infra.observed_bus import ObservedBus
from app.infra.redis_packing import packed_in_c
from app.infra.redis_rounds import RedisRounds
from app.infra.redis_views import RedisLines, RedisView
from app.infra.server_lives import ServerLives
from app.infra.table_views import TableView
from app.kernel.policy import Policy

_REDIS_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Commands:
    """The write side of a process."""

    bus: ObservedBus
    log_id: UUID
    pool: Pool

    async def head(self) -> int:
        """The highest position in the log, 0 for an empty one."""
        head: int = await self.pool.fetchval("select coalesce(max(position), 0) from write.events")
        return head


@dataclass(frozen=True)
class Stores:
    """The read stores of a process, and word of when they move."""

    pool: Pool
    redis: aioredis.Redis
    prefix: str
    log_id: UUID
    tables: dict[str, TableView[Any]]
    documents: dict[str, RedisView[Any]]
    rounds: RedisRounds
    hints: HintListener
    lives: ServerLives


def open_redis(url: str, **options: Any) -> aioredis.Redis:
    """A Redis client that fails fast: whoever needs an answer has the flat tables."""
    client: aioredis.Redis = aioredis.Redis.from_url(
        url,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 1),
        **options,
    )
    return packed_in_c(client)


def prefix_of(log_id: UUID) -> str:
    """What all keys of one log start with, so that documents of another log are never taken for its own."""
    return f"cf:{log_id.hex[:12]}"


def policies(settings: Settings) -> tuple[Policy[Any], ...]:
    """What the shop does by itself, as it is set."""
    return registry.policies(
        settings.shop_currency,
        unpaid_for=settings.unpaid_for,
        silver_from=settings.silver_from,
        gold_from=settings.gold_from,
    )


@asynccontextmanager
async def commands(settings: Settings) -> AsyncIterator[Commands]:
    """The command bus over its own pool and role."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            await open_pool(settings.command_database, COMMAND_ROLE, size=settings.db_pool_size)
        )
        redis = await stack.enter_async_context(open_redis(settings.redis_url, socket_timeout=_REDIS_TIMEOUT_S))
        log_id = await look_up(pool, "write")
        hints = HintSender(redis, prefix_of(log_id))
        stack.push_async_callback(hints.drain)
        handlers = registry.handlers(settings.shop_currency, ZoneInfo(settings.shop_time_zone))
        yield Commands(ObservedBus(pool, handlers, hints), log_id, pool)


@asynccontextmanager
async def read_models(settings: Settings) -> AsyncIterator[tuple[ReadModels, Stores]]:
    """The read models over the query role, which cannot see the write model."""
    async with _stores(settings, settings.query_database, QUERY_ROLE, LOG, VIEWS) as stores:
        wishes = HintSender(stores.redis, stores.prefix)
        try:
            yield ReadModels(stores.pool, stores.tables, stores.documents, stores.hints, stores.lives, wishes), stores
        finally:
            await wishes.drain()


@asynccontextmanager
async def projection_stores(settings: Settings) -> AsyncIterator[Stores]:
    """The read stores as workers write them."""
    async with _stores(settings, settings.projection_database, PROJECTION_ROLE, LOG, WANTED) as stores:
        await policy_store.require(stores.pool, policies(settings))
        yield stores


@asynccontextmanager
async def _stores(settings: Settings, dsn: str, role: str, *channels: str) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        lives = ServerLives()
        pool = await stack.enter_async_context(
            await open_pool(dsn, role, size=settings.db_pool_size, greet=lives.greet)
        )
        lives.of(pool)
        redis = await stack.enter_async_context(open_redis(settings.redis_url, socket_timeout=_REDIS_TIMEOUT_S))
        listening = await stack.enter_async_context(open_redis(settings.redis_url))
        log_id = await look_up(pool, "read")
        prefix = prefix_of(log_id)
        tables = dict(await generations.tables(pool, registry.VIEWS))
        lines = RedisLines.of(redis, prefix)
        documents = {
            name: RedisView(redis, prefix, table, lines) for name, table in tables.items() if table.view.in_redis
        }
        hints = await stack.enter_async_context(HintListener(listening, prefix, *channels).listening())
        yield Stores(pool, redis, prefix, log_id, tables, documents, lines.rounds, hints, lives)
