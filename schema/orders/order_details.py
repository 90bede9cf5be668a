"""`order(id)` and `orderChanged(id)`: for the customer whose order it is, and for operators."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from app.infra.freshness import Wanted
from app.infra.hints import wait
from app.infra.tables import Stored
from app.kernel import typeid
from read_model.orders import order_details as view
from schema.context import Info
from schema.orders.enums import OrderStatus, PaymentMethod
from schema.reading import MinVersion, Token, WaitMs, decode_id, read
from schema.values import Address, Money, Node, Processing

_POLL_S = 1.0


@strawberry.type(description="A line of an order; quantities count pieces.")
class OrderItem:
    line: int
    product_id: strawberry.ID
    sku: str
    name: str
    quantity: int
    returned: int
    unit_price: Money
    amount: Money

    @classmethod
    def of(cls, item: view.DetailedItem, currency: str) -> "OrderItem":
        """The line as clients see it."""
        return cls(
            line=item.line,
            product_id=strawberry.ID(typeid.encode("product", item.product_id)),
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            returned=item.returned,
            unit_price=Money(amount=item.unit_price, currency=currency),
            amount=Money(amount=item.amount, currency=currency),
        )


@strawberry.type(description="An amount on an order that is not goods.")
class OrderCharge:
    code: str
    description: str
    amount: Money


@strawberry.type(description="The order reached a status.")
class StatusChange:
    status: OrderStatus
    at: datetime
    actor: str
    reason: str | None


@strawberry.type(description="One order with everything that a page about it shows.")
class Order(Node):
    version: int
    reference: str | None = strawberry.field(description="Its number in older books.")
    customer_id: strawberry.ID | None = strawberry.field(description="Null for a guest's order.")
    customer_name: str
    customer_email: str | None
    status: OrderStatus
    total: Money = strawberry.field(description="Goods and charges, as ordered.")
    refunded: Money
    item_count: int = strawberry.field(description="Pieces ordered.")
    items: list[OrderItem]
    charges: list[OrderCharge]
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod
    tracking_code: str | None
    placed_at: datetime
    history: list[StatusChange]

    @classmethod
    def of(cls, stored: Stored[view.OrderDetails]) -> "Order":
        """The order as clients see it."""
        row = stored.row
        customer_id = typeid.encode("customer", row.customer_id) if row.customer_id else None
        return cls(
            id=strawberry.ID(typeid.encode("order", row.order_id)),
            version=stored.version,
            reference=row.reference,
            customer_id=strawberry.ID(customer_id) if customer_id else None,
            customer_name=row.customer_name,
            customer_email=row.customer_email,
            status=OrderStatus(row.status),
            total=Money(amount=row.total, currency=row.currency),
            refunded=Money(amount=row.refunded, currency=row.currency),
            item_count=row.item_count,
            items=[OrderItem.of(item, row.currency) for item in row.items],
            charges=[
                OrderCharge(
                    code=charge.code,
                    description=charge.description,
                    amount=Money(amount=charge.amount, currency=row.currency),
                )
                for charge in row.charges
            ],
            shipping_address=Address.of(row.shipping_address),
            billing_address=Address.of(row.billing_address),
            payment_method=PaymentMethod(row.payment_method),
            tracking_code=row.tracking_code,
            placed_at=row.placed_at,
            history=[
                StatusChange(
                    status=OrderStatus(change.status),
                    at=change.at,
                    actor=change.actor,
                    reason=change.reason,
                )
                for change in row.history
            ],
        )


OrderResult = Annotated[Order | Processing, strawberry.union("OrderResult")]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: int | None = None,
    token: str | None = None,
    wait_ms: int | None = None,
) -> Order | Processing | None:
    """The order; None where there is none that is the asker's to see."""
    info.context.asker()
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    found = await read(info, view.VIEW, decode_id("order", id, "id"), wanted)
    return _shown(info, found) if isinstance(found, Stored) else found


def _shown(info: Info, stored: Stored[view.OrderDetails]) -> Order | None:
    return Order.of(stored) if info.context.asker().owns(stored.row.customer_id) else None


@strawberry.type
class OrderQuery:
    @strawberry.field(description="One order; null if there is no such one, or it is not yours to see.")
    async def order(
        self,
        info: Info,
        id: strawberry.ID,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> OrderResult | None:
        return await get(info, id, min_version, token, wait_ms)


@strawberry.type
class OrderSubscription:
    @strawberry.subscription(description="The order as it is now, and again after every change.")
    async def order_changed(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Order, None]:
        info.context.asker()
        key = decode_id("order", id, "id")
        async for order in _changes(info, key):
            yield order


async def _changes(info: Info, key: UUID) -> AsyncGenerator[Order, None]:
    reads, shown = info.context.reads, 0
    with reads.hints.subscribed(view.VIEW.name) as woken:
        while True:
            info.context.asker()
            found = await read(info, view.VIEW, key, Wanted())
            if isinstance(found, Stored) and found.version > shown:
                shown = found.version
                if order := _shown(info, found):
                    yield order
            await wait(woken, _POLL_S)
