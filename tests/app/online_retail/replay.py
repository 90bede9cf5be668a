"""Carries a plan out in memory with the order's own rules, to see that nothing in it would be refused."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.kernel.messages import Command
from app.kernel.values import Address
from app.online_retail.plan import Plan
from tests.app.online_retail.figures import GUEST, Figures
from write_model.catalog.commands import CorrectStock, ReceiveStock, RecordPastProduct
from write_model.customers.commands import RecordPastCustomer
from write_model.orders.aggregate import Order, decide, evolve, record
from write_model.orders.commands import RecordCreditNote, RecordPastOrder, RecordPastReturn
from write_model.orders.events import ItemsReturned, PastOrderRecorded

_LONDON = ZoneInfo("Europe/London")


@dataclass
class _Product:
    sku: str
    name: str
    price: Decimal
    currency: str = "GBP"
    category: str | None = None
    vendor: str | None = None
    on_hand: int = 0
    discontinued: bool = False

    def move(self, change: int) -> None:
        self.on_hand += change
        assert self.on_hand >= 0, self.sku


@dataclass
class _Customer:
    name: str
    address: Address
    email: str | None = None


@dataclass
class Shop:
    """The state that the commands lead to. A refusal is raised, and stock below zero is an AssertionError."""

    products: dict[UUID, _Product] = field(default_factory=dict)
    customers: dict[UUID, _Customer] = field(default_factory=dict)
    orders: dict[UUID, Order] = field(default_factory=dict)
    per_day: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    per_country: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    ordered: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    credited: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def figures(self) -> Figures:
        return Figures(
            orders=len(self.orders),
            revenue_per_day=_with_amounts(self.per_day),
            revenue_per_country=_with_amounts(self.per_country),
            ordered_per_customer=_with_amounts(self.ordered),
            credited_per_customer=_with_amounts(self.credited),
            stock={product.sku: product.on_hand for product in self.products.values()},
        )

    def carry_out(self, command: Command) -> None:
        match command:
            case RecordPastProduct():
                self.products[command.product_id] = _Product(command.sku, command.name, command.price.amount)
            case ReceiveStock():
                self.products[command.product_id].move(command.pieces)
            case CorrectStock():
                self.products[command.product_id].move(command.change)
            case RecordPastCustomer():
                self.customers[command.customer_id] = _Customer(command.name, command.address)
            case RecordPastOrder():
                self._order(command)
            case RecordPastReturn():
                self._return(command)
            case RecordCreditNote():
                self._credit(command)
            case _:
                raise AssertionError(command)

    def _number(self, customer_id: UUID | None) -> str:
        return self.customers[customer_id].name.removeprefix("Customer ") if customer_id else GUEST

    def _order(self, command: RecordPastOrder) -> None:
        offers = {item.product_id: self.products[item.product_id] for item in command.items}
        buyer = self.customers[command.customer_id] if command.customer_id else None
        [event] = record(self.orders.get(command.order_id), command, buyer, offers, zone=_LONDON)
        assert isinstance(event, PastOrderRecorded)
        for item in event.items:
            self.products[item.product_id].move(-item.quantity)
        self.per_day[f"{event.placed_on}"] += event.total
        self.per_country[event.shipping_address.country] += event.total
        self.ordered[self._number(command.customer_id)] += event.total
        self.orders[command.order_id] = evolve(None, event)

    def _return(self, command: RecordPastReturn) -> None:
        order = self.orders[command.order_id]
        [event] = decide(order, command, zone=_LONDON)
        assert isinstance(event, ItemsReturned)
        for item in event.items:
            self.products[item.product_id].move(item.quantity)
        self.credited[self._number(order.customer_id)] += event.refund
        self.orders[command.order_id] = evolve(order, event)

    def _credit(self, command: RecordCreditNote) -> None:
        for item in command.items:
            self.credited[self._number(command.customer_id)] += item.quantity * item.unit_price
            if item.product_id:
                self.products[item.product_id].move(item.quantity)


def replayed(plan: Plan) -> Shop:
    """The shop after all steps, in their order."""
    shop, done = Shop(), set[UUID]()
    for step in plan.steps:
        assert done.issuperset(step.needs), step.key
        shop.carry_out(step.command)
        done.add(step.command_id)
    return shop


def _with_amounts(sums: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {key: amount for key, amount in sums.items() if amount}
