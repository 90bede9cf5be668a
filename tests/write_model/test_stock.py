"""Stock under many hands: never oversold, given back, and no deadlock on the way."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from app import bootstrap
from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Receipt
from app.kernel.values import Money
from tests.write_model.floor import LEEDS, Floor, order_of, until
from tests.write_model.tables import assert_tables_equal_the_fold
from write_model.catalog.commands import ChangePrice, CorrectStock, DiscontinueProduct, ReceiveStock
from write_model.catalog.errors import PriceUnchanged, StockWouldGoNegative
from write_model.orders.commands import (
    CancelOrder,
    CreditLine,
    DeliverOrder,
    PastItem,
    PayOrder,
    PlaceOrder,
    RecordCreditNote,
    RecordPastOrder,
    ReturnedPieces,
    ReturnItems,
    ShipOrder,
)
from write_model.orders.errors import InsufficientStock, Shortage

_DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


_BUS_SESSIONS = """
select count(*) from pg_stat_activity where datname = current_database() and application_name = 'counterfoil_command'
"""


async def test_thirty_customers_after_the_last_ten_pieces(floor: Floor) -> None:
    product, customer = await floor.product(10), await floor.customer()
    answers = await asyncio.gather(*(floor.try_to(order_of(customer, [(product, 1)])) for _ in range(30)))
    assert Counter(type(each) for each in answers) == {Receipt: 10, InsufficientStock: 20}
    assert await floor.on_hand(product) == 0


async def test_many_orders_in_any_order_of_products_neither_oversell_nor_deadlock(floor: Floor) -> None:
    """Deliveries and price changes go on meanwhile. Sessions count their deadlocks when they end."""
    chance = random.Random(1)
    products, customer = [await floor.product(16) for _ in range(6)], await floor.customer()
    deadlocks, sessions = await floor.db.fetchval(_DEADLOCKS), await floor.db.fetchval(_BUS_SESSIONS)
    async with bootstrap.commands(floor.made.settings.model_copy(update={"db_pool_size": 16})) as side:
        crowd = replace(floor, side=side)
        orders = [_some_order(chance, customer, products) for _ in range(60)]
        others = [command for product in products for command in _changes(product)] * 3
        commands = chance.sample([*orders, *others], len(orders) + len(others))
        answers = await asyncio.gather(*(crowd.try_to(each) for each in commands))
    outcomes = list(zip(commands, answers, strict=True))
    assert {type(answer) for _, answer in outcomes} == {Receipt, InsufficientStock, PriceUnchanged}
    taken = _taken(command for command, answer in outcomes if isinstance(answer, Receipt))
    for product in products:
        assert await floor.on_hand(product) == 16 + 3 - taken[product] >= 0
    assert await assert_tables_equal_the_fold(floor.made, floor.db) > 30
    await until(lambda: _are_gone(floor, sessions))
    assert await floor.db.fetchval(_DEADLOCKS) == deadlocks


async def _are_gone(floor: Floor, sessions: int) -> bool:
    return bool(await floor.db.fetchval(_BUS_SESSIONS) <= sessions)


def _some_order(chance: random.Random, customer: UUID, products: list[UUID]) -> PlaceOrder:
    return order_of(customer, [(product, chance.randint(1, 2)) for product in chance.sample(products, 4)])


def _changes(product: UUID) -> list[Command]:
    dearer = ChangePrice(at=now(), product_id=product, price=Money(Decimal(3), "GBP"))
    return [ReceiveStock(at=now(), product_id=product, pieces=1), dearer]


def _taken(accepted: Iterable[Command]) -> Counter[UUID]:
    orders = [command for command in accepted if isinstance(command, PlaceOrder)]
    taken: Counter[UUID] = Counter()
    for item in (item for order in orders for item in order.items):
        taken[item.product_id] += item.quantity
    return taken


class TestShortage:
    async def test_everything_that_is_short_is_named_and_nothing_is_taken(self, floor: Floor) -> None:
        plenty, few, none = await floor.product(9), await floor.product(2), await floor.product()
        skus = {row[0]: row[1] for row in await floor.db.fetch("select product_id, sku from write.products")}
        order = order_of(await floor.customer(), [(none, 1), (plenty, 9), (few, 3)])
        before = await floor.contents()
        refused = await floor.try_to(order)
        assert isinstance(refused, InsufficientStock)
        assert refused.shortages == (
            Shortage(product_id=none, sku=skus[none], wanted=1, on_hand=0),
            Shortage(product_id=few, sku=skus[few], wanted=3, on_hand=2),
        )
        assert await floor.contents() == before

    async def test_a_correction_does_not_reach_below_zero(self, floor: Floor) -> None:
        product = await floor.product(2)
        command = CorrectStock(at=now(), product_id=product, change=-2, reason="broken")
        answers = await asyncio.gather(*(floor.try_to(command) for _ in range(5)))
        assert Counter(type(each) for each in answers) == {Receipt: 1, StockWouldGoNegative: 4}
        assert await floor.on_hand(product) == 0


class TestGivingBack:
    async def test_a_cancelled_order_gives_its_pieces_back(self, floor: Floor) -> None:
        one, other = await floor.product(5), await floor.product(5)
        order = await floor.send(order_of(await floor.customer(), [(one, 2), (other, 3), (one, 1)]))
        assert (await floor.on_hand(one), await floor.on_hand(other)) == (2, 2)
        await floor.send(CancelOrder(at=now(), order_id=order.aggregate_id))
        assert (await floor.on_hand(one), await floor.on_hand(other)) == (5, 5)

    async def test_returned_pieces_are_back_on_the_shelf_even_of_what_is_discontinued(self, floor: Floor) -> None:
        product = await floor.product(5)
        order = (await floor.send(order_of(await floor.customer(), [(product, 4)]))).aggregate_id
        for step in (PayOrder, ShipOrder, DeliverOrder):
            await floor.send(step(at=now(), order_id=order))
        await floor.send(DiscontinueProduct(at=now(), product_id=product))
        for quantity, on_hand in ((1, 2), (2, 4)):
            pieces = ReturnedPieces(line=1, quantity=quantity)
            await floor.send(ReturnItems(at=now(), order_id=order, items=(pieces,)))
            assert await floor.on_hand(product) == on_hand
        await assert_tables_equal_the_fold(floor.made, floor.db)

    async def test_older_books_move_the_same_stock(self, floor: Floor) -> None:
        product = await floor.product(5)
        await floor.send(past_order(product, 5))
        assert await floor.on_hand(product) == 0
        assert isinstance(await floor.try_to(past_order(product, 1)), InsufficientStock)
        await floor.send(credit_note(product, 2))
        assert await floor.on_hand(product) == 2


def past_order(product: UUID, quantity: int) -> RecordPastOrder:
    return RecordPastOrder(
        at=now(),
        order_id=new_id(),
        reference="536365",
        customer_id=None,
        items=(PastItem(product_id=product, quantity=quantity, unit_price=Decimal(1)),),
        currency="GBP",
        address=LEEDS,
    )


def credit_note(product: UUID, quantity: int) -> RecordCreditNote:
    line = CreditLine(product_id=product, description="Tea", quantity=quantity, unit_price=Decimal(1))
    money = CreditLine(product_id=None, description="Discount", quantity=1, unit_price=Decimal(5))
    return RecordCreditNote(
        at=now(),
        credit_note_id=new_id(),
        reference="C536379",
        customer_id=None,
        country="France",
        currency="GBP",
        items=(line, money),
    )
