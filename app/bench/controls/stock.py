"""Strawberry as its documentation has it, with its two caches, over the same data.

An order or a product is one GET of its ready-made document; a list is one statement over the same flat table as the
product's. `python -m app.bench.controls.stock PORT TABLE` serves `/graphql`; TABLE is that flat table.
"""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import redis.asyncio as aioredis
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from app.bench.controls import documents
from app.bench.controls.serving import serve
from app.bench.controls.types import Address, Money, Order, OrderItem, Product
from app.kernel import typeid


@dataclass
class Stores:
    """Where the resolvers read; the connections are there once the server has started."""

    redis: aioredis.Redis
    pool: asyncpg.Pool
    table: str

    async def document(self, field: str, id_: str) -> dict[str, Any] | None:
        """A ready-made document, decoded."""
        found = await self.redis.get(documents.key_of(field, id_))
        return msgspec.json.decode(found) if found is not None else None


Info = strawberry.Info[dict[str, Stores], None]


@strawberry.type
class OrderSummary:
    id: strawberry.ID
    customer_name: str
    status: str
    total: Money
    item_count: int
    city: str | None
    placed_at: str


@strawberry.type
class OrderEdge:
    node: OrderSummary


@strawberry.type
class OrderConnection:
    edges: list[OrderEdge]


@strawberry.input
class OrderFilter:
    country: str


def _order(found: Mapping[str, Any]) -> Order:
    return Order(
        id=found["id"],
        version=found["version"],
        customer_name=found["customerName"],
        customer_email=found["customerEmail"],
        status=found["status"],
        total=Money(**found["total"]),
        item_count=found["itemCount"],
        payment_method=found["paymentMethod"],
        placed_at=found["placedAt"],
        shipping_address=Address(**found["shippingAddress"]),
        items=[
            OrderItem(
                product_id=item["productId"],
                name=item["name"],
                quantity=item["quantity"],
                unit_price=Money(amount=item["unitPrice"]["amount"], currency=found["total"]["currency"]),
            )
            for item in found["items"]
        ],
    )


def _product(found: Mapping[str, Any]) -> Product:
    return Product(
        id=found["id"],
        version=found["version"],
        sku=found["sku"],
        name=found["name"],
        description=found["description"],
        categories=found["categories"],
        vendor=found["vendor"],
        price=Money(**found["price"]),
        on_hand=found["onHand"],
        discontinued=found["discontinued"],
        added_at=found["addedAt"],
        updated_at=found["updatedAt"],
    )


def _edge(row: asyncpg.Record) -> OrderEdge:
    summary = OrderSummary(
        id=strawberry.ID(typeid.encode("order", row["order_id"])),
        customer_name=row["customer_name"],
        status=row["status"],
        total=Money(amount=f"{row['total']:.2f}", currency=row["currency"]),
        item_count=row["item_count"],
        city=row["city"],
        placed_at=row["placed_at"].isoformat().replace("+00:00", "Z"),
    )
    return OrderEdge(node=summary)


@strawberry.type
class Query:
    @strawberry.field
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        found = await info.context["stores"].document("order", id)
        return _order(found) if found is not None else None

    @strawberry.field
    async def product(self, info: Info, id: strawberry.ID) -> Product | None:
        found = await info.context["stores"].document("product", id)
        return _product(found) if found is not None else None

    @strawberry.field
    async def orders(self, info: Info, filter: OrderFilter, first: int) -> OrderConnection:
        stores = info.context["stores"]
        rows = await stores.pool.fetch(_ORDERS.format(table=stores.table), filter.country.casefold(), first)
        return OrderConnection(edges=[_edge(row) for row in rows])


_ORDERS = """
select order_id, customer_name, status, total, currency, item_count, city, placed_at
from {table} where country_folded = $1 order by placed_at desc, order_id desc limit $2
"""


class Endpoint(GraphQL[dict[str, Stores], None]):
    """The library's endpoint, whose resolvers find the stores in the context."""

    stores: Stores

    async def get_context(self, request: Any, response: Any) -> dict[str, Stores]:  # noqa: ARG002
        """What the resolvers are given."""
        return {"stores": self.stores}


def application(table: str) -> Starlette:
    """Opens its stores when it starts."""
    schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
    endpoint = Endpoint(schema, graphql_ide=None)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["DATABASE_URL"], server_settings={"jit": "off"}) as pool:
            endpoint.stores = Stores(aioredis.Redis.from_url(os.environ["REDIS_URL"]), pool, table)
            yield

    return Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)


if __name__ == "__main__":
    serve(application(sys.argv[2]), int(sys.argv[1]))
