"""Real workers beside a real API: an old event served, a header that is enough, and shards that change hands."""

import asyncio
import os
import signal
import subprocess
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from app import registry
from app.kernel import typeid
from app.seed import seeded_id
from tests.infra.test_upcasting import INSERT, METADATA, ORDER, STORED_BY_VERSION_1
from tests.support.installation import Installation
from tests.support.replay import assert_views_equal_a_replay, until_caught_up
from tests.write_model.floor import until

ORDER_BY_ID = """query ($id: ID!, $version: Int) { order(id: $id, minVersion: $version, waitMs: 10000) { __typename
  ... on Order { version status total { amount } shippingAddress { city } billingAddress { city } } } }"""
CHANGE = """mutation ($input: ChangeAddressInput!) { changeAddress(input: $input) {
  __typename ... on CommandAccepted { version token } } }"""
CITY = """query ($id: ID!) { customer(id: $id, waitMs: 10000) { __typename ... on Customer { address { city } } } }"""

LINUS = typeid.encode("customer", seeded_id("customer", "linus"))

_OWNERS = """
select owner, epoch from read.checkpoints where lease_until > clock_timestamp() order by view, generation, shard
"""


async def ask(shop: Installation, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(shop.database_url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def owned_by(shop: Installation, *workers: subprocess.Popen[bytes]) -> bool:
    """Whether every shard belongs to one of these."""
    found = [row["owner"] for row in await ask(shop, _OWNERS)]
    shards = (await ask(shop, "select count(*) from read.checkpoints"))[0][0]
    return len(found) == shards and {_pid(owner) for owner in found} <= {worker.pid for worker in workers}


def _pid(owner: str) -> int:
    return int(owner.rpartition(":")[2])


def workers_of(shop: Installation) -> list[subprocess.Popen[bytes]]:
    return [each for each in shop.processes if each.poll() is None and "worker" in each.args]  # type: ignore[operator]


async def ended(worker: subprocess.Popen[bytes]) -> int:
    return await asyncio.to_thread(worker.wait, 30)


async def test_an_order_stored_by_version_1_is_served_in_todays_shape(shop: Installation) -> None:
    connection = await asyncpg.connect(shop.database_url)
    await connection.execute(INSERT, ORDER, STORED_BY_VERSION_1, METADATA)
    await connection.close()
    answer = await shop.query(ORDER_BY_ID, id=typeid.encode("order", ORDER), version=1)
    assert answer["order"] == {
        "__typename": "Order",
        "version": 1,
        "status": "PENDING",
        "total": {"amount": "49.00"},
        "shippingAddress": {"city": "Leeds"},
        "billingAddress": {"city": "Leeds"},
    }


async def moved_to(shop: Installation, city: str) -> str:
    """Moves a customer. Returns the token of it."""
    address = {"street": "1 High Street", "city": city, "postalCode": "LS1", "country": "United Kingdom"}
    changed = await shop.query(CHANGE, input={"customerId": LINUS, "address": address})
    token: str = changed["changeAddress"]["token"]
    return token


@pytest.mark.parametrize("city", ["Leeds", "Lyon", "Hull"])
async def test_echoing_the_header_is_enough_to_read_ones_own_write(shop: Installation, city: str) -> None:
    headers = {"Consistency-Token": await moved_to(shop, city)}
    answer = await shop.query(CITY, headers, id=LINUS)
    assert answer["customer"] == {"__typename": "Customer", "address": {"city": city}}


async def test_workers_share_the_shards_and_a_flushed_redis_is_warmed_by_them(shop: Installation) -> None:
    await until(lambda: owned_by(shop, *workers_of(shop)))
    async with Redis.from_url(shop.redis_url) as redis:
        await redis.flushall()
        await until(lambda: _is_warm(redis))
    assert await assert_views_equal_a_replay(shop) > 40


async def _is_warm(redis: Any) -> bool:
    """Whether every shard that Redis holds is whole again."""
    whole = len([key async for key in redis.scan_iter("cf:*:checkpoint")])
    return whole == sum(view.shards for view in registry.VIEWS if view.in_redis)


async def test_a_worker_that_is_told_to_end_gives_its_leases_back_and_another_has_them(shop: Installation) -> None:
    leaving = workers_of(shop)[0]
    leaving.send_signal(signal.SIGTERM)
    assert await ended(leaving) == 0
    left = [row["owner"] for row in await ask(shop, _OWNERS)]
    assert leaving.pid not in map(_pid, left)
    await until(lambda: owned_by(shop, *workers_of(shop)))


async def test_the_shards_of_a_killed_worker_are_taken_over_at_higher_epochs(shop: Installation) -> None:
    (killed,) = workers_of(shop)
    await until(lambda: owned_by(shop, killed))
    before = [row["epoch"] for row in await ask(shop, _OWNERS)]
    os.kill(killed.pid, signal.SIGKILL)
    await ended(killed)
    (heir,) = shop.start_workers(1)
    await until(lambda: owned_by(shop, heir))
    after = [row["epoch"] for row in await ask(shop, _OWNERS)]
    assert all(old < new for old, new in zip(before, after, strict=True))
    await test_echoing_the_header_is_enough_to_read_ones_own_write(shop, "York")


async def test_what_postgresql_forgot_in_a_crash_is_projected_again_without_a_new_event(shop: Installation) -> None:
    """Sets a shard back under the loop that runs, as a crash does to a commit that was not on the disk yet."""
    await until_caught_up(shop)
    await ask(shop, "create table read.before as table read.customer_profile__1")
    stood = (await ask(shop, "select position from read.checkpoints where view = 'customer_profile'"))[0][0]
    await moved_to(shop, "Oslo")
    await until_caught_up(shop)
    connection = await asyncpg.connect(shop.database_url)
    async with connection.transaction():
        await connection.execute("delete from read.customer_profile__1")
        await connection.execute("insert into read.customer_profile__1 table read.before")
        await connection.execute("update read.checkpoints set position = $1 where view = 'customer_profile'", stood)
        await connection.execute("drop table read.before")
    await connection.close()
    await until_caught_up(shop, seconds=10)
    await assert_views_equal_a_replay(shop)
