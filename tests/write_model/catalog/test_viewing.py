"""Reports of views: each an event of its own, a customer's theirs alone, and none waits for anything."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.kernel.clock import new_id, now
from app.kernel.errors import CommandIdReused, Forbidden
from app.kernel.messages import Receipt
from tests.write_model.floor import OPERATOR, Floor
from tests.write_model.test_bus import NOBODY, assert_refused, customer_principal
from write_model.catalog.aggregate import view
from write_model.catalog.commands import DiscontinueProduct, ViewProduct
from write_model.catalog.errors import ProductNotFound, ViewerNotFound
from write_model.catalog.events import ProductViewed

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, TEA, ID = new_id(), new_id(), new_id()
LOOK = ViewProduct(at=AT, view_id=ID, product_id=TEA)


def looked_at(product: UUID, customer: UUID | None = None) -> ViewProduct:
    return ViewProduct(at=now(), view_id=new_id(), product_id=product, customer_id=customer)


async def viewed(floor: Floor, view_id: UUID) -> list[Any]:
    """The events of one view."""
    rows = await floor.events_of(view_id)
    assert {row["type"] for row in rows} == {"ProductViewed"}
    return [msgspec.json.decode(row["data"], type=ProductViewed) for row in rows]


@pytest.mark.parametrize("viewer", [ADA, None])
def test_a_view_tells_who_looked_at_what_and_when(viewer: UUID | None) -> None:
    event = ProductViewed(view_id=ID, product_id=TEA, customer_id=viewer, viewed_at=AT)
    assert view(LOOK, viewer=viewer, product_known=True) == event


def test_what_never_was_in_the_catalog_cannot_be_viewed() -> None:
    with pytest.raises(ProductNotFound) as refused:
        view(LOOK, viewer=ADA, product_known=False)
    assert refused.value.product_id == TEA


class TestWhoLooked:
    async def test_customers_report_their_own(self, floor: Floor) -> None:
        product, customer = await floor.product(), await floor.customer()
        for look in (looked_at(product), looked_at(product, customer)):
            receipt = await floor.send(look, actor=customer_principal(customer))
            event = ProductViewed(view_id=look.view_id, product_id=product, customer_id=customer, viewed_at=look.at)
            assert await viewed(floor, look.view_id) == [event]
            assert (receipt.aggregate_type, receipt.aggregate_id, receipt.version) == ("product_view", look.view_id, 1)

    async def test_operators_report_anyones_and_visitors(self, floor: Floor) -> None:
        product, customer = await floor.product(), await floor.customer()
        for who in (customer, None):
            look = looked_at(product, who)
            await floor.send(look, actor=OPERATOR)
            assert [event.customer_id for event in await viewed(floor, look.view_id)] == [who]

    async def test_a_customer_cannot_report_anyone_elses(self, floor: Floor) -> None:
        product, mine, theirs = await floor.product(), await floor.customer(), await floor.customer()
        for look in (looked_at(product, theirs), looked_at(new_id(), theirs)):
            await assert_refused(floor, look, ViewerNotFound, actor=customer_principal(mine))
        await assert_refused(floor, looked_at(product), Forbidden, actor=NOBODY)

    async def test_an_operator_names_a_customer_that_there_is(self, floor: Floor) -> None:
        await assert_refused(floor, looked_at(await floor.product(), new_id()), ViewerNotFound)


class TestWhatIsLookedAt:
    async def test_an_unknown_product_is_refused(self, floor: Floor) -> None:
        customer = await floor.customer()
        for look in (looked_at(new_id()), looked_at(new_id(), customer)):
            await assert_refused(floor, look, ProductNotFound)
        await assert_refused(floor, looked_at(new_id()), ProductNotFound, actor=customer_principal(customer))

    async def test_a_discontinued_product_can_be_looked_at(self, floor: Floor) -> None:
        product = await floor.product()
        await floor.send(DiscontinueProduct(at=now(), product_id=product))
        assert (await floor.send(looked_at(product))).version == 1

    async def test_nothing_is_waited_for(self, floor: Floor) -> None:
        """Someone holds the product, its stock and the customer for as long as they like."""
        product, customer = await floor.product(1), await floor.customer()
        async with floor.db.acquire() as connection, connection.transaction():
            for table, key, value in (
                ("products", "product_id", product),
                ("stock", "product_id", product),
                ("customers", "customer_id", customer),
            ):
                assert await connection.fetch(f"select 1 from write.{table} where {key} = $1 for update", value)
            async with asyncio.timeout(5):
                assert (await floor.send(looked_at(product, customer))).version == 1


class TestSentAgain:
    async def test_a_command_id_counts_one_view(self, floor: Floor) -> None:
        product, command_id = await floor.product(), new_id()
        sent = [floor.try_to(looked_at(product), command_id=command_id) for _ in range(10)]
        answers = await asyncio.gather(*sent)
        assert isinstance(answers[0], Receipt)
        assert answers == [answers[0]] * 10
        assert await _views(floor, product) == 1
        assert await floor.send(looked_at(product), command_id=command_id) == answers[0]
        assert await _views(floor, product) == 1

    async def test_another_content_needs_another_id(self, floor: Floor) -> None:
        product, customer, command_id = await floor.product(), await floor.customer(), new_id()
        look = looked_at(product)
        await floor.send(look, command_id=command_id)
        for other in (replace(look, product_id=await floor.product()), replace(look, customer_id=customer)):
            await assert_refused(floor, other, CommandIdReused, command_id=command_id)

    async def test_every_report_is_an_aggregate_of_its_own(self, floor: Floor) -> None:
        product, customer = await floor.product(), await floor.customer()
        looks = [looked_at(product, customer) for _ in range(8)]
        receipts = await asyncio.gather(*(floor.send(look) for look in looks))
        assert {receipt.version for receipt in receipts} == {1}
        assert {receipt.aggregate_id for receipt in receipts} == {look.view_id for look in looks}
        assert await _views(floor, product) == 8


async def _views(floor: Floor, product: UUID) -> int:
    found: int = await floor.db.fetchval(
        "select count(*) from write.events where type = 'ProductViewed' and data ->> 'product_id' = $1", str(product)
    )
    return found
