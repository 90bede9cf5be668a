"""Events as earlier versions of the shop stored them, put into the log by hand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.kernel.clock import new_id

_INSERT = """
insert into write.events
    (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata, recorded_at)
values (gen_random_uuid(), 'order', $1, $2, $3, $4, $5, $6, $7)
"""
LONG_AGO = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
ADDRESS = {"street": "1 High Street", "city": "Leeds", "postal_code": "LS1", "country": "United Kingdom"}


@dataclass(frozen=True)
class Old:
    """An event of some schema version, recorded so many hours after the shop of that time opened."""

    type: str
    schema_version: int
    data: Mapping[str, Any]
    hours: float


def at(hours: float) -> str:
    """A moment of that time."""
    return (LONG_AGO + timedelta(hours=hours)).isoformat()


def order_of(item: UUID, **said: Any) -> dict[str, Any]:
    """What all versions of an order have in common: three pieces of a thing, for a guest."""
    line = {"line": 1, "product_id": str(item), "sku": "TEA-1", "name": "Teapot", "quantity": 3, "unit_price": "24.50"}
    whose = {"customer_id": None, "customer_name": "Guest", "customer_email": None}
    paid = {"currency": "GBP", "payment_method": "CARD", "placed_at": at(0)}
    return {"items": [line], **whose, **paid, **said}


def life_of(item: UUID) -> list[Old]:
    """An order that version 1 took, and of which version 1 took a part back."""
    back = {"line": 1, "product_id": str(item), "quantity": 2, "unit_price": "24.50"}
    return [
        Old("OrderPlaced", 1, order_of(item, address=ADDRESS), 0),
        Old("OrderPaid", 1, {"paid_at": at(1)}, 1),
        Old("OrderShipped", 1, {"tracking_code": "RM1", "shipped_at": at(2)}, 2),
        Old("OrderDelivered", 1, {"delivered_at": at(3)}, 3),
        Old("ItemsReturned", 1, {"items": [back], "complete": False, "returned_at": at(4)}, 4),
    ]


async def stored(connection: asyncpg.Connection, *events: Old) -> UUID:
    """The order to which these happened, one after the other."""
    order_id = new_id()
    for version, event in enumerate(events, 1):
        said = {"command": "Do", "actor": "ada", **{f"{name}_id": str(order_id) for name in ("command", "correlation")}}
        data = json.dumps({"order_id": str(order_id), **event.data})
        moment = LONG_AGO + timedelta(hours=event.hours)
        about = (order_id, version, event.type, event.schema_version)
        await connection.execute(_INSERT, *about, data, json.dumps(said), moment)
    return order_id
