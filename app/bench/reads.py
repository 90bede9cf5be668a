"""Table 1: reads of one api process on one core, beside controls that answer the same."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import redis.asyncio as aioredis

from app.bench import servers
from app.bench.catalog import Filled
from app.bench.controls import documents
from app.bench.controls.crud.filling import rows
from app.bench.figures import Goal, Target, ratio
from app.bench.filling import Say
from app.bench.load import Load, run
from app.bench.load_generator import Work
from app.bench.measured import ORM, OURS, RAW, ROUTE, STOCK, Measured, Operation
from app.bench.questions import PAGE, Question, Questions, learn
from app.bench.rig import Rig
from app.bench.servers import Server
from app.bench.writes import fill_crud
from app.infra.consistency_token import LogPosition
from read_model.orders import order_summary

CONNECTIONS = 32


TITLES = {
    "order": "order(id), 12 scalars and 5 items of 4",
    "order_at_version": "the same with minVersion",
    "order_with_token": "the same with a token that is reached",
    "orders": f"orders(first: {PAGE}) of a country, 8 scalars",
    "product": "product(id), 12 fields",
    "search": "products(text) first 20, with facets",
}
"""The operations, in their order, by the names of their questions."""


async def learned(rig: Rig, shop: Filled, say: Say) -> Questions:
    """What will be asked, and what must be answered. Raises BadAnswer."""
    token = LogPosition(rig.commands.log_id, await rig.commands.head()).token()
    async with servers.api() as api:
        return await learn(api.port, shop, token, say)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the reads are measured on, and what has come out so far, by the names of the questions."""

    rig: Rig
    seconds: float
    say: Say
    asked: Questions
    operations: dict[str, Operation]

    async def ask(self, server: Server, name: str, fields: Sequence[str], path: str = "/graphql") -> None:
        """Measures these questions on a server; a `{}` in the path is the question's name. Raises BadAnswer."""
        for field in fields:
            self.say(f"{name}: {TITLES[field]}")
            question: Question = getattr(self.asked, field)
            load = await self._load(f"{name}, {field}", server, question, path.format(field))
            self.operations[field].measured.append(Measured.of(name, load))

    async def _load(self, what: str, server: Server, question: Question, path: str) -> Load:
        least, most = question.lengths
        work = Work(
            ports=[server.port],
            requests=question.requests(path),
            connections=CONNECTIONS,
            seconds=self.seconds,
            warm_up_s=min(1.0, self.seconds),
            at_least=least,
            at_most=most,
        )
        return await run(what, work, self.rig.places.watched(server.pid), question.wrong)


async def reads(rig: Rig, shop: Filled, asked: Questions, seconds: float, say: Say) -> list[Operation]:
    """Every operation on the product, then on the controls, one server at a time, `seconds` each. Raises BadAnswer."""
    stage = Stage(rig, seconds, say, asked, {field: Operation(title) for field, title in TITLES.items()})
    async with servers.api() as api:
        await stage.ask(api, OURS, list(TITLES))
    await _keep_documents(rig, asked)
    await _raw(stage)
    async with servers.control("route") as route:
        await stage.ask(route, ROUTE, ["order", "product"], "/{}")
    async with servers.control("stock", rig.reads.table(order_summary.VIEW).table) as stock:
        await stage.ask(stock, STOCK, ["order", "product", "orders"])
    await fill_crud(rig, rows(shop.articles, shop.buyers, shop.orders, rig.settings.shop_currency))
    async with servers.control("crud") as crud:
        await stage.ask(crud, ORM, ["order"])
    set_goals(stage.operations)
    return list(stage.operations.values())


async def _keep_documents(rig: Rig, asked: Questions) -> None:
    async with aioredis.Redis.from_url(rig.places.redis_url) as redis:
        for field in ("order", "product"):
            await documents.keep(redis, field, asked.documents(field))


async def _raw(stage: Stage) -> None:
    """One answer of each kind, over and over: for it alone there is nothing else to know."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        for field in ("order", "product", "orders"):
            question: Question = getattr(stage.asked, field)
            file = Path(folder) / field
            file.write_bytes(msgspec.json.encode({"data": question.data[0]}))
            first = replace(question, variables=question.variables[:1], data=question.data[:1])
            alone = replace(stage, asked=replace(stage.asked, **{field: first}))
            async with servers.control("raw", str(file)) as raw:
                await alone.ask(raw, RAW, [field])


def set_goals(operations: Mapping[str, Operation]) -> None:
    """What each operation is held against."""
    order, orders, search = operations["order"], operations["orders"], operations["search"]
    order.goals = [
        Goal("× stock", Target("at least", 15), order.times(STOCK)),
        Goal("× route", Target("at least", 2.5), order.times(ROUTE)),
        Goal("of raw ASGI", Target("at most", 2.2), ratio(order.cpu_us(), order.cpu_us(RAW))),
    ]
    for field in ("order_at_version", "order_with_token"):
        operation = operations[field]
        operation.goals = [Goal("of order(id)", Target("at most", 1.1), ratio(operation.cpu_us(), order.cpu_us()))]
    orders.goals = [Goal("× stock", Target("at least", 8), orders.times(STOCK))]
    share = search.measured[0].share * 100 if search.measured else None
    search.goals = [Goal("Python's part of the CPU", Target("at most", 25, " %"), share)]
