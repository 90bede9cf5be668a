"""A database restored to an earlier point: its positions come again, and nobody takes one for the other."""

from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.infra.embedded import Servers
from app.kernel import typeid
from app.seed import seeded_id
from tests.support.installation import Installation, database_named, installation
from tests.support.replay import assert_views_equal_a_replay, until_caught_up

PLACE = """mutation ($customer: ID!, $product: ID!) {
    placeOrder(input: {customerId: $customer, items: [{productId: $product, quantity: 1}]}) {
        ... on CommandAccepted { aggregateId token }
    }
}"""
READ = "query ($id: ID!, $token: String) { order(id: $id, token: $token) { ... on Order { id } } }"


@pytest.fixture
def bought() -> dict[str, str]:
    return {
        kind: typeid.encode(kind, seeded_id(kind, name)) for kind, name in (("customer", "ada"), ("product", "cup"))
    }


async def test_tokens_from_after_the_backup_are_refused(servers: Servers, bought: dict[str, str]) -> None:
    async with installation(servers) as shop:
        await shop.seed()
        await _copy(shop, "backup")
        shop.start_workers(2)
        api = await shop.start_api()
        lost = await _placed(shop, bought)
        await until_caught_up(shop)

        await _restore(shop, "backup")
        assert api.wait(30) == 0, "an API whose log was replaced ends, to be started again"
        await shop.start_api()
        kept = await _placed(shop, bought)
        assert (await shop.query(READ, id=kept["aggregateId"], token=kept["token"]))["order"] == {
            "id": kept["aggregateId"]
        }
        refused = await shop.ask(READ, id=lost["aggregateId"], token=lost["token"])
        assert refused["errors"][0]["extensions"]["code"] == "UNKNOWN_LOG"
        assert (await shop.query(READ, id=lost["aggregateId"]))["order"] is None
        await assert_views_equal_a_replay(shop)


async def _placed(shop: Installation, bought: dict[str, str]) -> Any:
    variables: dict[str, Any] = {**bought}
    return (await shop.query(PLACE, None, **variables))["placeOrder"]


async def _copy(shop: Installation, suffix: str) -> None:
    name = urlsplit(shop.database_url).path[1:]
    await _administer(shop, f"create database {name}_{suffix} template {name}")


async def _restore(shop: Installation, suffix: str) -> None:
    """Puts the copy in the database's place, under the feet of its processes."""
    name = urlsplit(shop.database_url).path[1:]
    await _administer(shop, f"drop database {name} with (force)", f"alter database {name}_{suffix} rename to {name}")
    assert shop.start("migrate", "--restored").wait() == 0, shop.log_of("migrate")


async def _administer(shop: Installation, *statements: str) -> None:
    connection = await asyncpg.connect(database_named(shop.database_url, "postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
