"""The shop floor: the command side of one installation, and the tables that tell what it did."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from app.bootstrap import Commands
from app.infra.bus import Bus
from app.kernel.clock import new_id, now
from app.kernel.errors import Refusal, VersionConflict
from app.kernel.messages import Command, Envelope, Principal, Receipt, Role
from app.kernel.values import Address, Money
from tests.support.installation import Installation
from write_model.catalog.commands import AddProduct, ReceiveStock
from write_model.customers.commands import RegisterCustomer
from write_model.orders.commands import PlaceOrder, WantedItem

OPERATOR = Principal("operator", frozenset({Role.OPERATOR}))
LEEDS = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")
LYON = Address(street="27 rue des Écoles", city="Lyon", postal_code="69002", country="France")

_TABLES = "select table_name from information_schema.tables where table_schema = 'write' order by table_name"
_WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@dataclass(frozen=True)
class Floor:
    """Dispatches commands as an operator; `db` sees every table."""

    made: Installation
    side: Commands
    db: asyncpg.Pool

    @property
    def bus(self) -> Bus:
        return self.side.bus

    async def send(self, command: Command, **said: Any) -> Receipt:
        return await self.bus.dispatch(command, envelope(**said))

    async def try_to(self, command: Command, **said: Any) -> Receipt | Exception:
        """What comes of it: the receipt, or how it was refused."""
        try:
            return await self.send(command, **said)
        except (Refusal, VersionConflict) as refused:
            return refused

    async def customer(self, **changed: Any) -> UUID:
        command = replace(registration(), **changed)
        return (await self.send(command)).aggregate_id

    async def product(self, pieces: int = 0, price: str = "2.50") -> UUID:
        command = replace(addition(), price=Money(Decimal(price), "GBP"))
        product_id = (await self.send(command)).aggregate_id
        if pieces:
            await self.send(ReceiveStock(at=now(), product_id=product_id, pieces=pieces))
        return product_id

    async def on_hand(self, product_id: UUID) -> int:
        found: int = await self.db.fetchval("select on_hand from write.stock where product_id = $1", product_id)
        return found

    async def contents(self) -> dict[str, list[str]]:
        """Every row of the write model."""
        tables = [row["table_name"] for row in await self.db.fetch(_TABLES)]
        return {table: await self._rows(table) for table in tables}

    async def _rows(self, table: str) -> list[str]:
        return sorted(row[0] for row in await self.db.fetch(f"select t::text from write.{table} t"))

    async def events_of(self, aggregate_id: UUID) -> list[asyncpg.Record]:
        return await self.db.fetch("select * from write.events where aggregate_id = $1 order by version", aggregate_id)

    async def until_someone_waits(self, waiting: int = 1) -> None:
        """Waits until so many sessions stand before a lock."""
        await until(lambda: self._waits(waiting))

    async def _waits(self, waiting: int) -> bool:
        return bool(await self.db.fetchval(_WAITING) >= waiting)


def envelope(
    *,
    command_id: UUID | None = None,
    actor: Principal = OPERATOR,
    expected_version: int | None = None,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Envelope:
    return Envelope(
        command_id=command_id or new_id(),
        actor=actor,
        correlation_id=correlation_id or new_id(),
        causation_id=causation_id,
        expected_version=expected_version,
    )


def registration() -> RegisterCustomer:
    return RegisterCustomer(
        at=now(), customer_id=new_id(), name="Ada Byrne", email=f"{new_id()}@example.com", address=LEEDS
    )


def addition() -> AddProduct:
    return AddProduct(
        at=now(),
        product_id=new_id(),
        sku=str(new_id()),
        name="Tea",
        description="",
        categories=("Kitchen", "Tea"),
        vendor=None,
        price=Money(Decimal("2.50"), "GBP"),
    )


def order_of(customer_id: UUID, items: Sequence[tuple[UUID, int]]) -> PlaceOrder:
    wanted = tuple(WantedItem(product_id=product_id, quantity=quantity) for product_id, quantity in items)
    return PlaceOrder(at=now(), order_id=new_id(), customer_id=customer_id, items=wanted)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Waits for a condition; the test's own timeout is the limit."""
    while not await true():  # noqa: ASYNC110 - the database does not tell
        await asyncio.sleep(0.005)
