"""What the shop does about customers by itself."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from app.kernel.messages import Recorded
from app.kernel.policy import History, Memory, Policy, Turn
from app.kernel.structs import Struct, replace
from app.kernel.view import Change, Entity
from write_model.customers.commands import Tier, UpgradeCustomer
from write_model.customers.events import CustomerUpgraded
from write_model.orders.events import ItemsReturned, OrderCancelled, OrderPaid, OrderPlaced

_RANK: Final = {tier: rank for rank, tier in enumerate(Tier)}


class Bill(Struct, frozen=True, kw_only=True):
    """An order, as far as it is about money: what it comes to less returns, and whether it was paid and kept."""

    order_id: UUID
    customer_id: UUID | None
    currency: str
    amount: Decimal
    paid: bool = False

    def counts_in(self, currency: str) -> Decimal:
        """What the customer has spent with it in a currency."""
        return self.amount if self.paid and self.currency == currency else Decimal(0)


class Custom(Struct, frozen=True, kw_only=True):
    """What a customer has paid in the shop's currency and kept the goods of, and the tier they have come to."""

    customer_id: UUID
    spent: Decimal = Decimal(0)
    tier: Tier = Tier.STANDARD


def bill_after(bill: Bill | None, recorded: Recorded[Any]) -> Bill | None:
    """An order's bill after an event; None for an order from before the shop, which nobody paid here."""
    event = recorded.event
    match event:
        case OrderPlaced():
            return Bill(
                order_id=event.order_id, customer_id=event.customer_id, currency=event.currency, amount=event.total
            )
        case OrderPaid():
            return replace(bill, paid=True) if bill else None
        case OrderCancelled():
            return replace(bill, amount=Decimal(0)) if bill else None
        case ItemsReturned():
            return replace(bill, amount=bill.amount - event.refund) if bill else None
        case _:
            return bill


def upgrade_customers(currency: str, silver_from: int, gold_from: int) -> Policy[Custom]:
    """Raises a customer to the tier that what they have spent in the currency is enough for; 0: nothing is.

    It is looked at whenever a payment comes in, against the tier that the customer has then. So what comes back later
    lowers nobody, and thresholds that were changed hold from the next payment on.
    """
    thresholds = [(Tier.GOLD, gold_from), (Tier.SILVER, silver_from)]

    def earned(custom: Custom) -> Tier:
        return next((tier for tier, least in thresholds if 0 < least <= custom.spent), Tier.STANDARD)

    def evolve(custom: Custom | None, change: Change[Bill], customer_id: UUID) -> Custom:
        custom, event = custom or Custom(customer_id=customer_id), change.recorded.event
        if isinstance(event, CustomerUpgraded):
            return replace(custom, tier=Tier(event.tier))
        before, after = (bill.counts_in(currency) if bill else 0 for bill in (change.before, change.after))
        return replace(custom, spent=custom.spent + after - before)

    def react(turn: Turn[Custom]) -> Iterator[UpgradeCustomer]:
        custom = turn.after
        assert custom is not None
        if isinstance(turn.recorded.event, OrderPaid) and _RANK[earned(custom)] > _RANK[custom.tier]:
            yield UpgradeCustomer(at=turn.recorded.recorded_at, customer_id=custom.customer_id, tier=earned(custom))

    orders = (OrderPlaced, OrderPaid, OrderCancelled, ItemsReturned)
    return Policy(
        name="upgrade_customers",
        handles=(*orders, CustomerUpgraded),
        react=react,
        memory=Memory(
            row=Custom,
            entity=Entity(name="bill", row=Bill, handles=orders, evolve=bill_after),
            keys=_customers,
            evolve=evolve,
        ),
        history=History.REMEMBERED,
    )


def _customers(change: Change[Bill]) -> tuple[UUID, ...]:
    """Whom it is about; nobody, for a guest's order or one that was only placed."""
    if isinstance(change.recorded.event, CustomerUpgraded):
        return (change.recorded.aggregate_id,)
    bill = change.after
    return (bill.customer_id,) if bill and bill.paid and bill.customer_id else ()
