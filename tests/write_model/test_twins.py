"""One command under one id, sent to three processes at once and many times: it is carried out once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Receipt
from tests.write_model.crowd import crowd
from tests.write_model.floor import Floor, addition, order_of, registration
from write_model.catalog.commands import CorrectStock, ViewProduct
from write_model.orders.commands import PayOrder


async def sent(floor: Floor, make: Callable[[], Command], **said: Any) -> Receipt:
    """The one receipt that all answers are."""
    command_id, before = new_id(), await floor.db.fetchval("select count(*) from write.events")
    async with crowd(floor, 3) as processes:
        answers = await asyncio.gather(*(each.try_to(make(), command_id=command_id, **said) for each in processes * 8))
    first = answers[0]
    assert isinstance(first, Receipt), first
    assert answers == [first] * 24
    assert await floor.db.fetchval("select count(*) from write.events") == before + 1
    return first


async def test_an_order_for_the_last_pieces(floor: Floor) -> None:
    customer, product = await floor.customer(), await floor.product(3)
    await sent(floor, lambda: order_of(customer, [(product, 3)]))
    assert await floor.on_hand(product) == 0


async def test_a_payment(floor: Floor) -> None:
    customer, product = await floor.customer(), await floor.product(1)
    order = (await floor.send(order_of(customer, [(product, 1)]))).aggregate_id
    assert (await sent(floor, lambda: PayOrder(at=now(), order_id=order), expected_version=1)).version == 2


async def test_a_registration(floor: Floor) -> None:
    first = registration()
    await sent(floor, lambda: replace(first, customer_id=new_id()))


async def test_a_product(floor: Floor) -> None:
    first = addition()
    await sent(floor, lambda: replace(first, product_id=new_id()))


async def test_a_view(floor: Floor) -> None:
    product = await floor.product()
    await sent(floor, lambda: ViewProduct(at=now(), view_id=new_id(), product_id=product))


async def test_a_correction_down_to_nothing(floor: Floor) -> None:
    product = await floor.product(2)
    await sent(floor, lambda: CorrectStock(at=now(), product_id=product, change=-2, reason="broken"))
    assert await floor.on_hand(product) == 0
