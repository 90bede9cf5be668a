"""What orders needs of its neighbours; the composition root says who provides it."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from app.kernel.values import Address


class Offer(Protocol):
    """A product as it can be bought now."""

    @property
    def sku(self) -> str:
        """The shop's own number."""

    @property
    def name(self) -> str:
        """What the customer reads."""

    @property
    def price(self) -> Decimal:
        """For one piece."""

    @property
    def currency(self) -> str:
        """ISO 4217."""

    @property
    def category(self) -> str | None:
        """The first of its categories."""

    @property
    def vendor(self) -> str | None:
        """Who it is bought from."""

    @property
    def on_hand(self) -> int:
        """Pieces on the shelf."""

    @property
    def discontinued(self) -> bool:
        """True if it is no longer sold."""


class Stock(Protocol):
    """What is on the shelves. Rows are locked in the order of product ids; no product ever has less than no pieces."""

    async def hold(self, product_ids: Collection[UUID]) -> Mapping[UUID, Offer]:
        """The offers of the products that exist, which do not change until it is written what was decided on them."""

    def move(self, changes: Mapping[UUID, int]) -> None:
        """Adds pieces to the stock of each product, or takes them away."""


class Buyer(Protocol):
    """A customer, as far as an order needs to know."""

    @property
    def name(self) -> str:
        """As it stands on the parcel."""

    @property
    def email(self) -> str | None:
        """None for customers of older books."""

    @property
    def address(self) -> Address:
        """Where goes what is ordered without an address."""


class Buyers(Protocol):
    """The shop's customers."""

    async def find(self, customer_id: UUID) -> Buyer | None:
        """The customer, or None."""
