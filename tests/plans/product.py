"""The product itself: its schema over a seeded shop that is caught up and quiet, and those who ask it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from app import bootstrap, registry
from app.infra.freshness import ReadModels
from app.infra.view_status import ViewStatus
from app.kernel import typeid
from app.kernel.clock import new_id
from app.kernel.messages import Command, Envelope, Principal, Role
from schema.context import Installation as Context
from schema.context import RequestContext, Shop, Waiting
from schema.schema import Schema, make
from tests.plans.answers import Asked, by_library
from tests.plans.arguments import Known
from tests.plans.documents import Book
from tests.plans.oracle import Oracle
from tests.plans.shop_known import ADA, CURSORS, shop_known
from tests.support.installation import Installation
from tests.support.replay import until_caught_up

VOLATILE: Final = frozenset(
    {"lagMs", "retryAfterMs", "recentViews", "heartbeatAt", "owners", "observedAt", "leases", "commandActivity"}
)
"""What the clock changes while nothing happens: how old a view is for somebody who asks for a later one, and from that
when to ask again; the worth of looks at products, which fade; the workers' heartbeats and leases; when it was looked,
and what was accepted in the last minutes."""

OPERATOR: Final = Principal("operator", frozenset({Role.OPERATOR}))
CUSTOMER: Final = Principal(typeid.encode("customer", ADA), frozenset({Role.CUSTOMER}), ADA)
ASKERS: Final = (*[OPERATOR] * 8, *[CUSTOMER] * 3, None)


@dataclass
class Product:
    """The schema with what requests to it share."""

    schema: Schema
    installation: Context
    made: Installation
    oracle: Oracle[RequestContext]
    known: Known = field(default_factory=dict, repr=False)

    @cached_property
    def queries(self) -> st.SearchStrategy[list[Asked]]:
        """Documents of queries."""
        return Book(self.schema._schema, self.known, VOLATILE).queries(most=2)

    def asks(self, asker: Principal | None) -> Callable[[], RequestContext]:
        """Makes contexts of requests by somebody, as the endpoint does."""
        return lambda: RequestContext(self.installation, asker, str(new_id()), None, {})

    async def hold(self, asked: Asked, asker: Principal | None) -> None:
        """Asks on one business day: at midnight, some answers change."""
        day = self.installation.shop.business_day()
        try:
            await self.oracle.hold(asked, self.asks(asker))
        except AssertionError:
            if day == self.installation.shop.business_day():
                raise
            await self.oracle.hold(asked, self.asks(asker))


@asynccontextmanager
async def product(made: Installation) -> AsyncIterator[Product]:
    """The product over this installation, whose workers have nothing to do."""
    await until_caught_up(made)
    async with bootstrap.read_models(made.settings) as (reads, stores):
        installation = _installation(reads, stores)
        schema = make(registry.ACCEPTED_COMMANDS)
        oracle = Oracle(schema, _headers, VOLATILE)
        product = Product(schema, installation, made, oracle)
        head = await _quiet(product)
        cursors, commands = await _data(product, CURSORS), await stores.pool.fetch(_commands(stores))
        product.known = shop_known(installation.log_id, head, cursors, [str(row[0]) for row in commands])
        yield product


def _commands(stores: bootstrap.Stores) -> str:
    return f"select command_id from {stores.tables[registry.ACCEPTED_COMMANDS.name].table} order by command_id limit 3"


def _headers(context: RequestContext) -> object:
    return context.response_headers


def _installation(reads: ReadModels, stores: bootstrap.Stores) -> Context:
    shop = Shop("GBP", ZoneInfo("Europe/London"))
    status = ViewStatus(stores.pool)
    return Context(stores.log_id, Waiting(default_ms=0, at_most_ms=2), shop, bus=None, reads=reads, status=status)


async def change(product: Product, command: Command) -> None:
    """Carries a command out, and waits until every view shows it."""
    envelope = Envelope(command_id=new_id(), actor=OPERATOR, correlation_id=new_id())
    async with bootstrap.commands(product.made.settings) as side:
        await side.bus.dispatch(command, envelope)
    await until_caught_up(product.made)
    await _quiet(product)


async def _quiet(product: Product) -> int:
    """The head of the log, when every view is there, in Redis as well."""
    states: list[Any] = [{}]
    async with asyncio.timeout(60):
        while {each.get("state") for each in states} != {"FRESH"}:
            states = (await _data(product, "{ projectionStatus { state head } }"))["projectionStatus"]
            await asyncio.sleep(0.1)
    await asyncio.sleep(1.5)
    return int(states[0]["head"])


async def _data(product: Product, query: str) -> Any:
    answer = await by_library(product.schema, Asked(query), product.asks(OPERATOR)())
    assert "errors" not in answer, answer
    return answer["data"]
