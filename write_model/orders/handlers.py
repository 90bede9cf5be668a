"""Load, decide, save: what the commands to orders do."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from uuid import UUID

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from write_model.orders.aggregate import FollowUp, credit, decide, place, record
from write_model.orders.commands import (
    CancelOrder,
    DeliverOrder,
    ExpireOrder,
    PastItem,
    PayOrder,
    PlaceOrder,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnItems,
    ShipOrder,
    WantedItem,
)
from write_model.orders.errors import BuyerNotFound, ProductNotForSale
from write_model.orders.events import ItemsReturned, OrderCancelled, OrderEvent
from write_model.orders.ports import Buyer, Buyers, Offer, Stock
from write_model.orders.repository import CreditNotes, Orders


class OrderHandlers:
    """The handlers, with their neighbours, each made for one command's work, and where the shop's days begin."""

    def __init__(self, stock: Callable[[Work], Stock], buyers: Callable[[Work], Buyers], zone: tzinfo) -> None:
        self._stock, self._buyers, self._zone = stock, buyers, zone

    async def place_order(self, command: PlaceOrder, work: Work) -> None:
        """Takes the goods from stock and places the order, or refuses and names what is short."""
        if not work.actor.owns(command.customer_id):
            raise BuyerNotFound(command.customer_id)
        orders = Orders(work)
        order = await orders.fresh(command.order_id)
        buyer = await self._buyer(command.customer_id, work)
        stock = self._stock(work)
        offers = await stock.hold({item.product_id for item in command.items})
        events = place(order, command, buyer, offers, zone=self._zone)
        stock.move(_taken(command.items))
        orders.save(command.order_id, order, events)

    async def record_past_order(self, command: RecordPastOrder, work: Work) -> None:
        """Enters an order from older books; its goods leave the stock like any other's."""
        orders = Orders(work)
        order = await orders.fresh(command.order_id)
        buyer = await self._buyer(command.customer_id, work) if command.customer_id else None
        stock = self._stock(work)
        offers = await stock.hold({item.product_id for item in command.items})
        events = record(order, command, buyer, offers, zone=self._zone)
        stock.move(_taken(command.items))
        orders.save(command.order_id, order, events)

    async def follow_up(self, command: FollowUp, work: Work) -> None:
        """Carries out any command to a placed order; cancelled and returned goods go back into stock."""
        orders = Orders(work)
        order = await orders.load(command.order_id)
        events = decide(order, command, zone=self._zone)
        orders.save(command.order_id, order, events)
        if back := _brought_back(events):
            self._stock(work).move(back)

    async def record_credit_note(self, command: RecordCreditNote, work: Work) -> None:
        """Enters a credit note from older books, and puts its goods back into stock."""
        if command.customer_id is not None:
            await self._buyer(command.customer_id, work)
        goods: Counter[UUID] = Counter()
        for item in command.items:
            if item.product_id is not None:
                goods[item.product_id] += item.quantity
        offers = await self._put_back(goods, work)
        CreditNotes(work).save(credit(command, offers, zone=self._zone))

    async def _buyer(self, customer_id: UUID, work: Work) -> Buyer:
        buyer = await self._buyers(work).find(customer_id)
        if buyer is None:
            raise BuyerNotFound(customer_id)
        return buyer

    async def _put_back(self, goods: Counter[UUID], work: Work) -> Mapping[UUID, Offer]:
        if not goods:
            return {}
        stock = self._stock(work)
        held = await stock.hold(set(goods))
        for product_id in goods:
            if product_id not in held:
                raise ProductNotForSale(product_id)
        stock.move(goods)
        return held


def handlers(stock: Callable[[Work], Stock], buyers: Callable[[Work], Buyers], zone: tzinfo) -> Handlers:
    """The handlers of orders, given what the catalog and the customers provide."""
    made = OrderHandlers(stock, buyers, zone)
    follow_ups = (PayOrder, ShipOrder, DeliverOrder, CancelOrder, ExpireOrder, ReturnItems, RecordPastReturn)
    return {
        PlaceOrder: made.place_order,
        RecordPastOrder: made.record_past_order,
        RecordCreditNote: made.record_credit_note,
        **dict.fromkeys(follow_ups, made.follow_up),
    }


def _taken(items: Iterable[WantedItem | PastItem]) -> Counter[UUID]:
    taken: Counter[UUID] = Counter()
    for item in items:
        taken[item.product_id] -= item.quantity
    return taken


def _brought_back(events: list[OrderEvent]) -> Counter[UUID]:
    back: Counter[UUID] = Counter()
    for event in events:
        if isinstance(event, OrderCancelled):
            for piece in event.released:
                back[piece.product_id] += piece.quantity
        elif isinstance(event, ItemsReturned):
            for item in event.items:
                back[item.product_id] += item.quantity
    return back
