"""`orders_by_city` is deployed to a shop that runs without it: its history comes from the log, all else stays."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg

from app.infra.embedded import Servers
from tests.support.installation import ROOT, Installation, free_port, installation
from tests.support.replay import until_caught_up
from tests.support.sources import copied

FILES = ("read_model/orders/orders_by_city.py", "schema/orders/orders_by_city.py")
NAMED_IN = ("app/registry.py", "schema/schema.py")

ORDERS = """{ orders(first: 100) { totalCount edges { node {
    status country city total { amount } refunded { amount } } } } }"""
BY_CITY = """query ($token: String, $first: Int) { ordersByCity(token: $token, first: $first) {
    edges { node { country city orders revenue { amount } } } } }"""
PLACE = """mutation ($c: ID!, $p: ID!) {
    placeOrder(input: { customerId: $c, items: [{ productId: $p, quantity: 1 }] }) {
        ... on CommandAccepted { token } } }
"""

Cities = Mapping[tuple[str, str], tuple[int, Decimal]]


async def test_it_is_added_while_the_shop_runs(servers: Servers, tmp_path: Path) -> None:
    async with installation(servers, migrated=False) as shop:
        shop.folder = without_the_view(tmp_path)
        assert await asyncio.to_thread(shop.start("migrate").wait) == 0, shop.log_of("migrate")
        await shop.seed()
        shop.start_workers(1)
        await shop.start_api()
        await until_caught_up(shop)
        assert "errors" in await shop.ask(BY_CITY)
        before, buying = await generations(shop), asyncio.create_task(bought(shop, 40))
        newer = replace(shop, folder=ROOT, port=free_port(), processes=[], logs=Path(tempfile.mkdtemp(dir=tmp_path)))
        try:
            assert await asyncio.to_thread(newer.start("migrate").wait) == 0, newer.log_of("migrate")
            newer.start_workers(1)
            await newer.start_api()
            token = await buying
            await until_caught_up(newer)
            assert await shown(newer, token) == expected((await shop.query(ORDERS))["orders"])
            assert await generations(newer) == before | {"orders_by_city": 1}
        finally:
            newer.stop()


def test_the_commit_that_adds_it_has_little_to_say() -> None:
    """A line and its import in the registry, and in the schema."""
    for file in NAMED_IN:
        assert len(lines_about_it(ROOT / file)) == 2, file


def without_the_view(folder: Path) -> Path:
    """The code as it was before the view."""
    copied(folder)
    for file in FILES:
        (folder / file).unlink()
    for file in NAMED_IN:
        ours = lines_about_it(folder / file)
        kept = [line for line in (folder / file).read_text().splitlines(keepends=True) if line not in ours]
        (folder / file).write_text("".join(kept))
    return folder


def lines_about_it(file: Path) -> list[str]:
    lines = file.read_text().splitlines(keepends=True)
    return [line for line in lines if "orders_by_city" in line or "OrdersByCity" in line]


async def bought(shop: Installation, orders: int) -> str:
    """Places so many orders, one after the other. Returns the token of the last."""
    people = (await shop.query("{ orders(first: 100) { edges { node { customerId } } } }"))["orders"]["edges"]
    customers = sorted({each["node"]["customerId"] for each in people})
    (best,) = (await shop.query("{ popularProducts(first: 1) { edges { node { product { id } } } } }"))[
        "popularProducts"
    ]["edges"]
    token = ""
    for number in range(orders):
        wanted = {"c": customers[number % len(customers)], "p": best["node"]["product"]["id"]}
        token = (await shop.query(PLACE, **wanted))["placeOrder"]["token"]
        await asyncio.sleep(0.05)
    return token


async def shown(shop: Installation, token: str) -> Cities:
    edges = (await shop.query(BY_CITY, token=token, first=100))["ordersByCity"]["edges"]
    nodes = [edge["node"] for edge in edges]
    return {(n["country"], n["city"]): (n["orders"], Decimal(n["revenue"]["amount"])) for n in nodes}


def expected(orders: Any) -> Cities:
    """Summed from the list of all orders."""
    assert len(orders["edges"]) == orders["totalCount"] > 40
    cities: defaultdict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for node in (edge["node"] for edge in orders["edges"]):
        if node["status"] != "CANCELLED":
            count, revenue = cities[node["country"], node["city"]]
            kept = Decimal(node["total"]["amount"]) - Decimal(node["refunded"]["amount"])
            cities[node["country"], node["city"]] = (count + 1, revenue + kept)
    return dict(cities)


async def generations(shop: Installation) -> dict[str, int]:
    """Every view's newest generation."""
    connection = await asyncpg.connect(shop.database_url)
    try:
        rows = await connection.fetch("select view, max(generation) as newest from read.generations group by view")
        return {row["view"]: row["newest"] for row in rows}
    finally:
        await connection.close()
