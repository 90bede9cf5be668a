"""Which events of orders move which products' stock, and by how many pieces: the same for every view of products."""

from collections.abc import Iterable
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.kernel.messages import Recorded
from write_model.orders.events import (
    CreditNoteRecorded,
    ItemsReturned,
    OrderCancelled,
    OrderPlaced,
    PastOrderRecorded,
)

StockMovement = OrderPlaced | PastOrderRecorded | OrderCancelled | ItemsReturned | CreditNoteRecorded

STOCK_MOVEMENTS: Final[tuple[type[StockMovement], ...]] = get_args(StockMovement)


def products_of(recorded: Recorded[Any]) -> Iterable[UUID]:
    """Every product that an order moves; for an event of a product, the product itself."""
    match recorded.event:
        case OrderCancelled(released=moved):
            return {pieces.product_id for pieces in moved}
        case OrderPlaced(items=items) | ItemsReturned(items=items):
            return {item.product_id for item in items}
        case CreditNoteRecorded(items=credited):
            return {item.product_id for item in credited if item.product_id is not None}
        case _:
            return (recorded.aggregate_id,)


def moved(event: StockMovement, product_id: UUID) -> int:
    """How many pieces of the product the event puts on the shelf; negative when it takes them."""
    match event:
        case OrderPlaced():
            return -sum(item.quantity for item in event.items if item.product_id == product_id)
        case OrderCancelled():
            return sum(pieces.quantity for pieces in event.released if pieces.product_id == product_id)
        case ItemsReturned() | CreditNoteRecorded():
            return sum(item.quantity for item in event.items if item.product_id == product_id)
        case _:
            assert_never(event)
