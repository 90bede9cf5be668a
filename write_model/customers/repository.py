"""Customers in their normalized tables."""

from typing import assert_never
from uuid import UUID

import asyncpg

from app.infra.unit_of_work import Work
from app.kernel.values import Address
from write_model.customers.aggregate import Customer, evolve
from write_model.customers.commands import Tier
from write_model.customers.errors import EmailAlreadyRegistered
from write_model.customers.events import (
    AddressChanged,
    CustomerEvent,
    CustomerRegistered,
    CustomerUpgraded,
)

_FIND = """
select customer_id, name, email, tier, version, street, city, postal_code, country
from write.customers join write.customer_addresses using (customer_id) where customer_id = $1
"""
_REGISTER = """
with customer as (insert into write.customers (customer_id, name, email, tier, version) values ($1, $2, $3, $4, 1))
insert into write.customer_addresses (customer_id, street, city, postal_code, country) values ($1, $5, $6, $7, $8)
"""
_MOVE = """
with customer as (update write.customers set version = $2 where customer_id = $1)
update write.customer_addresses set street = $3, city = $4, postal_code = $5, country = $6 where customer_id = $1
"""


class Customers:
    """Loads and saves customers within one command's transaction."""

    def __init__(self, work: Work) -> None:
        self._work, self._connection = work, work.connection

    async def load(self, customer_id: UUID) -> Customer | None:
        """The customer, locked until the transaction ends, at the version that the client expects."""
        customer = await self._fetch(_FIND + "for no key update of customers, customer_addresses", customer_id)
        self._work.expect(customer_id, customer.version if customer else 0)
        return customer

    async def find(self, customer_id: UUID) -> Customer | None:
        """The customer, to be looked at only."""
        return await self._fetch(_FIND, customer_id)

    async def save(self, customer_id: UUID, customer: Customer | None, events: list[CustomerEvent]) -> None:
        """Writes what the events say to the tables, and hands them to the log."""
        version = customer.version if customer else 0
        for event in events:
            customer = evolve(customer, event)
            await self._write(customer, event)
        self._work.record("customer", customer_id, version, events)

    async def _write(self, customer: Customer, event: CustomerEvent) -> None:
        match event:
            case CustomerRegistered():
                await self._register(event)
            case AddressChanged():
                address = _columns(event.address)
                await self._connection.execute(_MOVE, event.customer_id, customer.version, *address)
            case CustomerUpgraded():
                await self._connection.execute(
                    "update write.customers set tier = $2, version = $3 where customer_id = $1",
                    event.customer_id,
                    event.tier,
                    customer.version,
                )
            case _:
                assert_never(event)

    async def _register(self, event: CustomerRegistered) -> None:
        address = _columns(event.address)
        try:
            await self._connection.execute(
                _REGISTER, event.customer_id, event.name, event.email, Tier.STANDARD.value, *address
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "customers_email_key" and event.email is not None:
                raise EmailAlreadyRegistered(event.email) from None
            raise

    async def _fetch(self, query: str, customer_id: UUID) -> Customer | None:
        row = await self._connection.fetchrow(query, customer_id)
        return _customer(row) if row else None


def _columns(address: Address) -> tuple[str | None, str | None, str | None, str]:
    return address.street, address.city, address.postal_code, address.country


def _customer(row: asyncpg.Record) -> Customer:
    address = Address(street=row["street"], city=row["city"], postal_code=row["postal_code"], country=row["country"])
    return Customer(
        customer_id=row["customer_id"],
        name=row["name"],
        email=row["email"],
        tier=Tier(row["tier"]),
        address=address,
        version=row["version"],
    )
