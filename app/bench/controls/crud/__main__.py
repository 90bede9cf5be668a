"""The schema of the CRUD control, and its server."""

import os
import sys
from typing import Any

import strawberry
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from app.bench.controls.crud import tables
from app.bench.controls.serving import serve
from app.bench.controls.types import Address, Money, Order, OrderItem
from app.kernel import typeid
from app.kernel.clock import new_id, now

Sessions = async_sessionmaker[AsyncSession]
Info = strawberry.Info[dict[str, Sessions], None]

CURRENCY = "GBP"


class OutOfStock(Exception):
    """An order wants more of a product than there is."""


def shown(order: tables.Order) -> Order:
    """An order as clients see it."""
    to = next(address for address in order.addresses if address.kind == "shipping")
    return Order(
        id=strawberry.ID(order.id),
        version=order.version,
        customer_name=order.customer.name,
        customer_email=order.customer.email,
        status=order.status,
        total=_money(order.total, order.currency),
        item_count=sum(item.quantity for item in order.items),
        payment_method=order.payment_method,
        placed_at=order.placed_at.isoformat().replace("+00:00", "Z"),
        shipping_address=Address(street=to.street, city=to.city),
        items=[
            OrderItem(
                product_id=strawberry.ID(item.product_id),
                name=item.product.name,
                quantity=item.quantity,
                unit_price=_money(item.unit_price, order.currency),
            )
            for item in order.items
        ],
    )


def _money(amount: Any, currency: str) -> Money:
    return Money(amount=f"{amount:.2f}", currency=currency)


@strawberry.type
class Query:
    @strawberry.field
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        async with info.context["sessions"]() as session:
            found = await session.get(tables.Order, id)
            return shown(found) if found is not None else None


@strawberry.input
class OrderItemInput:
    product_id: strawberry.ID
    quantity: int


@strawberry.input
class PlaceOrderInput:
    customer_id: strawberry.ID
    items: list[OrderItemInput]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def place_order(self, info: Info, input: PlaceOrderInput) -> strawberry.ID:
        async with info.context["sessions"].begin() as session:
            order = await _place(session, input)
        return strawberry.ID(order.id)


async def _place(session: AsyncSession, wanted: PlaceOrderInput) -> tables.Order:
    """Takes the pieces out of stock, locked in the order of their ids. Raises OutOfStock."""
    customer = await session.get_one(tables.Customer, wanted.customer_id)
    locked = (
        select(tables.Stock)
        .where(tables.Stock.product_id.in_([item.product_id for item in wanted.items]))
        .order_by(tables.Stock.product_id)
        .with_for_update(of=tables.Stock)
    )
    stock = {each.product_id: each for each in await session.scalars(locked)}
    for item in wanted.items:
        if stock[item.product_id].on_hand < item.quantity:
            raise OutOfStock(item.product_id)
        stock[item.product_id].on_hand -= item.quantity
    items = [_line(number, item, stock[item.product_id]) for number, item in enumerate(wanted.items, 1)]
    order = tables.Order(
        id=typeid.encode("order", new_id()),
        version=1,
        customer_id=customer.id,
        status="PENDING",
        total=sum(item.unit_price * item.quantity for item in items),
        currency=CURRENCY,
        payment_method="CARD",
        placed_at=now(),
        items=items,
        addresses=[_address(kind, customer.address) for kind in ("shipping", "billing")],
    )
    session.add(order)
    return order


def _line(number: int, item: OrderItemInput, stock: tables.Stock) -> tables.OrderItem:
    return tables.OrderItem(
        line=number, product_id=item.product_id, quantity=item.quantity, unit_price=stock.product.price
    )


def _address(kind: str, home: tables.Address) -> tables.OrderAddress:
    return tables.OrderAddress(
        kind=kind, street=home.street, city=home.city, postal_code=home.postal_code, country=home.country
    )


class Endpoint(GraphQL[dict[str, Sessions], None]):
    """The library's endpoint, whose resolvers find sessions in the context."""

    sessions: Sessions

    async def get_context(self, request: Any, response: Any) -> dict[str, Sessions]:  # noqa: ARG002
        """What the resolvers are given."""
        return {"sessions": self.sessions}


def application(database_url: str) -> Starlette:
    """Over a pool of as many connections as there are clients at once."""
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=16, connect_args={"server_settings": {"jit": "off"}})
    endpoint = Endpoint(strawberry.Schema(Query, Mutation, extensions=[ParserCache, ValidationCache]), graphql_ide=None)
    endpoint.sessions = async_sessionmaker(engine, expire_on_commit=False)
    return Starlette(routes=[Route("/graphql", endpoint)])


if __name__ == "__main__":
    serve(application(os.environ["DATABASE_URL"]), int(sys.argv[1]))
