"""Filling the shop before something is measured: a catalog of the real size, customers, and orders of five lines."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from app.bench.catalog import Article, Buyer, Filled, Placed, Size, articles, foreigner
from app.bench.measurements import until_reached
from app.bench.rig import Rig, at_once
from app.kernel.clock import new_id, now
from write_model.orders.commands import PayOrder, PlaceOrder, WantedItem

Thing = TypeVar("Thing")

Say = Callable[[str], None]
"""Shows what is being done."""

CLIENTS = 16
LINES = 5
_IDLE_S = 2.0
"""In this time, checkpoints in Redis move to the end of the log as well."""

_LINES_OF_A_SALE = 200


async def filled(rig: Rig, size: Size, say: Say) -> Filled:
    """Fills the shop through the bus while two workers project; they are ended when every view has all of it."""
    if rig.filled is None:
        catalog = await stocked(rig, size, say)
        buyers = [foreigner(number) for number in range(size.buyers)]
        orders = [_placed(catalog, buyers[number % len(buyers)], number) for number in range(size.orders)]
        _start_workers(rig)
        await _at_once(buyers, rig.register, "Registering customers", say)
        await _at_once(orders, lambda order: _order(rig, order), "Placing orders", say)
        await _settled(rig, say)
        rig.filled = Filled(catalog, buyers, orders)
    return rig.filled


async def stocked(rig: Rig, size: Size, say: Say) -> Sequence[Article]:
    """The catalog, with what was sold of it sold."""
    if not rig.articles:
        catalog = articles(size.products)
        _start_workers(rig)
        await _at_once(catalog, rig.add, "Adding products", say)
        await _sell(rig, catalog)
        await until_reached(rig, await rig.commands.head())
        rig.articles = catalog
    return rig.articles


def _start_workers(rig: Rig) -> None:
    while len(rig.workers) < 2:
        rig.start_worker()


async def _settled(rig: Rig, say: Say) -> None:
    """Every view has everything, nobody projects any more, and PostgreSQL knows what is in its tables."""
    say("Waiting for every view to have all of it")
    await until_reached(rig, await rig.commands.head())
    await asyncio.sleep(_IDLE_S)
    rig.stop_workers()
    connection = await asyncpg.connect(rig.settings.database_url)
    try:
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def _at_once(things: Sequence[Thing], do: Callable[[Thing], Awaitable[object]], what: str, say: Say) -> None:
    async def one(number: int) -> None:
        await do(things[number])
        if number % 50 == 0:
            say(f"{what}: {number:,} of {len(things):,}")

    await at_once(CLIENTS, range(len(things)), one)


def _placed(catalog: Sequence[Article], buyer: Buyer, number: int) -> Placed:
    rng = random.Random(number)
    items = [(article, rng.randint(1, 9)) for article in rng.sample(catalog, LINES)]
    return Placed(new_id(), now(), buyer, items, paid=number % 3 == 0)


async def _sell(rig: Rig, catalog: Sequence[Article]) -> None:
    for first in range(0, len(catalog), _LINES_OF_A_SALE):
        sold = catalog[first : first + _LINES_OF_A_SALE]
        items = tuple(WantedItem(product_id=each.product_id, quantity=max(1, each.sold)) for each in sold)
        await rig.dispatch(PlaceOrder(at=now(), order_id=new_id(), customer_id=rig.customer_id, items=items))


async def _order(rig: Rig, order: Placed) -> None:
    items = tuple(WantedItem(product_id=article.product_id, quantity=pieces) for article, pieces in order.items)
    await rig.dispatch(
        PlaceOrder(at=order.at, order_id=order.order_id, customer_id=order.buyer.customer_id, items=items)
    )
    if order.paid:
        await rig.dispatch(PayOrder(at=order.at, order_id=order.order_id))
