"""What a measurement runs on: an installation in a temporary folder, with real workers, and a customer who buys."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from app import bootstrap, registry
from app.bench.catalog import Article, Filled
from app.config import Settings, load_settings
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Envelope, Principal, Receipt, Role
from app.kernel.values import Address, Money
from app.migrations.migrate import migrate
from write_model.catalog.commands import AddProduct, ReceiveStock, ViewProduct
from write_model.customers.commands import RegisterCustomer
from write_model.orders.commands import PlaceOrder, WantedItem

ACTOR = Principal("bench", frozenset({Role.OPERATOR}))
PRODUCTS = 1_000
_PLENTY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where the servers are, and their processes."""

    database_url: str
    redis_url: str
    postgres_pid: int
    redis_pid: int

    @classmethod
    def of(cls, servers: Servers) -> "Places":
        """Of servers that were started here."""
        assert servers.postgres is not None
        assert servers.redis is not None
        postgres, redis = servers.postgres.pid, servers.redis.pid
        assert postgres is not None
        assert redis is not None
        return cls(servers.database_url, servers.redis_url, postgres, redis)

    def watched(self, server_pid: int) -> dict[str, int]:
        """What the load generator's measurements look at: a server, and the stores."""
        return {"server": server_pid, "postgres": self.postgres_pid, "redis": self.redis_pid}


@dataclass
class Rig:
    """Both sides of an installation inside this process, and workers beside it."""

    settings: Settings
    commands: bootstrap.Commands
    reads: ReadModels
    customer_id: UUID
    products: Sequence[UUID]
    places: Places
    articles: Sequence[Article] = ()
    filled: Filled | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def customer(self) -> Principal:
        """The customer, asking for themselves."""
        return Principal(str(self.customer_id), frozenset({Role.CUSTOMER}), self.customer_id)

    async def dispatch(self, command: Command, actor: Principal = ACTOR) -> Receipt:
        """Carries a command out under a fresh id."""
        envelope = Envelope(command_id=new_id(), actor=actor, correlation_id=new_id())
        return await self.commands.bus.dispatch(command, envelope)

    def order(self, number: int, lines: int = 3) -> PlaceOrder:
        """An order of so many lines; successive numbers order other products."""
        wanted = (self.products[(number * 7 + line) % len(self.products)] for line in range(lines))
        items = tuple(WantedItem(product_id=product, quantity=1) for product in wanted)
        return PlaceOrder(at=now(), order_id=new_id(), customer_id=self.customer_id, items=items)

    def view(self, number: int) -> ViewProduct:
        """A view of a product; successive numbers view other products."""
        return ViewProduct(at=now(), view_id=new_id(), product_id=self.products[number % len(self.products)])

    def start_worker(self) -> subprocess.Popen[bytes]:
        """One more worker process."""
        arguments = [sys.executable, "-m", "app", "worker"]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.workers.append(process)
        return process

    def stop_workers(self) -> None:
        """Ends all of them."""
        for process in self.workers:
            process.terminate()
        for process in self.workers:
            process.wait()
        self.workers.clear()


@asynccontextmanager
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    """A rig on servers of its own that keep what they are told."""
    with Servers(data_dir) as servers:
        async with rig_at(Places.of(servers)) as made:
            yield made


@asynccontextmanager
async def rig_at(places: Places, products: int = PRODUCTS) -> AsyncIterator[Rig]:
    """An installation with one customer and a thousand products."""
    with _environment(places):
        settings = load_settings()
        await migrate(settings.database_url, registry.VIEWS)
        async with bootstrap.commands(settings) as commands, bootstrap.read_models(settings) as (reads, _):
            made = Rig(settings, commands, reads, new_id(), [new_id() for _ in range(products)], places)
            try:
                await _stock(made)
                yield made
            finally:
                made.stop_workers()


@contextlib.contextmanager
def _environment(places: Places) -> Iterator[None]:
    known = {"DATABASE_URL": places.database_url, "REDIS_URL": places.redis_url}
    before = {name: os.environ.get(name) for name in known}
    os.environ.update(known)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def _stock(made: Rig) -> None:
    home = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")
    email = f"{made.customer_id}@example.com"
    await made.dispatch(
        RegisterCustomer(at=now(), customer_id=made.customer_id, name="Bench", email=email, address=home)
    )
    await at_once(16, range(len(made.products)), lambda number: _add(made, number))


async def _add(made: Rig, number: int) -> None:
    product_id, price = made.products[number], Money(Decimal("2.50"), made.settings.shop_currency)
    await made.dispatch(
        AddProduct(
            at=now(),
            product_id=product_id,
            sku=f"BENCH-{number}",
            name=f"Product {number}",
            description="",
            categories=(),
            vendor=None,
            price=price,
        )
    )
    await made.dispatch(ReceiveStock(at=now(), product_id=product_id, pieces=_PLENTY))


async def at_once(clients: int, work: range, do: Callable[[int], Awaitable[object]]) -> None:
    """Does every piece of work, so many at the same time."""
    queue = iter(work)

    async def client() -> None:
        for number in queue:
            await do(number)

    await asyncio.gather(*(client() for _ in range(clients)))


def temporary() -> "tempfile.TemporaryDirectory[str]":
    """A folder for the data, gone afterwards."""
    return tempfile.TemporaryDirectory(prefix="counterfoil-bench-")


def clock() -> float:
    """Seconds, for differences."""
    return time.perf_counter()
