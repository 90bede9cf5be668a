"""What a measurement runs on: an installation in a temporary folder, with real workers, and a customer who buys."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from app import bootstrap, registry
from app.bench.catalog import Article, Buyer, Filled, neighbour, plain_articles
from app.config import Settings, load_settings
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Envelope, Principal, Receipt, Role
from app.kernel.values import Money
from app.migrations.migrate import migrate
from write_model.catalog.commands import AddProduct, ReceiveStock, ViewProduct
from write_model.customers.commands import RegisterCustomer
from write_model.orders.commands import PlaceOrder, WantedItem

ACTOR = Principal("bench", frozenset({Role.OPERATOR}))
PRODUCTS = 1_000
CUSTOMERS = 100
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

    def watched(self, *servers: int, **others: Sequence[int]) -> dict[str, Sequence[int]]:
        """Whose CPU a measurement looks at: the servers' of these ids, the stores', and others'."""
        return {"server": servers, "postgres": [self.postgres_pid], "redis": [self.redis_pid], **others}


@dataclass
class Rig:
    """Both sides of an installation inside this process, and workers beside it."""

    settings: Settings
    commands: bootstrap.Commands
    reads: ReadModels
    buyers: Sequence[Buyer]
    products: Sequence[Article]
    places: Places
    articles: Sequence[Article] = ()
    filled: Filled | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def customer_id(self) -> UUID:
        """The first of the customers."""
        return self.buyers[0].customer_id

    @property
    def customer(self) -> Principal:
        """This customer, asking for themselves."""
        return Principal(str(self.customer_id), frozenset({Role.CUSTOMER}), self.customer_id)

    async def dispatch(self, command: Command, actor: Principal = ACTOR) -> Receipt:
        """Carries a command out under a fresh id."""
        envelope = Envelope(command_id=new_id(), actor=actor, correlation_id=new_id())
        return await self.commands.bus.dispatch(command, envelope)

    def order(self, number: int, lines: int = 3) -> PlaceOrder:
        """An order of so many lines; successive numbers are other customers', of other products."""
        buyer = self.buyers[number % len(self.buyers)]
        wanted = (self.products[(number * 7 + line) % len(self.products)] for line in range(lines))
        items = tuple(WantedItem(product_id=article.product_id, quantity=1) for article in wanted)
        return PlaceOrder(at=now(), order_id=new_id(), customer_id=buyer.customer_id, items=items)

    def view(self, number: int) -> ViewProduct:
        """A view of a product; successive numbers view other products."""
        product_id = self.products[number % len(self.products)].product_id
        return ViewProduct(at=now(), view_id=new_id(), product_id=product_id)

    async def register(self, buyer: Buyer) -> None:
        """Makes them a customer."""
        registered = RegisterCustomer(
            at=now(), customer_id=buyer.customer_id, name=buyer.name, email=buyer.email, address=buyer.address
        )
        await self.dispatch(registered)

    async def add(self, article: Article) -> None:
        """Puts it into the catalog, with a stock that does not end."""
        added = AddProduct(
            at=now(),
            product_id=article.product_id,
            sku=article.sku,
            name=article.name,
            description="",
            categories=article.categories,
            vendor=article.vendor,
            price=Money(article.price, self.settings.shop_currency),
        )
        await self.dispatch(added)
        await self.dispatch(ReceiveStock(at=now(), product_id=article.product_id, pieces=_PLENTY))

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
async def rig_at(places: Places, products: int = PRODUCTS, customers: int = CUSTOMERS) -> AsyncIterator[Rig]:
    """An installation with a hundred customers and a thousand products."""
    with _environment(places):
        settings = load_settings()
        await migrate(settings.database_url, registry.VIEWS, bootstrap.policies(settings))
        async with bootstrap.commands(settings) as commands, bootstrap.read_models(settings) as (reads, _):
            buyers = [neighbour(number) for number in range(customers)]
            made = Rig(settings, commands, reads, buyers, plain_articles(products), places)
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
    await at_once(16, range(len(made.buyers)), lambda number: made.register(made.buyers[number]))
    await at_once(16, range(len(made.products)), lambda number: made.add(made.products[number]))


async def at_once(clients: int, work: range, do: Callable[[int], Awaitable[object]]) -> None:
    """Does every piece of work, so many at the same time."""
    queue = iter(work)

    async def client() -> None:
        for number in queue:
            await do(number)

    await asyncio.gather(*(client() for _ in range(clients)))


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder for the data, gone afterwards. The servers' user can enter it, or they would put them elsewhere."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def clock() -> float:
    """Seconds, for differences."""
    return time.perf_counter()
