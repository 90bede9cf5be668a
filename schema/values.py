"""Values that several types share."""

from decimal import Decimal

import strawberry

from app.infra.wanted import Behind
from app.kernel import values


@strawberry.type(description="An exact amount in one currency.")
class Money:
    amount: Decimal
    currency: str = strawberry.field(description="ISO 4217")


@strawberry.input(name="MoneyInput", description="An exact amount in one currency.")
class MoneyInput:
    amount: Decimal
    currency: str = strawberry.field(description="ISO 4217")

    def value(self) -> values.Money:
        """The amount as the write model takes it. Raises a Refusal."""
        return values.Money(self.amount, self.currency)


@strawberry.type(description="Where someone lives or goods go; older books may know the country alone.")
class Address:
    street: str | None
    city: str | None
    postal_code: str | None
    country: str

    @classmethod
    def of(cls, address: values.Address) -> "Address":
        """The address as clients see it."""
        return cls(
            street=address.street,
            city=address.city,
            postal_code=address.postal_code,
            country=address.country,
        )


@strawberry.input(description="A whole address.")
class AddressInput:
    street: str
    city: str
    postal_code: str
    country: str

    def value(self) -> values.Address:
        """The address as the write model takes it. Raises a Refusal."""
        return values.Address(street=self.street, city=self.city, postal_code=self.postal_code, country=self.country)


@strawberry.input(description="An address from older books, of which more than the country may be missing.")
class PastAddressInput:
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str

    def value(self) -> values.Address:
        """The address as the write model takes it. Raises a Refusal."""
        return values.Address(street=self.street, city=self.city, postal_code=self.postal_code, country=self.country)


@strawberry.type(description="The view has not reached what was asked for; ask again. Never older data instead.")
class Processing:
    expected_version: int | None = strawberry.field(description="What was asked for as minVersion.")
    current_version: int | None = strawberry.field(description="What the view holds now; null if it has nothing yet.")
    lag_ms: int
    retry_after_ms: int = strawberry.field(description="When asking again is worth it.")
    parked: bool = strawberry.field(
        description="Whether an event of this entity could not be projected and waits for an operator."
    )

    @classmethod
    def of(cls, behind: Behind) -> "Processing":
        """What could not be answered in time."""
        lag_ms = round(behind.freshness.lag_s * 1000)
        return cls(
            expected_version=behind.wanted.version,
            current_version=behind.version,
            lag_ms=lag_ms,
            retry_after_ms=min(5_000, max(100, lag_ms)),
            parked=behind.parked,
        )


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: strawberry.ID
