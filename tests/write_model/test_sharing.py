"""Commands that are there at the same time share a transaction, and nothing else: each has its own fate."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Receipt
from tests.write_model.floor import Floor, addition, order_of, registration
from tests.write_model.test_stock import credit_note
from write_model.catalog.commands import ViewProduct
from write_model.catalog.errors import ProductAlreadyAdded, ProductNotFound, SkuAlreadyUsed
from write_model.customers.errors import CustomerAlreadyRegistered, EmailAlreadyRegistered
from write_model.orders.errors import CreditNoteAlreadyRecorded, InsufficientStock, OrderAlreadyPlaced

TRANSACTIONS = "select count(distinct xmin::text) from write.events where position > $1"
HEAD = "select coalesce(max(position), 0) from write.events"


async def at_once(floor: Floor, commands: Sequence[Command]) -> list[Receipt | Exception]:
    return list(await asyncio.gather(*(floor.try_to(each) for each in commands)))


async def test_what_is_there_at_once_is_one_transaction(floor: Floor) -> None:
    customer, products = await floor.customer(), [await floor.product(5) for _ in range(8)]
    before = await floor.db.fetchval(HEAD)
    answers = await at_once(floor, [order_of(customer, [(product, 1)]) for product in products])
    assert {type(each) for each in answers} == {Receipt}
    assert await floor.db.fetchval(TRANSACTIONS, before) == 1
    assert sorted(each.position for each in answers if isinstance(each, Receipt)) == list(range(before + 1, before + 9))


async def test_orders_of_the_same_products_share_one_too(floor: Floor) -> None:
    customer, tea, cup = await floor.customer(), await floor.product(12), await floor.product(12)
    before = await floor.db.fetchval(HEAD)
    orders = [order_of(customer, [(tea, 1), (cup, 2)]), order_of(customer, [(cup, 1), (tea, 2)])] * 4
    answers = await at_once(floor, [replace(each, order_id=new_id()) for each in orders])
    assert {type(each) for each in answers} == {Receipt}
    assert await floor.db.fetchval(TRANSACTIONS, before) == 1
    assert (await floor.on_hand(tea), await floor.on_hand(cup)) == (0, 0)


@dataclass(frozen=True)
class Taken:
    """Commands of one kind, of which one wants what is taken, and how it is refused."""

    refusal: type[Exception]
    make: Callable[[Floor], Awaitable[Callable[[bool], Command]]]


async def skus(floor: Floor) -> Callable[[bool], Command]:
    await floor.send(first := addition())
    return lambda taken: replace(addition(), sku=first.sku) if taken else addition()


async def emails(floor: Floor) -> Callable[[bool], Command]:
    await floor.send(first := registration())
    return lambda taken: replace(registration(), email=first.email.upper()) if taken else registration()


async def products(floor: Floor) -> Callable[[bool], Command]:
    await floor.send(first := addition())
    return lambda taken: replace(addition(), product_id=first.product_id) if taken else addition()


async def customers(floor: Floor) -> Callable[[bool], Command]:
    await floor.send(first := registration())
    return lambda taken: replace(registration(), customer_id=first.customer_id) if taken else registration()


async def orders(floor: Floor) -> Callable[[bool], Command]:
    customer, product = await floor.customer(), await floor.product(100)
    await floor.send(first := order_of(customer, [(product, 1)]))
    return lambda taken: first if taken else order_of(customer, [(product, 1)])


async def notes(floor: Floor) -> Callable[[bool], Command]:
    product = await floor.product()
    await floor.send(first := credit_note(product, 1))
    return lambda taken: first if taken else credit_note(product, 1)


async def views(floor: Floor) -> Callable[[bool], Command]:
    product = await floor.product()
    return lambda lost: ViewProduct(at=now(), view_id=new_id(), product_id=new_id() if lost else product)


@pytest.mark.parametrize(
    "taken",
    [
        Taken(SkuAlreadyUsed, skus),
        Taken(EmailAlreadyRegistered, emails),
        Taken(ProductAlreadyAdded, products),
        Taken(CustomerAlreadyRegistered, customers),
        Taken(OrderAlreadyPlaced, orders),
        Taken(CreditNoteAlreadyRecorded, notes),
        Taken(ProductNotFound, views),
    ],
    ids=lambda taken: taken.refusal.__name__,
)
async def test_one_that_is_refused_does_not_take_the_others_with_it(floor: Floor, taken: Taken) -> None:
    make = await taken.make(floor)
    before = await floor.db.fetchval("select count(*) from write.events")
    wanted = [number == 3 for number in range(8)]
    commands = [make(each) for each in wanted]
    assert isinstance(await floor.try_to(make(False)), Receipt)
    answers = await at_once(floor, commands)
    assert [type(each) for each in answers] == [taken.refusal if each else Receipt for each in wanted]
    assert await floor.db.fetchval("select count(*) from write.events") == before + 1 + 7


async def test_of_those_that_want_too_much_together_as_many_are_filled_as_can_be(floor: Floor) -> None:
    customer, product = await floor.customer(), await floor.product(5)
    answers = await at_once(floor, [order_of(customer, [(product, 1)]) for _ in range(8)])
    assert Counter(map(type, answers)) == {Receipt: 5, InsufficientStock: 3}
    assert await floor.on_hand(product) == 0


async def test_who_waits_for_a_row_waits_alone(floor: Floor) -> None:
    customer, held, free = await floor.customer(), await floor.product(5), [await floor.product(5) for _ in range(4)]
    async with floor.db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("select 1 from write.stock where product_id = $1 for update", held)
        waiting = asyncio.create_task(floor.try_to(order_of(customer, [(free[0], 1), (held, 1)])))
        async with asyncio.timeout(5):
            answers = await at_once(floor, [order_of(customer, [(product, 1)]) for product in free])
        assert {type(each) for each in answers} == {Receipt}
        assert not waiting.done()
        await floor.until_someone_waits()
        await transaction.commit()
    assert isinstance(await waiting, Receipt)
    assert await floor.on_hand(held) == 4
