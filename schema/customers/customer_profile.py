"""`customer(id)`: for the customer, and for operators."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.infra.tables import Stored
from app.kernel import typeid
from read_model.customers import customer_profile as view
from schema.context import Info
from schema.customers.enums import Tier
from schema.reading import MinVersion, Token, WaitMs, decode_id, read
from schema.values import Address, Node, Processing


@strawberry.type(description="A customer's profile.")
class Customer(Node):
    version: int
    name: str
    email: str | None
    tier: Tier
    address: Address
    display_address: str = strawberry.field(description="The address ready-made, on one line.")
    registered_at: datetime

    @classmethod
    def of(cls, stored: Stored[view.CustomerProfile]) -> "Customer":
        """The profile as clients see it."""
        row = stored.row
        return cls(
            id=strawberry.ID(typeid.encode("customer", row.customer_id)),
            version=stored.version,
            name=row.name,
            email=row.email,
            tier=Tier(row.tier),
            address=Address.of(row.address),
            display_address=row.display_address,
            registered_at=row.registered_at,
        )


CustomerResult = Annotated[Customer | Processing, strawberry.union("CustomerResult")]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: int | None = None,
    token: str | None = None,
    wait_ms: int | None = None,
) -> Customer | Processing | None:
    """The profile; None where there is none that is the asker's to see."""
    asker, key = info.context.asker(), decode_id("customer", id, "id")
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    if not asker.owns(key):
        return None
    found = await read(info, view.VIEW, key, wanted)
    return Customer.of(found) if isinstance(found, Stored) else found


@strawberry.type
class CustomerQuery:
    @strawberry.field(description="One customer; null if there is no such one, or it is not yours to see.")
    async def customer(
        self,
        info: Info,
        id: strawberry.ID,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> CustomerResult | None:
        return await get(info, id, min_version, token, wait_ms)
