"""Values that several types share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

import strawberry

from app.infra.checkpoints import Freshness
from app.infra.keyset import Page
from app.infra.wanted import Behind
from app.kernel import values
from app.plans import known_by
from schema.scalars import BigInt


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


@strawberry.type(name="Freshness", description="How far the view behind a list has come.")
class ListFreshness:
    state: str = strawberry.field(description="FRESH (at the head), LAGGING, or STALLED (nobody projects it).")
    position: BigInt
    lag_ms: int = strawberry.field(description="Age of what is shown, in milliseconds; 0 when at the head.")
    parked: int = strawberry.field(
        description="Of how many aggregates something is missing, because it could not be projected."
    )

    @classmethod
    def of(cls, freshness: Freshness | None) -> "ListFreshness":
        """The freshness as clients see it; it is known wherever the operation selects it (`schema.reading.listed`)."""
        assert freshness is not None
        return cls(
            state=freshness.state,
            position=BigInt(freshness.position),
            lag_ms=round(freshness.lag_s * 1000),
            parked=freshness.parked,
        )


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


class Placed(Protocol):
    """A node of a page that knows its place."""

    @property
    def told(self) -> Any:
        """What tells it apart from all others, and from what it was or will be."""

    @property
    def cursor(self) -> str:
        """Its place, for clients."""


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: strawberry.ID


@known_by("told")
@strawberry.type(description="Where a page begins and ends, and what lies beyond.")
class PageInfo:
    told: strawberry.Private[tuple[object, ...]]
    has_next_page: bool
    has_previous_page: bool
    first: strawberry.Private[Placed | None]
    last: strawberry.Private[Placed | None]

    @strawberry.field
    def start_cursor(self) -> str | None:
        return self.first.cursor if self.first else None

    @strawberry.field
    def end_cursor(self) -> str | None:
        return self.last.cursor if self.last else None

    @classmethod
    def around(cls, page: Page[Any]) -> "PageInfo":
        """Of a page whose nodes know their cursors; a cursor is worked out when it is selected."""
        first, last = (page.nodes[0], page.nodes[-1]) if page.nodes else (None, None)
        told = (page.has_next, page.has_previous, first and first.told, last and last.told)
        return cls(told=told, has_next_page=page.has_next, has_previous_page=page.has_previous, first=first, last=last)

    @classmethod
    def of(cls, page: Page[Any], cursors: Sequence[str]) -> "PageInfo":
        """Of a page, and the cursors of its nodes in their order."""
        ends = [_Cursor(cursors[n], cursors[n]) for n in (0, -1)] if cursors else ()
        return cls.around(replace(page, nodes=ends))


@dataclass(frozen=True, slots=True)
class _Cursor:
    told: str
    cursor: str
