"""What happened to customers."""

from datetime import datetime
from uuid import UUID

from app.kernel.messages import Event, Upcasters
from app.kernel.values import Address


class CustomerRegistered(Event, frozen=True, kw_only=True):
    """Someone became a customer. Customers from old books have no e-mail address."""

    customer_id: UUID
    name: str
    email: str | None
    address: Address
    registered_at: datetime


class AddressChanged(Event, frozen=True, kw_only=True):
    """A customer moved."""

    customer_id: UUID
    address: Address
    changed_at: datetime


class CustomerUpgraded(Event, frozen=True, kw_only=True):
    """A customer reached a higher tier."""

    customer_id: UUID
    tier: str
    upgraded_at: datetime


CustomerEvent = CustomerRegistered | AddressChanged | CustomerUpgraded

UPCASTERS: Upcasters = {}
