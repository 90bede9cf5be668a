"""Whether PostgreSQL and Redis can be used, asked before a process begins and answered in words."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

import asyncpg
import redis.asyncio as aioredis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from app import bootstrap
from app.config import Settings, variable_of
from app.infra.db import TRANSIENT
from app.infra.generations import NotMigrated
from app.kernel.problem import Problem

FOREVER: Final = float("inf")
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_TIMEOUT_S = 10.0

Side = Literal["commands", "queries", "projections"]
_OPENED: dict[Side, Callable[[Settings], AbstractAsyncContextManager[object]]] = {
    "commands": bootstrap.commands,
    "queries": bootstrap.read_models,
    "projections": bootstrap.projection_stores,
}
_FIELDS: dict[Side, str] = {
    "commands": "command_database_url",
    "queries": "query_database_url",
    "projections": "projection_database_url",
}

_UNMIGRATED = (
    NotMigrated,
    asyncpg.InvalidParameterValueError,  # what PostgreSQL says of a role that is missing
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)
_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


class StoreProblem(Problem):
    """PostgreSQL or Redis cannot be used; `may_pass` if waiting can help."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


async def wait_for(attempt: Callable[[], Awaitable[None]], *, patience: float, say: Callable[[str], object]) -> None:
    """Try for at most `patience` seconds, saying what is waited for; raises the last `StoreProblem`."""
    deadline, pause, said = time.monotonic() + patience, _FIRST_PAUSE_S, ""
    while True:
        try:
            return await attempt()
        except StoreProblem as problem:
            if not problem.may_pass or time.monotonic() >= deadline:
                raise
            if str(problem) != said:
                said = str(problem)
                say(f"{said} Waiting for it.")
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)


async def wait_for_sides(
    settings: Settings, *sides: Side, patience: float = 0, say: Callable[[str], object] = lambda _: None
) -> None:
    """Wait until what each side needs is there and at this version's schema; raises `StoreProblem`."""
    for side in sides:
        await wait_for(partial(_open, side, settings), patience=patience, say=say)


async def reach_database(url: str) -> None:
    """Connect once, to a database that may be empty; raises `StoreProblem`."""
    try:
        connection = await asyncpg.connect(url, timeout=_TIMEOUT_S)
        await connection.close()
    except Exception as error:
        raise _database_problem(url, "DATABASE_URL", error) from error


async def reach_redis(url: str) -> None:
    """Ask Redis once whether it is there; raises `StoreProblem`."""
    client: aioredis.Redis = aioredis.Redis.from_url(url, socket_connect_timeout=_TIMEOUT_S, socket_timeout=_TIMEOUT_S)
    try:
        await client.ping()
    except (AuthenticationError, ResponseError) as error:
        raise StoreProblem(f"Redis at {place(url)} refuses: {error}. Check REDIS_URL.", may_pass=False) from error
    except (RedisError, OSError) as error:
        raise StoreProblem(_unreachable("Redis", url, "REDIS_URL", error), may_pass=True) from error
    finally:
        with suppress(RedisError, OSError):
            await client.aclose()


async def _open(side: Side, settings: Settings) -> None:
    field = _FIELDS[side]
    own: str | None = getattr(settings, field)
    try:
        async with asyncio.timeout(_TIMEOUT_S), _OPENED[side](settings):
            pass
    except Exception as error:
        variable = variable_of(field, Settings.model_fields[field]) if own else "DATABASE_URL"
        raise _database_problem(own or settings.database_url, variable, error) from error


def _database_problem(url: str, variable: str, error: Exception) -> StoreProblem:
    """What the error of a first connection means; raises it again if it is not of that kind."""
    if isinstance(error, _UNMIGRATED):
        words = f"The database at {place(url)} has not this version's schema yet: run `python3 -m app migrate` on it."
        return StoreProblem(words, may_pass=True)
    if isinstance(error, _REFUSED):
        return StoreProblem(f"PostgreSQL at {place(url)} refuses: {error}. Check {variable}.", may_pass=False)
    if isinstance(error, (*TRANSIENT, ValueError)):
        # A malformed URL is both a ValueError and an InterfaceError.
        may_pass = not isinstance(error, ValueError)
        return StoreProblem(_unreachable("PostgreSQL", url, variable, error), may_pass=may_pass)
    raise error


def _unreachable(server: str, url: str, variable: str, error: Exception) -> str:
    return f"{server} at {place(url)} cannot be reached ({_reason(error)}). Start it, or correct {variable}."


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT_S:.0f} s"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return str(error).rstrip(".") or type(error).__name__


def place(url: str) -> str:
    """Where a URL points to, without the secrets in it."""
    parts = urlsplit(url)
    socket = parse_qs(parts.query).get("host", [""])[0]
    return f"{parts.netloc.rpartition('@')[2] or socket}{parts.path}"
