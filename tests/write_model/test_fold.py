"""Whatever is asked, in whatever order: the tables equal the fold of the events."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel.clock import new_id, now
from app.kernel.messages import Command, Receipt
from app.kernel.values import Money
from tests.write_model.floor import LEEDS, LYON, Floor, order_of
from tests.write_model.tables import assert_tables_equal_the_fold
from write_model.catalog.commands import ChangePrice, CorrectStock, DiscontinueProduct, ReceiveStock, ReviseProduct
from write_model.customers.commands import ChangeAddress, Tier, UpgradeCustomer
from write_model.orders.commands import (
    CancelOrder,
    DeliverOrder,
    PayOrder,
    ReturnedPieces,
    ReturnItems,
    ShipOrder,
)

USUAL = ["place", "pay", "ship", "deliver", "return", "receive"]
RARE = ["cancel", "correct", "price", "revise", "discontinue", "move", "upgrade"]
STEPS = st.lists(st.tuples(st.sampled_from(USUAL * 4 + RARE), st.integers(0, 9), st.integers(1, 5)), max_size=25)


@dataclass
class Shop:
    """Two products, one customer, and the orders placed so far."""

    customer: UUID
    products: list[UUID]
    orders: list[UUID] = field(default_factory=list)

    def command(self, kind: str, which: int, amount: int) -> Command:
        product = self.products[which % len(self.products)]
        order = self.orders[which % len(self.orders)] if self.orders else new_id()
        make: dict[str, Callable[[], Command]] = {
            "place": lambda: order_of(self.customer, [(product, amount), (self.products[0], 1)]),
            "pay": lambda: PayOrder(at=now(), order_id=order),
            "ship": lambda: ShipOrder(at=now(), order_id=order),
            "deliver": lambda: DeliverOrder(at=now(), order_id=order),
            "cancel": lambda: CancelOrder(at=now(), order_id=order),
            "return": lambda: self.back(order, amount),
            "receive": lambda: ReceiveStock(at=now(), product_id=product, pieces=amount),
            "correct": lambda: CorrectStock(at=now(), product_id=product, change=3 - amount or 1, reason="counted"),
            "price": lambda: ChangePrice(at=now(), product_id=product, price=Money(Decimal(amount), "GBP")),
            "revise": lambda: self.revision(product, amount),
            "discontinue": lambda: DiscontinueProduct(at=now(), product_id=product),
            "move": lambda: ChangeAddress(at=now(), customer_id=self.customer, address=(LEEDS, LYON)[amount % 2]),
            "upgrade": lambda: UpgradeCustomer(at=now(), customer_id=self.customer, tier=list(Tier)[amount % 3]),
        }
        return make[kind]()

    @staticmethod
    def back(order: UUID, amount: int) -> ReturnItems:
        items = (ReturnedPieces(line=1 + amount % 2, quantity=1 + amount // 3),)
        return ReturnItems(at=now(), order_id=order, items=items)

    @staticmethod
    def revision(product: UUID, amount: int) -> ReviseProduct:
        categories = ("Tea", "Garden", "Home")[: amount % 4]
        name = f"Tea {amount % 2}"
        return ReviseProduct(
            at=now(), product_id=product, name=name, description="", categories=categories, vendor=None
        )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_sequence_of_commands_leaves_the_tables_equal_to_the_fold(
    floor: Floor, steps: list[tuple[str, int, int]]
) -> None:
    shop = Shop(await floor.customer(), [await floor.product(4), await floor.product(4)])
    for step in steps:
        command = shop.command(*step)
        if isinstance(await floor.try_to(command), Receipt) and step[0] == "place":
            shop.orders.append(command.aggregate_id)
    assert await assert_tables_equal_the_fold(floor.made, floor.db) >= 3
