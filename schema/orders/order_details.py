"""`order(id)` and `orderChanged(id)`: for the customer whose order it is, and for operators."""

from collections.abc import AsyncGenerator
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from app.infra.hints import wait
from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel import typeid
from app.kernel.messages import Principal
from app.plans import composed, made_of, shown
from read_model.orders import order_details as view
from read_model.orders import time_travel
from schema.context import Info
from schema.orders.enums import OrderStatus, PaymentMethod
from schema.reading import MinVersion, Token, WaitMs, decode_id, read
from schema.values import Address, Money, Node, Processing

_POLL_S = 1.0
_CUSTOMERS = "customer_"


@strawberry.type(description="A line of an order; quantities count pieces.")
class OrderItem:
    row: strawberry.Private[view.DetailedItem]
    currency: strawberry.Private[str]
    line: int = shown("row.line")

    product_id: strawberry.ID = shown("row.product_id", by=partial(typeid.encode, "product"))
    sku: str = shown("row.sku")
    name: str = shown("row.name")
    quantity: int = shown("row.quantity")
    returned: int = shown("row.returned")
    unit_price: Money = composed(Money, amount="row.unit_price", currency="currency")
    amount: Money = composed(Money, amount="row.amount", currency="currency")


@strawberry.type(description="An amount on an order that is not goods.")
class OrderCharge:
    row: strawberry.Private[object]
    currency: strawberry.Private[str]
    code: str = shown("row.code")
    description: str = shown("row.description")
    amount: Money = composed(Money, amount="row.amount", currency="currency")


def customer_or_shop(actor: str) -> str:
    """A customer who acted, and of everybody else that it was the shop: who works there is not for customers."""
    return actor if actor.startswith(_CUSTOMERS) else "shop"


@strawberry.type(description="The order reached a status.")
class StatusChange:
    status: OrderStatus
    at: datetime
    actor: str = shown(
        "actor",
        by=customer_or_shop,
        description="The customer's id, or `shop`; `orderHistory` tells operators who that was.",
    )
    reason: str | None


@made_of("stored")
@strawberry.type(description="One order with everything that a page about it shows.")
class Order(Node):
    stored: strawberry.Private[Stored[view.OrderDetails]]
    row: strawberry.Private[view.OrderDetails]
    id: strawberry.ID = shown("row.order_id", by=partial(typeid.encode, "order"))

    version: int = shown("stored.version")
    reference: str | None = shown("row.reference", description="Its number in older books.")
    customer_id: strawberry.ID | None = shown(
        "row.customer_id", by=partial(typeid.encode, "customer"), description="Null for a guest's order."
    )
    customer_name: str = shown("row.customer_name")
    customer_email: str | None = shown("row.customer_email")
    status: OrderStatus = shown("row.status")
    total: Money = composed(
        Money, amount="row.total", currency="row.currency", description="Goods and charges, as ordered."
    )
    refunded: Money = composed(Money, amount="row.refunded", currency="row.currency")
    item_count: int = shown("row.item_count", description="Pieces ordered.")
    items: list[OrderItem] = composed(OrderItem, each="row.items", row="each", currency="row.currency")
    charges: list[OrderCharge] = composed(OrderCharge, each="row.charges", row="each", currency="row.currency")
    shipping_address: Address = shown("row.shipping_address")
    billing_address: Address = shown("row.billing_address")
    payment_method: PaymentMethod = shown("row.payment_method")
    tracking_code: str | None = shown("row.tracking_code")
    placed_at: datetime = shown("row.placed_at")
    history: list[StatusChange] = shown("row.history")

    @classmethod
    def of(cls, stored: Stored[view.OrderDetails]) -> "Order":
        """The order as clients see it."""
        return cls(stored=stored, row=stored.row)


AsOf = Annotated[
    datetime | None,
    strawberry.argument(
        description="Answer the order as it was known at this moment: with what the log had recorded by then, whenever "
        "it happened in the shop's books; null if that was nothing yet. minVersion and token say how far the view must "
        "have come before it answers, so a moment that is not past yet is answered as without it."
    ),
]
OrderResult = Annotated[Order | Processing, strawberry.union("OrderResult")]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: MinVersion = None,
    token: Token = None,
    wait_ms: WaitMs = None,
    as_of: AsOf = None,
) -> OrderResult | None:
    """The order; None where there is none that is the asker's to see."""
    asker = info.context.asker()
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    if as_of is not None:
        return await _as_of(info, asker, decode_id("order", id, "id"), as_of, wanted)
    found = await info.context.reads.get(view.VIEW, decode_id("order", id, "id"), wanted)
    if isinstance(found, Behind):
        return Processing.of(found)
    return _shown(asker, found.stored) if found.stored is not None else None


async def _as_of(
    info: Info, asker: Principal, order_id: UUID, moment: datetime, wanted: Wanted
) -> Order | Processing | None:
    found = await time_travel.as_of(info.context.reads, order_id, moment, wanted)
    if isinstance(found, Behind):
        return Processing.of(found)
    return _shown(asker, found) if found is not None else None


def _shown(asker: Principal, stored: Stored[view.OrderDetails]) -> Order | None:
    return Order.of(stored) if asker.owns(stored.row.customer_id) else None


@strawberry.type
class OrderQuery:
    order: OrderResult | None = strawberry.field(
        resolver=get,
        description="One order, as it is or as it was; null if there is no such one, or it is not yours to see.",
    )


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
            asker = info.context.asker()
            found = await read(info, view.VIEW, key, Wanted())
            if isinstance(found, Stored) and found.version > shown:
                shown = found.version
                if order := _shown(asker, found):
                    yield order
            await wait(woken, _POLL_S)
