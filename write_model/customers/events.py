"""What happened to customers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.messages import Event, Upcasters
from app.kernel.values import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRegistered(Event):
    """Someone became a customer. Customers from old books have no e-mail address."""

    customer_id: UUID
    name: str
    email: str | None
    address: Address
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChanged(Event):
    """A customer moved."""

    customer_id: UUID
    address: Address
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUpgraded(Event):
    """A customer reached a higher tier."""

    customer_id: UUID
    tier: str
    upgraded_at: datetime


CustomerEvent = CustomerRegistered | AddressChanged | CustomerUpgraded

UPCASTERS: Upcasters = {}
