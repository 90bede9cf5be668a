"""Table 1: reads of one api process on one core, beside controls that answer the same."""

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
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
from app.bench.measured import ORM, OURS, RAW, ROUNDS, ROUTE, STOCK, Measured, Operation
from app.bench.questions import PAGE, Question, Questions, learn
from app.bench.rig import Rig
from app.bench.servers import Server
from app.bench.writes import fill_crud
from app.infra.consistency_token import LogPosition
from read_model.orders import order_summary

CONNECTIONS = 32

Turn = Callable[[], Awaitable[None]]


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
    """What the reads are measured on, `seconds` at a time, and what has come out so far by the questions' names."""

    rig: Rig
    seconds: float
    say: Say
    asked: Questions
    operations: dict[str, Operation]

    async def ask(self, name: str, server: Server, field: str, path: str = "/graphql") -> None:
        """Measures a question on a server. Raises BadAnswer."""
        self.say(f"{name}: {TITLES[field]}")
        question: Question = getattr(self.asked, field)
        load = await self._load(f"{name}, {field}", server, question, path)
        self.operations[field].take(Measured.of(name, load))

    async def _load(self, what: str, server: Server, question: Question, path: str) -> Load:
        least, most = question.lengths
        work = Work(
            ports=[server.port],
            requests=question.requests(path),
            connections=CONNECTIONS,
            seconds=self.seconds,
            warm_up_s=min(0.5, self.seconds),
            at_least=least,
            at_most=most,
        )
        return await run(what, work, self.rig.places.watched(server.pid), question.wrong)


async def reads(
    rig: Rig, shop: Filled, asked: Questions, seconds: float, say: Say, rounds: int = ROUNDS
) -> list[Operation]:
    """Every operation on the product and on the controls in turn, `seconds` for each in all. Raises BadAnswer."""
    stage = Stage(rig, seconds / rounds, say, asked, {field: Operation(title) for field, title in TITLES.items()})
    await _keep_documents(rig, asked)
    await fill_crud(rig, rows(shop.articles, shop.buyers, shop.orders, rig.settings.shop_currency))
    async with AsyncExitStack() as stack:
        turns = await _turns(stage, stack)
        for _ in range(rounds):
            for turn in turns:
                await turn()
    set_goals(stage.operations)
    return list(stage.operations.values())


async def _turns(stage: Stage, stack: AsyncExitStack) -> list[Turn]:
    """What is measured in a round; all servers are there, and one of them at a time has work."""
    enter = stack.enter_async_context
    api, crud, route = (
        await enter(servers.api()),
        await enter(servers.control("crud")),
        await enter(servers.control("route")),
    )
    stock = await enter(servers.control("stock", stage.rig.reads.table(order_summary.VIEW).table))
    turns: list[Turn] = [partial(stage.ask, OURS, api, field) for field in TITLES]
    for field in ("order", "product", "orders"):
        turns += [partial(stage.ask, STOCK, stock, field), await _raw_turn(stage, stack, field)]
    turns += [partial(stage.ask, ROUTE, route, field, f"/{field}") for field in ("order", "product")]
    return [*turns, partial(stage.ask, ORM, crud, "order")]


async def _raw_turn(stage: Stage, stack: AsyncExitStack, field: str) -> Turn:
    """One answer of the kind, over and over: that server knows nothing else."""
    question: Question = getattr(stage.asked, field)
    first = replace(question, variables=question.variables[:1], data=question.data[:1])
    file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counterfoil-bench-"))) / field
    file.write_bytes(msgspec.json.encode({"data": first.data[0]}))
    raw = await stack.enter_async_context(servers.control("raw", str(file)))
    alone = replace(stage, asked=replace(stage.asked, **{field: first}))
    return partial(alone.ask, RAW, raw, field)


async def _keep_documents(rig: Rig, asked: Questions) -> None:
    async with aioredis.Redis.from_url(rig.places.redis_url) as redis:
        for field in ("order", "product"):
            await documents.keep(redis, field, asked.documents(field))


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
    part = search.measured[0].share if search.measured else None
    share = part * 100 if part is not None else None
    search.goals = [Goal("Python's part of the CPU", Target("at most", 25, " %"), share)]
