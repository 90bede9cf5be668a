"""What the ledger needs of its neighbours; the composition root says who provides it."""

from typing import Protocol
from uuid import UUID


class Owners(Protocol):
    """The shop's customers, as far as an account needs to know: whether there are such."""

    async def find(self, customer_id: UUID) -> object | None:
        """The customer, or None."""
