"""The table of reads, with tiny numbers against real servers: who answers what, and that all answer the same."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from io import StringIO

import pytest
from rich.console import Console

from app.bench import servers as under_test
from app.bench.asking import ask_all
from app.bench.catalog import Filled, Size
from app.bench.filling import filled
from app.bench.load import BadAnswer
from app.bench.machine import machine
from app.bench.measured import ORM, OURS, RAW, ROUTE, STOCK
from app.bench.questions import Question, Questions
from app.bench.reads import TITLES, learned, reads
from app.bench.report import Part, Report
from app.bench.rig import Places, Rig, rig_at
from app.infra.embedded import Servers
from read_model.orders import order_summary
from tests.support.installation import Installation, installation


@dataclass(frozen=True)
class Stand:
    """A filled shop, and what must be answered."""

    rig: Rig
    shop: Filled
    asked: Questions


def places_of(made: Installation) -> Places:
    return replace(Places.of(made.servers), database_url=made.database_url)


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
async def stand(servers: Servers) -> AsyncIterator[Stand]:
    async with installation(servers) as made, rig_at(places_of(made), products=5, customers=2) as rig:
        shop = await filled(rig, Size(orders=24, buyers=12, products=30), silent)
        yield Stand(rig, shop, await learned(rig, shop, silent))


async def test_every_server_is_measured_and_answers_what_was_ordered(stand: Stand) -> None:
    found = await reads(stand.rig, stand.shop, stand.asked, 0.1, silent, rounds=1)
    assert {each.name: list(each.rounds) for each in found} == {
        TITLES["order"]: [OURS, STOCK, RAW, ROUTE, ORM],
        TITLES["order_at_version"]: [OURS],
        TITLES["order_with_token"]: [OURS],
        TITLES["orders"]: [OURS, STOCK, RAW],
        TITLES["product"]: [OURS, STOCK, RAW, ROUTE],
        TITLES["search"]: [OURS],
    }
    assert all(each.per_second > 0 and each.latencies_ms for operation in found for each in operation.measured)
    await every_order_is_the_same(stand)
    report = Report(await machine(stand.rig), {Part.READS: found})
    shown = StringIO()
    report.show(Console(file=shown, width=200))
    assert all(title in shown.getvalue() for title in TITLES.values())
    assert json.loads(json.dumps(report.for_json()))["operations"]["reads"][0]["timesOurCpu"].keys() == {
        STOCK,
        RAW,
        ROUTE,
        ORM,
    }


async def every_order_is_the_same(stand: Stand) -> None:
    """Asks every control for everything, where the measurement looks at a sample."""
    async with AsyncExitStack() as stack:
        enter, asked = stack.enter_async_context, stand.asked
        stock = await enter(under_test.control("stock", stand.rig.reads.table(order_summary.VIEW).table))
        for field in ("order", "product", "orders"):
            await same(stock.port, getattr(asked, field), "/graphql")
        route = await enter(under_test.control("route"))
        await same(route.port, asked.order, "/order")
        await same(route.port, asked.product, "/product")
        await same((await enter(under_test.control("crud"))).port, asked.order, "/graphql")


async def same(port: int, question: Question, path: str) -> None:
    bodies = await ask_all(port, question.requests(path))
    assert len(bodies) == len(question.data) > 0
    assert [question.wrong(number, body) for number, body in enumerate(bodies)] == [None] * len(bodies)


async def test_what_was_ordered_otherwise_is_seen(stand: Stand) -> None:
    placed = stand.shop.orders[0]
    items = [(article, pieces + 1) for article, pieces in placed.items]
    others = [replace(placed, items=items), *stand.shop.orders[1:]]
    with pytest.raises(BadAnswer, match="answers an order otherwise"):
        await learned(stand.rig, replace(stand.shop, orders=others), silent)
