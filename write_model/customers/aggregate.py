"""The customer: pure rules over its state."""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from app.kernel.values import Address
from write_model.customers.commands import (
    ChangeAddress,
    RecordPastCustomer,
    RegisterCustomer,
    Tier,
    UpgradeCustomer,
)
from write_model.customers.errors import (
    AddressUnchanged,
    CustomerAlreadyInTier,
    CustomerAlreadyRegistered,
    CustomerNotFound,
)
from write_model.customers.events import (
    AddressChanged,
    CustomerEvent,
    CustomerRegistered,
    CustomerUpgraded,
)

CustomerCommand = RegisterCustomer | RecordPastCustomer | ChangeAddress | UpgradeCustomer

_RANK = {tier: rank for rank, tier in enumerate(Tier)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What the rules need to know of a customer."""

    customer_id: UUID
    name: str
    email: str | None
    tier: Tier
    address: Address
    version: int = 0


def decide(customer: Customer | None, command: CustomerCommand) -> list[CustomerEvent]:
    """The events that the command leads to. Raises the refusals of `write_model.customers.errors`."""
    match command:
        case RegisterCustomer() | RecordPastCustomer():
            return _register(customer, command)
        case ChangeAddress():
            return _change_address(_existing(customer, command.customer_id), command)
        case UpgradeCustomer():
            return _upgrade(_existing(customer, command.customer_id), command)
        case _:
            assert_never(command)


def evolve(customer: Customer | None, event: CustomerEvent) -> Customer:
    """The customer after the event."""
    match event:
        case CustomerRegistered():
            return Customer(
                customer_id=event.customer_id,
                name=event.name,
                email=event.email,
                tier=Tier.STANDARD,
                address=event.address,
                version=1,
            )
        case AddressChanged():
            assert customer is not None
            return replace(customer, address=event.address, version=customer.version + 1)
        case CustomerUpgraded():
            assert customer is not None
            return replace(customer, tier=Tier(event.tier), version=customer.version + 1)
        case _:
            assert_never(event)


def _existing(customer: Customer | None, customer_id: UUID) -> Customer:
    if customer is None:
        raise CustomerNotFound(customer_id)
    return customer


def _register(customer: Customer | None, command: RegisterCustomer | RecordPastCustomer) -> list[CustomerEvent]:
    if customer is not None:
        raise CustomerAlreadyRegistered(command.customer_id)
    return [
        CustomerRegistered(
            customer_id=command.customer_id,
            name=command.name,
            email=command.email if isinstance(command, RegisterCustomer) else None,
            address=command.address,
            registered_at=command.at,
        )
    ]


def _change_address(customer: Customer, command: ChangeAddress) -> list[CustomerEvent]:
    if customer.address == command.address:
        raise AddressUnchanged
    return [AddressChanged(customer_id=customer.customer_id, address=command.address, changed_at=command.at)]


def _upgrade(customer: Customer, command: UpgradeCustomer) -> list[CustomerEvent]:
    if _RANK[command.tier] <= _RANK[customer.tier]:
        raise CustomerAlreadyInTier(customer.tier)
    return [CustomerUpgraded(customer_id=customer.customer_id, tier=command.tier.value, upgraded_at=command.at)]
