"""Which events of orders move which products' stock, and by how many pieces: the same for every view of products."""

from collections import Counter
from collections.abc import Iterable, Mapping
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
    if isinstance(recorded.event, STOCK_MOVEMENTS):
        return _MOVEMENTS.of(recorded.event)
    return (recorded.aggregate_id,)


def moved(event: StockMovement, product_id: UUID) -> int:
    """How many pieces of the product the event puts on the shelf; negative when it takes them."""
    return _MOVEMENTS.of(event)[product_id]


class _Movements:
    """The movements of the event seen last: each of its products asks, and some orders have hundreds."""

    def __init__(self) -> None:
        self._last: tuple[StockMovement | None, Mapping[UUID, int]] = (None, {})

    def of(self, event: StockMovement) -> Mapping[UUID, int]:
        seen, movements = self._last
        if seen is not event:
            movements = _movements(event)
            self._last = (event, movements)
        return movements


_MOVEMENTS: Final = _Movements()


def _movements(event: StockMovement) -> Mapping[UUID, int]:
    movements: Counter[UUID] = Counter()
    match event:
        case OrderPlaced():
            for ordered in event.items:
                movements[ordered.product_id] -= ordered.quantity
        case OrderCancelled():
            for released in event.released:
                movements[released.product_id] += released.quantity
        case ItemsReturned() | CreditNoteRecorded():
            for back in event.items:
                if back.product_id is not None:
                    movements[back.product_id] += back.quantity
        case _:
            assert_never(event)
    return movements
