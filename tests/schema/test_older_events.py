"""Events that earlier versions of the shop stored are projected while it runs, and told of in today's shape."""

from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from app.infra.consistency_token import LogPosition
from app.kernel import typeid
from app.kernel.clock import new_id
from tests.schema.older_events import ADDRESS, Old, at, life_of, order_of, stored
from tests.schema.order_life import history, read

TO = {"city": ADDRESS["city"], "country": ADDRESS["country"]}
_LAST = "select log_id, (select max(position) from write.events) from write.log"


async def token(database: asyncpg.Connection) -> str:
    """Of the end of the log."""
    last = await database.fetchrow(_LAST)
    assert last is not None
    return LogPosition(*last).token()


async def test_an_order_of_version_1_is_told_in_todays_shape(
    http: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    order = typeid.encode("order", await stored(database, *life_of(new_id())))
    page = await history(http, order, token=await token(database))
    now_ = await read(http, order, token=await token(database))
    assert [(edge["node"]["event"], edge["node"]["summary"]) for edge in page["edges"]] == [
        ("OrderPlaced", "Ordered: 3 pieces for 73.50 GBP"),
        ("OrderPaid", "Paid"),
        ("OrderShipped", "Shipped, tracking code RM1"),
        ("OrderDelivered", "Delivered"),
        ("ItemsReturned", "2 pieces returned, 49.00 GBP refunded"),
    ]
    assert [moment(edge["node"]["at"]) for edge in page["edges"]] == [moment(at(hours)) for hours in range(5)]
    assert now_ == page["edges"][-1]["node"]["order"]
    assert (now_["shippingAddress"], now_["billingAddress"], now_["items"][0]["returned"]) == (TO, TO, 2)


async def test_it_is_as_it_was_at_every_moment(http: httpx.AsyncClient, database: asyncpg.Connection) -> None:
    order, reached = typeid.encode("order", await stored(database, *life_of(new_id()))), await token(database)

    async def seen(hours: float) -> Any:
        return await read(http, order, asOf=at(hours), token=reached)

    assert await seen(-0.1) is None
    statuses = [(await seen(hours))["status"] for hours in (0, 0.9, 1, 2.5, 3, 100)]
    assert statuses == ["PENDING", "PENDING", "PAID", "SHIPPED", "DELIVERED", "DELIVERED"]
    placed, returned = await seen(0), await seen(4)
    assert (placed["shippingAddress"], placed["billingAddress"], placed["trackingCode"]) == (TO, TO, None)
    assert (placed["refunded"]["amount"], returned["refunded"]["amount"]) == ("0.00", "49.00")


@pytest.mark.parametrize(
    ("kind", "schema_version", "status"), [("OrderPlaced", 2, "PENDING"), ("PastOrderRecorded", 1, "DELIVERED")]
)
async def test_the_versions_between_are_told_as_well(
    http: httpx.AsyncClient, database: asyncpg.Connection, kind: str, schema_version: int, status: str
) -> None:
    both = {"shipping_address": ADDRESS, "billing_address": ADDRESS | {"city": "York"}}
    event = Old(kind, schema_version, order_of(new_id(), **both), 0)
    order = typeid.encode("order", await stored(database, event))
    seen = await read(http, order, asOf=at(1), token=await token(database))
    assert (seen["status"], seen["billingAddress"]["city"]) == (status, "York")


async def test_of_one_moment_the_last_version_counts(http: httpx.AsyncClient, database: asyncpg.Connection) -> None:
    """Two commands within a microsecond; and then the log's clock went back by half an hour."""
    placed, paid, shipped, delivered, _ = life_of(new_id())
    same = [Old(each.type, 1, each.data, 0) for each in (placed, paid)]
    order = typeid.encode("order", await stored(database, *same, shipped, Old(delivered.type, 1, delivered.data, 1.5)))
    reached = await token(database)
    seen = [await read(http, order, asOf=at(hours), token=reached) for hours in (-1, 0, 1, 1.5, 2, 3)]
    assert [each and each["version"] for each in seen] == [None, 2, 2, 4, 4, 4]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
