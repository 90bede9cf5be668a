"""A customer as their own profile page shows them, with a ready-made display address."""

from datetime import datetime
from typing import Any, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.values import Address
from app.kernel.view import View, own_key
from write_model.customers.events import (
    AddressChanged,
    CustomerEvent,
    CustomerRegistered,
    CustomerUpgraded,
)


class CustomerProfile(Struct, frozen=True, kw_only=True):
    """One customer."""

    customer_id: UUID
    name: str
    email: str | None
    tier: str
    address: Address
    display_address: str
    registered_at: datetime


def evolve(profile: CustomerProfile | None, recorded: Recorded[Any], _: UUID) -> CustomerProfile | None:
    """The profile after the event."""
    event: CustomerEvent = recorded.event
    match event:
        case CustomerRegistered():
            return CustomerProfile(
                customer_id=event.customer_id,
                name=event.name,
                email=event.email,
                tier="STANDARD",
                address=event.address,
                display_address=event.address.lines(),
                registered_at=event.registered_at,
            )
        case AddressChanged():
            assert profile is not None
            return replace(profile, address=event.address, display_address=event.address.lines())
        case CustomerUpgraded():
            assert profile is not None
            return replace(profile, tier=event.tier)
        case _:
            assert_never(event)


VIEW = View(
    name="customer_profile",
    row=CustomerProfile,
    handles=get_args(CustomerEvent),
    keys=own_key,
    evolve=evolve,
    documents=True,
)
