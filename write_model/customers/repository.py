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

_LOCK = """
select customer_id from write.customers join write.customer_addresses using (customer_id)
where customer_id = any($1::uuid[]) order by customer_id for no key update of customers, customer_addresses {waiting}
"""
_FIND = """
select customer_id, name, email, tier, version, street, city, postal_code, country
from write.customers join write.customer_addresses using (customer_id) where customer_id = any($1::uuid[])
"""
_REGISTER = "insert into write.customers (customer_id, name, email, tier, version) values ($1, $2, $3, $4, 1)"
_HOUSE = """
insert into write.customer_addresses (customer_id, street, city, postal_code, country) values ($1, $2, $3, $4, $5)
"""
_COUNT = "update write.customers set version = $2 where customer_id = $1"
_MOVE = (
    "update write.customer_addresses set street = $2, city = $3, postal_code = $4, country = $5 where customer_id = $1"
)
_UPGRADE = "update write.customers set tier = $2, version = $3 where customer_id = $1"


class Customers:
    """Loads and saves customers within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def fresh(self, customer_id: UUID) -> Customer | None:
        """None, as for an id that was just made; if the tables knew better when it was written, the customer."""
        return await self.load(customer_id) if self._work.locking else None

    async def load(self, customer_id: UUID) -> Customer | None:
        """The customer, at the version that the client expects."""
        await self._work.lock(_LOCK, [customer_id])
        customer = await self.find(customer_id)
        self._work.expect(customer_id, customer.version if customer else 0)
        return customer

    async def find(self, customer_id: UUID) -> Customer | None:
        """The customer, to be looked at only."""
        row = await self._work.row(_FIND, customer_id)
        return _customer(row) if row else None

    def save(self, customer_id: UUID, customer: Customer | None, events: list[CustomerEvent]) -> None:
        """Queues what the events say for the tables, and hands them to the log."""
        version = customer.version if customer else 0
        for event in events:
            customer = evolve(customer, event)
            self._write(customer, event)
        self._work.record("customer", customer_id, version, events)

    def _write(self, customer: Customer, event: CustomerEvent) -> None:
        match event:
            case CustomerRegistered():
                self._register(event)
            case AddressChanged():
                self._work.write(_COUNT, event.customer_id, customer.version)
                self._work.write(_MOVE, event.customer_id, *_columns(event.address))
            case CustomerUpgraded():
                self._work.write(_UPGRADE, event.customer_id, event.tier, customer.version)
            case _:
                assert_never(event)

    def _register(self, event: CustomerRegistered) -> None:
        self._work.write(_REGISTER, event.customer_id, event.name, event.email, Tier.STANDARD.value)
        self._work.write(_HOUSE, event.customer_id, *_columns(event.address))
        if event.email is not None:
            self._work.refuse_if_taken("customers_email_key", EmailAlreadyRegistered(event.email))


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
