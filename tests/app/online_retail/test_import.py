"""The real books through the real command bus, killed half-way, and every figure computed by another route."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.online_retail.plan import Plan
from tests.app.online_retail import view_figures
from tests.app.online_retail.figures import from_database, from_file
from tests.support.installation import Installation, installation
from tests.support.replay import assert_views_equal_a_replay, until_caught_up

KILLED_AFTER = 6_000
"""Commands: customers, products and a good part of the orders."""


@pytest.mark.timeout(600)
async def test_the_real_books_survive_a_kill_and_agree_with_the_file(
    servers: Servers, real_file: Path, real_plan: Plan, figure: Callable[[str], None]
) -> None:
    async with installation(servers) as shop:
        shop.start_workers(2)
        killed_with = await _killed_half_way(shop, real_file)
        began = time.monotonic()
        account = await _imported(shop, real_file)
        figure(
            f"{account['total']} lines, {account['commands']} commands, {account['resumed']} of them before the kill"
        )
        figure(f"the rest took {time.monotonic() - began:.0f} s, projections included")
        assert account["total"] == 285_421
        assert account["refused"] == []
        assert account["lines"] == {kind.name.lower(): len(lines) for kind, lines in real_plan.lines().items()} | {
            "refused": 0
        }
        assert killed_with <= account["resumed"] < account["commands"] == len(real_plan.steps)
        await _agrees_with_the_file(shop, real_file, account["commands"])
        rows = await assert_views_equal_a_replay(shop)
        figure(f"{rows} rows equal a fresh replay of the log")
        again = await _imported(shop, real_file)
        assert again == account | {"resumed": account["commands"]}


async def _killed_half_way(shop: Installation, file: Path) -> int:
    """Kills the import with SIGKILL. Returns how many commands were accepted when it was seen dead."""
    process = shop.start("import", "online-retail", str(file))
    connection = await asyncpg.connect(shop.database_url)
    try:
        while await connection.fetchval("select count(*) from write.commands") < KILLED_AFTER:
            assert process.poll() is None, shop.log_of("import")
            await asyncio.sleep(0.1)
        process.kill()
        process.wait()
        accepted: int = await connection.fetchval("select count(*) from write.commands")
        return accepted
    finally:
        await connection.close()


async def _imported(shop: Installation, file: Path) -> dict[str, Any]:
    """Imports the rest. Returns the account."""
    process = shop.start("import", "online-retail", str(file), "--json")
    await asyncio.to_thread(process.wait)
    said = shop.last_log("import")
    assert process.returncode == 0, said
    account: dict[str, Any] = json.loads(said[said.index("\n{") :])
    return account


async def _agrees_with_the_file(shop: Installation, file: Path, commands: int) -> None:
    connection = await asyncpg.connect(shop.database_url)
    try:
        assert await from_database(connection, "read.order_summary__1") == from_file(file)
        assert await connection.fetchval("select count(*) from write.commands") == commands
        async with bootstrap.read_models(shop.settings) as (reads, _):
            await until_caught_up(shop)
            assert await view_figures.from_views(connection, reads) == view_figures.from_file(file)
            await view_figures.assert_countries_agree(connection)
        shown = await connection.fetch("select sku, on_hand from read.product__1 order by sku")
        kept = await connection.fetch(
            "select sku, on_hand from write.stock join write.products using (product_id) order by sku"
        )
        assert shown == kept
    finally:
        await connection.close()
