"""Brings a database to the shape that this version of the code needs."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import asyncpg

from app.infra import generations, log_identity, policy_store
from app.kernel.policy import Policy
from app.kernel.view import View

_HERE = Path(__file__).parent
_LOCK = 0x636F756E746572  # "counter": two migrations at once wait for each other


async def migrate(
    dsn: str, views: Collection[View[Any]], policies: Collection[Policy[Any]], *, restored: bool = False
) -> list[str]:
    """Runs the missing revisions, then makes what views and policies still need. Returns what was done, in words.

    A database that was `restored` to an earlier point gets a new log id, so that tokens from after it are refused.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        before = await _revision(connection)
        done = [] if before == head() else [await _upgrade(dsn, before)]
        done += [f"made {table}" for table in await generations.create_missing(connection, views)]
        done += [f"going back to {table}" for table in await generations.go_back(connection, views)]
        done += [f"started {policy}" for policy in await policy_store.create_missing(connection, policies)]
        if restored:
            done.append(f"gave the log the new id {await log_identity.renew(connection)}")
        return done
    finally:
        await connection.close()


def head() -> str:
    """The newest revision: they are numbered, so it is the last by name."""
    return max(path.name for path in (_HERE / "versions").glob("[0-9]*.py")).split("_")[0]


async def _revision(connection: asyncpg.Connection) -> str | None:
    if await connection.fetchval("select to_regclass('public.alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("select version_num from public.alembic_version")
    return revision


async def _upgrade(dsn: str, before: str | None) -> str:
    """Imports Alembic only when there is something to do: a warm start has not the time."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import Connection  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_HERE))

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), poolclass=NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
        await connection.commit()
    await engine.dispose()
    return f"migrated from {before or 'nothing'} to {head()}"
