"""Commands to customers, carried out on the small shop's records."""

from typing import assert_never
from uuid import UUID

from app.kernel.messages import Event
from tests.read_model.world.commands import Sent
from tests.read_model.world.records import Customer, Shop
from write_model.customers import aggregate
from write_model.customers.aggregate import CustomerCommand
from write_model.customers.commands import (
    ChangeAddress,
    RecordPastCustomer,
    RegisterCustomer,
    Tier,
    UpgradeCustomer,
)


def change(shop: Shop, command: CustomerCommand, _: Sent) -> list[Event]:
    """Anything that becomes of a customer, from the first day on."""
    events = aggregate.decide(_known(shop, command.customer_id), command)
    match command:
        case RegisterCustomer() | RecordPastCustomer():
            shop.customers[command.customer_id] = _registered(command)
        case ChangeAddress():
            shop.customers[command.customer_id].address = command.address
            shop.customers[command.customer_id].version += 1
        case UpgradeCustomer():
            shop.customers[command.customer_id].tier = command.tier.value
            shop.customers[command.customer_id].version += 1
        case _:
            assert_never(command)
    return [*events]


def _registered(command: RegisterCustomer | RecordPastCustomer) -> Customer:
    return Customer(
        customer_id=command.customer_id,
        name=command.name,
        email=command.email if isinstance(command, RegisterCustomer) else None,
        address=command.address,
        registered_at=command.at,
    )


def _known(shop: Shop, customer_id: UUID) -> aggregate.Customer | None:
    customer = shop.customers.get(customer_id)
    if customer is None:
        return None
    return aggregate.Customer(
        customer_id=customer_id,
        name=customer.name,
        email=customer.email,
        tier=Tier(customer.tier),
        address=customer.address,
        version=customer.version,
    )
