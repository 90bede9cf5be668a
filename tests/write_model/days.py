"""Days of a shop: commands that leave a busy history behind."""

from datetime import timedelta
from decimal import Decimal

from app.kernel.clock import new_id, now
from tests.write_model.floor import LYON, Floor, order_of
from write_model.catalog.commands import CorrectStock, DiscontinueProduct, ReviseProduct, ViewProduct
from write_model.customers.commands import ChangeAddress, Tier, UpgradeCustomer
from write_model.orders.commands import (
    CancelOrder,
    CreditLine,
    DeliverOrder,
    PastCharge,
    PastItem,
    PayOrder,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnedPieces,
    ReturnItems,
    ShipOrder,
)


async def some_more_days(floor: Floor) -> None:
    """Orders that are cancelled, delivered and partly returned, a credit note, and changes to all that they name."""
    customer, one, other = await floor.customer(), await floor.product(20), await floor.product(20, "0.75")
    wanted = [(one, 3), (other, 2), (one, 1)]
    cancelled, returned, _ = [(await floor.send(order_of(customer, wanted))).aggregate_id for _ in range(3)]
    await floor.send(CancelOrder(at=now(), order_id=cancelled, reason="too late"))
    for step in (PayOrder, ShipOrder, DeliverOrder):
        await floor.send(step(at=now(), order_id=returned))
    for pieces in (ReturnedPieces(line=1, quantity=2), ReturnedPieces(line=2, quantity=1)):
        await floor.send(ReturnItems(at=now(), order_id=returned, items=(pieces,)))
    await floor.send(CorrectStock(at=now(), product_id=other, change=-4, reason="broken"))
    revised = ReviseProduct(at=now(), product_id=one, name="Tea", description="", categories=("B", "A"), vendor="V")
    await floor.send(revised)
    credited = CreditLine(product_id=one, description="Tea", quantity=2, unit_price=Decimal(1))
    note = RecordCreditNote(
        at=now(),
        credit_note_id=new_id(),
        reference="C1",
        customer_id=None,
        country="France",
        currency="GBP",
        items=(credited,),
    )
    await floor.send(note)
    await floor.send(DiscontinueProduct(at=now(), product_id=other))
    await floor.send(ChangeAddress(at=now(), customer_id=customer, address=LYON))
    await floor.send(UpgradeCustomer(at=now(), customer_id=customer, tier=Tier.GOLD))


async def older_books(floor: Floor) -> None:
    """A customer's orders of other years, entered in no order, with what came back of them; and what was looked at."""
    customer, products = await floor.customer(), [await floor.product(90, price) for price in ("2.50", "0.75", "9.9")]
    beginning = now() - timedelta(days=1)
    for days in (40, 400, 9, 41, 10, 700):
        at = beginning - timedelta(days=days)
        lines = [PastItem(product_id=each, quantity=days % 7 + 1, unit_price=Decimal("1.25")) for each in products]
        order = RecordPastOrder(
            at=at,
            order_id=new_id(),
            reference=f"I{days}",
            customer_id=customer,
            items=tuple(lines[: days % 3 + 1]),
            charges=(PastCharge(code="POST", description="Postage", amount=Decimal("3.5")),),
            currency="EUR" if days == 9 else "GBP",
            address=LYON,
        )
        await floor.send(order)
        back = (ReturnedPieces(line=1, quantity=1),)
        await floor.send(RecordPastReturn(at=at + timedelta(days=3), order_id=order.order_id, items=back))
        for product_id in products:
            await floor.send(ViewProduct(at=at, view_id=new_id(), product_id=product_id, customer_id=customer))
