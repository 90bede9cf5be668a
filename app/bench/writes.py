"""Table 2: `placeOrder` with three lines over HTTP and GraphQL, beside the same over an ORM."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from app.bench import servers
from app.bench.controls.crud import tables
from app.bench.controls.crud.filling import rows
from app.bench.figures import Goal, Target
from app.bench.filling import Say
from app.bench.load import run
from app.bench.load_generator import Work
from app.bench.measured import ORM, OURS, ROUNDS, Measured, Operation
from app.bench.operations import PLACE_ORDER, PLACE_ORDER_PLAINLY, request
from app.bench.rig import Rig
from app.kernel import typeid

CLIENTS = 16
LINES = 3
_INPUTS = 2_000


async def placing(rig: Rig, seconds: float, say: Say) -> Operation:
    """Orders from 16 clients as fast as they go, ours and the control's in turn; nobody projects. Raises BadAnswer."""
    rig.stop_workers()
    operation = Operation(f"placeOrder, {LINES} lines")
    wanted = [_input(rig, number) for number in range(_INPUTS)]
    await fill_crud(rig, rows(rig.products, rig.buyers, (), rig.settings.shop_currency))
    async with servers.api() as api, servers.control("crud") as crud:
        turns = [
            (OURS, api, _work(api.port, PLACE_ORDER, wanted, seconds, b'"CommandAccepted"')),
            (ORM, crud, _work(crud.port, PLACE_ORDER_PLAINLY, wanted, seconds, b'"order_')),
        ]
        for name, server, work in turns * ROUNDS:
            say(f"Placing orders: {name}")
            operation.take(Measured.of(name, await run(name, work, rig.places.watched(server.pid), _wrong)))
    operation.goals = [Goal("× ORM", Target("at least", 4), operation.times(ORM))]
    return operation


async def fill_crud(rig: Rig, filled: tables.Rows) -> None:
    """Makes the control's tables anew, with these rows."""
    engine = create_async_engine(make_url(rig.places.database_url).set(drivername="postgresql+asyncpg"))
    try:
        await tables.fill(engine, filled)
    finally:
        await engine.dispose()


def _input(rig: Rig, number: int) -> Mapping[str, Any]:
    order = rig.order(number, LINES)
    products = [typeid.encode("product", each.product_id) for each in order.items]
    items = [{"productId": product, "quantity": 1} for product in products]
    return {"customerId": typeid.encode("customer", order.customer_id), "items": items}


def _work(port: int, mutation: str, wanted: Sequence[Mapping[str, Any]], seconds: float, contains: bytes) -> Work:
    return Work(
        ports=[port],
        requests=[request(mutation, {"input": each}) for each in wanted],
        connections=CLIENTS,
        seconds=seconds / ROUNDS,
        warm_up_s=min(0.5, seconds),
        at_least=20,
        at_most=1_000,
        contains=contains,
    )


def _wrong(_: int, body: bytes) -> str | None:
    """An order was placed: its id says so."""
    answered = msgspec.json.decode(body)["data"]["placeOrder"]
    placed = answered["aggregateId"] if isinstance(answered, dict) else answered
    return None if placed.startswith("order_") else "this is no order's id"
