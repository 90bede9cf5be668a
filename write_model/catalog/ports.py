"""What the catalog needs of its neighbours; the composition root says who provides it."""

from typing import Protocol
from uuid import UUID


class Viewers(Protocol):
    """The shop's customers, as far as a view of a product needs to know: whether there are such."""

    async def find(self, customer_id: UUID) -> object | None:
        """The customer, or None."""
