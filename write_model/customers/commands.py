"""What can be asked of customers."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import InvalidValue
from app.kernel.messages import Command, generated_id
from app.kernel.values import Address, require_text

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Tier(StrEnum):
    """How much a customer is worth to the shop, lowest first."""

    STANDARD = "STANDARD"
    SILVER = "SILVER"
    GOLD = "GOLD"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCustomer(Command):
    """Make someone a customer."""

    target: ClassVar[str] = "customer_id"
    for_operators: ClassVar[bool] = True
    customer_id: UUID = generated_id()
    name: str
    email: str
    address: Address

    def __post_init__(self) -> None:
        require_text(self.name, "name", at_most=200)
        require_text(self.email, "email", at_most=254)
        if not _EMAIL.fullmatch(self.email):
            raise InvalidValue("email must look like name@example.com.", field="email")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPastCustomer(Command):
    """Enter a customer from older books, which may know no more than a name and a country. For operators."""

    target: ClassVar[str] = "customer_id"
    dated: ClassVar[bool] = True
    for_operators: ClassVar[bool] = True
    customer_id: UUID = generated_id()
    name: str
    address: Address

    def __post_init__(self) -> None:
        require_text(self.name, "name", at_most=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAddress(Command):
    """Move a customer to another address."""

    target: ClassVar[str] = "customer_id"
    customer_id: UUID
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeCustomer(Command):
    """Raise a customer to a higher tier. For operators."""

    target: ClassVar[str] = "customer_id"
    for_operators: ClassVar[bool] = True
    customer_id: UUID
    tier: Tier
